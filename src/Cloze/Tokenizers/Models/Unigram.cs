using System.Text;

namespace Cloze.Tokenizers;

/// <summary>The unigram language model: the segmentation of a pre-token with the greatest sum of scores. Immutable, shared between threads.</summary>
/// <remarks>
/// Kudo 2018, arXiv:1804.10959; tokenizers models/unigram/model.rs, encode_optimized: sums in double, a later path must be better to win, neighbouring unknowns are one
/// token. Time: O(length × matches at a place). Long pre-tokens are cut where all best paths meet, so buffers stay small where they do; sums are carried on, so that they
/// round as the reference's do.
/// </remarks>
internal sealed class Unigram : IWordModel
{
    private const double UnknownPenalty = 10;
    private const int Block = 4096; // units between two looks at whether paths meet

    private readonly char[] _pool;
    private readonly VocabularyEntry[] _pieces;
    private readonly PieceTrie _trie;
    private readonly int _unknown;
    private readonly double _unknownScore = double.PositiveInfinity;
    private readonly int[]? _byteIds;

    /// <param name="pool">Texts of the pieces.</param>
    /// <param name="pieces">Where they lie; the place in this list is the id.</param>
    /// <param name="scores">By id, finite.</param>
    /// <param name="unknown"><c>unk_id</c>; null: a text with unknown characters is refused.</param>
    /// <param name="byteFallback"><c>byte_fallback</c>: unknown characters become &lt;0xNN&gt; pieces where all are there.</param>
    public Unigram(char[] pool, VocabularyEntry[] pieces, double[] scores, int? unknown, bool byteFallback)
    {
        (_pool, _pieces, _unknown) = (pool, pieces, unknown ?? -1);
        foreach (double score in scores) _unknownScore = Math.Min(_unknownScore, score);
        _unknownScore -= UnknownPenalty;
        _trie = new(pool, pieces, scores);
        if (!byteFallback) return;
        _byteIds = new int[256];
        for (int b = 0; b < 256; b++) _byteIds[b] = _trie.Find($"<0x{b:X2}>");
    }

    public int Count => _pieces.Length;

    public int LargestId => _pieces.Length - 1;

    /// <summary>A piece that has an equal one before it, whose place it takes; null: there is none.</summary>
    public int? Repeated => _trie.Repeated;

    public int? IdOf(ReadOnlySpan<char> token) => _trie.Find(token) is >= 0 and int id ? id : null;

    public string? TokenOf(int id) => (uint)id < (uint)_pieces.Length ? Text(id).ToString() : null;

    public void Tokenize(ReadOnlySpan<char> text, ReadOnlySpan<Split> splits, int origin, int word, int step, TokenSink sink) =>
        CachedWords.Tokenize(this, text, splits, origin, word, step, sink);

    public void Tokenize(ReadOnlySpan<char> word, TokenSink sink)
    {
        UnigramPaths paths = sink.Unigram;
        int origin = 0, block = Block, unknownFrom = -1; // places in the buffer are relative to origin
        paths.Start(Places(word.Length, block));
        for (int start = 0; start < word.Length;)
        {
            if (start - origin >= block)
            {
                int end = Math.Min(word.Length, start + _trie.Longest) - origin, meeting = paths.Meeting(start - origin, end);
                if (meeting > 0)
                {
                    Write(word, origin, meeting, ref unknownFrom, paths, sink);
                    if (sink.Count >= sink.Limit) return; // what follows cannot change these
                    paths.Shift(meeting, end);
                    origin += meeting;
                }
                block = Math.Max(Block, (start - origin) * 2);
                paths.Reserve(Places(word.Length - origin, block));
            }
            start += Extend(word, start, origin, paths);
        }
        Write(word, origin, word.Length - origin, ref unknownFrom, paths, sink);
        if (unknownFrom >= 0) AddUnknown(word, unknownFrom, word.Length, sink);
    }

    /// <summary>Places up to where a look at the paths may see: the character that crosses the end of a block may have two units, and a piece begins behind it.</summary>
    private int Places(int rest, int block) => Math.Min(rest, block + 1 + _trie.Longest) + 1;

    /// <summary>Relaxes all pieces that begin at <paramref name="start"/>; returns the units of the character there.</summary>
    private int Extend(ReadOnlySpan<char> word, int start, int origin, UnigramPaths paths)
    {
        Span<UnigramPaths.Step> steps = paths.Steps[(start - origin)..];
        ReadOnlySpan<ushort> codes = _trie.Codes;
        ReadOnlySpan<PieceTrie.Unit> units = _trie.Units;
        double here = steps[0].Score;
        ReadOnlySpan<char> rest = word[start..];
        int width = char.IsHighSurrogate(rest[0]) && rest.Length > 1 ? 2 : 1, next = units[0].Base;
        bool isSingle = false;
        for (int i = 0; i < rest.Length; i++)
        {
            int code = codes[rest[i]], node = next + code;
            if (code == 0) break;
            ref readonly PieceTrie.Unit unit = ref units[node];
            if (unit.Code != code) break;
            next = unit.Base;
            if (!unit.IsPiece) continue;
            steps[i + 1].Relax(here + unit.Score, i + 1, node);
            isSingle |= i + 1 == width;
        }
        if (isSingle) return width;
        if (_unknown < 0) throw new TokenizerException($"The character {rest[..width]} has no piece in the Unigram vocabulary, which has no unknown piece. Give the model a unk_id.");
        steps[width].Relax(here + _unknownScore, width, UnigramPaths.Unknown);
        return width;
    }

    /// <summary>Backwards along the best path to a place, then out in order; unknowns at the end wait for what follows.</summary>
    private void Write(ReadOnlySpan<char> word, int origin, int length, ref int unknownFrom, UnigramPaths paths, TokenSink sink)
    {
        ReadOnlySpan<UnigramPaths.Step> steps = paths.Steps;
        foreach (int end in paths.Backwards(length))
        {
            UnigramPaths.Step step = steps[end];
            int start = origin + end - step.Length;
            if (step.Node == UnigramPaths.Unknown || _trie.IdAt(step.Node) == _unknown)
            {
                if (unknownFrom < 0) unknownFrom = start;
                continue;
            }
            if (unknownFrom >= 0) AddUnknown(word, unknownFrom, start, sink);
            unknownFrom = -1;
            sink.Add(_trie.IdAt(step.Node), start, step.Length);
        }
    }

    /// <summary>A run of unknown characters; together they may be a piece all the same.</summary>
    private void AddUnknown(ReadOnlySpan<char> word, int start, int end, TokenSink sink)
    {
        ReadOnlySpan<char> text = word[start..end];
        if (_trie.Find(text) is >= 0 and int known)
        {
            sink.Add(known, start, text.Length);
            return;
        }
        if (_byteIds is not null && AddBytes(text, start, sink)) return;
        sink.AddSurface(text);
        sink.Add(_unknown, start, text.Length);
    }

    /// <summary>A piece for each byte, each with the place of the whole; false: one is missing, and nothing was added.</summary>
    private bool AddBytes(ReadOnlySpan<char> text, int start, TokenSink sink)
    {
        int first = sink.Count;
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
            {
                if (_byteIds![value] < 0)
                {
                    sink.Rewind(first);
                    return false;
                }
                sink.Add(_byteIds[value], start, text.Length);
            }
        }
        return true;
    }

    private ReadOnlySpan<char> Text(int id) => _pool.AsSpan(_pieces[id].Start, _pieces[id].Length);
}
