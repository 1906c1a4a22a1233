using System.Buffers.Binary;

namespace Cloze.Tests.Tokenizers;

/// <summary>Writes small SentencePiece models, field by field.</summary>
internal sealed class SentencePieceBuilder
{
    public const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4;

    private readonly List<byte> _file = [];

    public SentencePieceBuilder Piece(string text, float score, int type = Normal)
    {
        byte[] bits = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bits, score);
        return Field(1, [.. Bytes(1, System.Text.Encoding.UTF8.GetBytes(text)), 2 << 3 | 5, .. bits, 3 << 3, (byte)type]);
    }

    /// <param name="unknown">unk_id.</param>
    /// <param name="modelType">1 Unigram, 2 BPE.</param>
    public SentencePieceBuilder Trainer(int unknown, int modelType = 1) => Field(2, [3 << 3, (byte)modelType, .. Number(40 << 3), (byte)unknown]);

    public SentencePieceBuilder Field(int number, byte[] content)
    {
        _file.AddRange(Bytes(number, content));
        return this;
    }

    public byte[] Build() => [.. _file];

    /// <summary>The pieces of an ALBERT-like model: special tokens, letters, a number with a comma.</summary>
    public static SentencePieceBuilder Albert() => new SentencePieceBuilder()
        .Piece("<pad>", 0, Control).Piece("<unk>", 0, Unknown).Piece("[CLS]", 0, Control).Piece("[SEP]", 0, Control).Piece("[MASK]", 0, Control).Piece("(", 0, UserDefined)
        .Piece("▁", -2).Piece("▁the", -3).Piece("▁1,", -4).Piece("▁1", -5).Piece(",", -6).Piece("é", -7).Piece("e", -8).Piece("T", -9).Piece("h", -9).Trainer(1);

    private static byte[] Bytes(int number, byte[] content) => [.. Number(number << 3 | 2), .. Number(content.Length), .. content];

    private static List<byte> Number(int value)
    {
        List<byte> bytes = [];
        for (; value >= 128; value >>= 7) bytes.Add((byte)(value & 127 | 128));
        bytes.Add((byte)value);
        return bytes;
    }
}
