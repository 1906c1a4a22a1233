using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Cloze.Tokenizers;

/// <summary>What a piece of a SentencePiece model is for.</summary>
internal enum PieceType { Normal = 1, Unknown, Control, UserDefined, Unused, Byte }

/// <summary>A SentencePiece .model file: the message ModelProto of sentencepiece_model.proto, as far as tokenizing needs it.</summary>
/// <remarks>Fields of other numbers are passed over, as protobuf does. What SentencePiece itself would not load is refused.</remarks>
internal sealed class SentencePieceFile
{
    private const int UnigramModel = 1, BpeModel = 2;

    private readonly string _path;
    private VocabularyEntry[] _pieces = new VocabularyEntry[64];
    private PieceType[] _types = new PieceType[64];
    private float[] _scores = new float[64];
    private int _length, _unknowns;
    private int _modelType = UnigramModel;
    private bool _hasTrainer;

    private SentencePieceFile(string path, int bytes) => (_path, Pool) = (path, new char[bytes]); // no more units than bytes

    /// <summary>Texts of the pieces.</summary>
    public char[] Pool { get; }

    /// <summary>Units of <see cref="Pool"/> in use.</summary>
    public int PoolLength => _length;

    /// <summary>The pieces in the file's order, which is that of their ids.</summary>
    public ReadOnlySpan<VocabularyEntry> Pieces => _pieces.AsSpan(0, Count);

    public int Count { get; private set; }

    /// <summary><c>trainer_spec.unk_id</c>.</summary>
    public int UnknownId { get; private set; }

    /// <summary><c>normalizer_spec.precompiled_charsmap</c>; empty: none.</summary>
    public byte[] Charsmap { get; private set; } = [];

    /// <summary><c>normalizer_spec.add_dummy_prefix</c>.</summary>
    public bool AddDummyPrefix { get; private set; } = true;

    public PieceType TypeOf(int id) => _types[id];

    public float ScoreOf(int id) => _scores[id];

    public ReadOnlySpan<char> TextOf(int id) => Pool.AsSpan(_pieces[id].Start, _pieces[id].Length);

    /// <exception cref="TokenizerException">It is no such file, broken, or a model of another kind than Unigram.</exception>
    public static SentencePieceFile Read(string path)
    {
        byte[] bytes = TokenizerBytes.Read(path);
        SentencePieceFile file = new(path, bytes.Length);
        ProtobufReader model = new(bytes, path, "");
        while (model.Next())
        {
            if (model.Field == 1) file.ReadPiece(model.Message("pieces"));
            else if (model.Field == 2) file.ReadTrainer(model.Message("trainer_spec"));
            else if (model.Field == 3) file.ReadNormalizer(model.Message("normalizer_spec"));
        }
        file.Check();
        return file;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadPiece(ProtobufReader message)
    {
        (int start, float score, PieceType type) = (_length, 0, PieceType.Normal);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    _length = start;
                    ReadText(message.Bytes());
                    break;
                case 2:
                    score = message.Float();
                    break;
                case 3:
                    ulong number = message.Number();
                    if (number is < (ulong)PieceType.Normal or > (ulong)PieceType.Byte) throw Broken($"piece {Count} has the type {number}; types are 1 to 6");
                    type = (PieceType)number;
                    break;
            }
        }
        if (_length == start) throw Broken($"piece {Count} is empty");
        if (!float.IsFinite(score)) throw Broken($"piece {Count} has a score that is no finite number");
        if (Count == _pieces.Length)
        {
            Array.Resize(ref _pieces, Count * 2);
            Array.Resize(ref _types, Count * 2);
            Array.Resize(ref _scores, Count * 2);
        }
        (_pieces[Count], _types[Count], _scores[Count]) = (new(start, _length - start, Count), type, score);
        _unknowns += type == PieceType.Unknown ? 1 : 0;
        Count++;
    }

    /// <summary>Appends a text to the pool; pieces are short and mostly ASCII, for which a call to the runtime's converter costs more than the loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadText(ReadOnlySpan<byte> utf8)
    {
        Span<char> pool = Pool;
        for (int i = 0; i < utf8.Length;)
        {
            if (utf8[i] < 128)
            {
                pool[_length++] = (char)utf8[i++];
                continue;
            }
            if (Rune.DecodeFromUtf8(utf8[i..], out Rune rune, out int bytes) != OperationStatus.Done) throw Broken($"piece {Count} is not UTF-8");
            _length += rune.EncodeToUtf16(pool[_length..]);
            i += bytes;
        }
    }

    private void ReadTrainer(ProtobufReader message)
    {
        _hasTrainer = true;
        while (message.Next())
        {
            if (message.Field == 3) _modelType = (int)message.Number();
            else if (message.Field == 40) UnknownId = (int)message.Number();
        }
    }

    private void ReadNormalizer(ProtobufReader message)
    {
        while (message.Next())
        {
            if (message.Field == 2) Charsmap = message.Bytes().ToArray();
            else if (message.Field == 3) AddDummyPrefix = message.Number() != 0;
        }
    }

    private void Check()
    {
        if (_unknowns != 1) throw Broken($"it has {_unknowns} pieces of the type unknown; exactly one is needed");
        if (!_hasTrainer) throw Broken("it has no trainer_spec; it may be cut");
        if (_modelType != UnigramModel)
            throw new TokenizerException($"{_path}: trainer_spec.model_type is {(_modelType == BpeModel ? "2 (BPE)" : _modelType)}, which is not supported; supported: 1 (Unigram). "
                + "Save the tokenizer as tokenizer.json with the library that made it.");
        if ((uint)UnknownId >= (uint)Count) throw Broken($"trainer_spec.unk_id is {UnknownId}; it has {Count} pieces");
    }

    private TokenizerException Broken(string what) => new($"{_path} is not a SentencePiece model: {what}. Fetch the file again.");
}
