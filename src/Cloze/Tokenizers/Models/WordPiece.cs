using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>Greedy longest-match WordPiece. Immutable, shared between threads.</summary>
/// <remarks>
/// Schuster and Nakajima 2012; tokenizers models/wordpiece. A word of at most 16 ASCII characters is held in two registers and looked up by its exact packed text;
/// most words are one entry and need one probe. Other words go by rolling hash. Where a word is not an entry, a filter says which lengths any entry with the
/// same first three units has, and only those are tried, longest first. Time: O(word length × lengths in the vocabulary), however often a character repeats.
/// </remarks>
internal sealed class WordPiece : ITokenModel
{
    private readonly Vocabulary _vocabulary;
    private readonly PackedTable _packed;
    private readonly PieceLengths _wordLengths, _continuationLengths;
    private readonly ulong _continuationFlag, _prefixHash;
    private readonly int _unknown, _maxInputChars;
    private readonly string _unknownToken, _prefix;
    private readonly ulong[] _powers;

    /// <param name="vocabulary">All entries.</param>
    /// <param name="unknownToken"><c>unk_token</c>; may be missing in the vocabulary as long as no word needs it.</param>
    /// <param name="prefix"><c>continuing_subword_prefix</c>: what entries inside a word begin with.</param>
    /// <param name="maxInputChars"><c>max_input_chars_per_word</c>: longer words are unknown, in code points.</param>
    public WordPiece(Vocabulary vocabulary, string unknownToken, string prefix, int maxInputChars)
    {
        (_vocabulary, _unknownToken, _prefix, _maxInputChars) = (vocabulary, unknownToken, prefix, maxInputChars);
        _unknown = vocabulary.IdOf(unknownToken) ?? -1;
        _continuationFlag = prefix.Length == 0 ? 0 : 0x80UL;
        _packed = new(vocabulary.Entries.Length, vocabulary.Entries.Length / 4);
        _wordLengths = new(vocabulary.MaxLength);
        _continuationLengths = prefix.Length == 0 ? _wordLengths : new(vocabulary.MaxLength);
        foreach (char c in prefix) _prefixHash = _prefixHash * Vocabulary.Multiplier + c + 1;
        _powers = new ulong[Math.Min(vocabulary.MaxLength, 2L * maxInputChars) + 1];
        _powers[0] = 1;
        for (int i = 1; i < _powers.Length; i++) _powers[i] = _powers[i - 1] * Vocabulary.Multiplier;
        Fill();
    }

    public int Count => _vocabulary.Count;

    public int LargestId => _vocabulary.LargestId;

    public int? IdOf(ReadOnlySpan<char> token) => _vocabulary.IdOf(token);

    public string? TokenOf(int id) => _vocabulary.TokenOf(id);

    /// <summary>Enters every entry once: as a word, or without its prefix as a continuation.</summary>
    private void Fill()
    {
        ReadOnlySpan<char> pool = _vocabulary.Pool;
        foreach (VocabularyEntry entry in _vocabulary.Entries)
        {
            int start = entry.Start, length = entry.Length;
            if (entry.Id < 0 || length == 0) continue;
            ulong flag = 0;
            PieceLengths lengths = _wordLengths;
            lengths.Add(pool.Slice(start, length));
            if (_prefix.Length > 0 && length > _prefix.Length && pool.Slice(start, length).StartsWith(_prefix))
            {
                (start, length) = (start + _prefix.Length, length - _prefix.Length);
                flag = _continuationFlag;
                _continuationLengths.Add(pool.Slice(start, length));
            }
            if (length > PackedText.MaxLength) continue;
            (ulong low, ulong high) = PackedText.Load(pool, start);
            if (length <= 8)
            {
                if (PackedText.Key(low, length, out ulong key)) _packed.Add(key | flag, entry.Id);
            }
            else if (PackedText.IsAscii(low) && PackedText.Key(high, length - 8, out ulong key))
            {
                _packed.Add(low | flag, key, entry.Id);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Tokenize(ReadOnlySpan<char> text, ReadOnlySpan<Split> splits, int origin, int word, int step, TokenSink sink)
    {
        PackedTable packed = _packed;
        int limit = _maxInputChars >= PackedText.MaxLength ? text.Length - PackedText.MaxLength : -1; // the last place from which 16 units can be read
        char prefix = _prefix.Length > 0 ? _prefix[0] : '\0'; // a word that begins like a continuation stands in the table under its full text only
        for (int i = 0; i < splits.Length; i++, word += step)
        {
            Split split = splits[i];
            int start = split.Start, length = split.End - start;
            sink.StartWord(origin + start, word);
            if (start <= limit && length <= PackedText.MaxLength && text[start] != prefix)
            {
                (ulong low, ulong high) = PackedText.Load(text, start);
                if (length <= 8)
                {
                    if (PackedText.Key(low, length, out ulong key))
                    {
                        int id = packed.Find(key);
                        if (id >= 0) sink.Add(id, 0, length);
                        else PackedPieces(text, start, length, low, high, sink);
                        continue;
                    }
                }
                else if (PackedText.IsAscii(low) && PackedText.Key(high, length - 8, out ulong key))
                {
                    int id = packed.Find(low, key);
                    if (id >= 0) sink.Add(id, 0, length);
                    else PackedPieces(text, start, length, low, high, sink);
                    continue;
                }
            }
            Word(text.Slice(start, length), sink);
        }
    }

    /// <summary>Longest match over a word of at most 16 ASCII characters that is held in two registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackedPieces(ReadOnlySpan<char> text, int at, int count, ulong low, ulong high, TokenSink sink)
    {
        int saved = sink.Count;
        PieceLengths lengths = _wordLengths;
        ulong flag = 0;
        for (int start = 0; start < count; lengths = _continuationLengths, flag = _continuationFlag)
        {
            int length = 0, id = -1;
            for (ulong mask = lengths.Of(text.Slice(at + start, count - start), out int candidate); candidate != 0; candidate = PieceLengths.Next(ref mask, candidate))
            {
                if (candidate <= 8)
                {
                    PackedText.Key(low, candidate, out ulong key);
                    id = _packed.Find(key | flag);
                }
                else
                {
                    PackedText.Key(high, candidate - 8, out ulong key);
                    id = _packed.Find(low | flag, key);
                }
                if (id < 0) continue;
                length = candidate;
                break;
            }

            if (length == 0)
            {
                sink.Rewind(saved);
                Unknown(text.Slice(at, count), sink);
                return;
            }
            sink.Add(id, start, length);
            start += length;
            if (length >= 8) (low, high, length) = (high, 0, length - 8);
            if (length > 0) (low, high) = (low >> 8 * length | high << 64 - 8 * length, high >> 8 * length);
        }
    }

    /// <summary>A word of any characters and any length.</summary>
    private void Word(ReadOnlySpan<char> word, TokenSink sink)
    {
        if (word.Length > _maxInputChars && (word.Length > 2L * _maxInputChars || CodePoints(word) > _maxInputChars))
        {
            Unknown(word, sink);
            return;
        }

        Span<ulong> prefixes = sink.Scratch(word.Length + 1); // hash of the first i units
        prefixes[0] = 0;
        for (int i = 0; i < word.Length; i++) prefixes[i + 1] = prefixes[i] * Vocabulary.Multiplier + word[i] + 1;
        int saved = sink.Count;
        for (int start = 0; start < word.Length;)
        {
            int length = Longest(word, start, prefixes, out int id);
            if (length == 0)
            {
                sink.Rewind(saved);
                Unknown(word, sink);
                return;
            }
            sink.Add(id, start, length);
            start += length;
        }
    }

    /// <summary>The longest entry at <paramref name="start"/>, in UTF-16 units; 0: none.</summary>
    private int Longest(ReadOnlySpan<char> word, int start, ReadOnlySpan<ulong> prefixes, out int id)
    {
        ReadOnlySpan<char> head = start == 0 ? default : _prefix;
        ulong headHash = start == 0 ? 0 : _prefixHash;
        PieceLengths lengths = start == 0 ? _wordLengths : _continuationLengths;
        ReadOnlySpan<char> rest = word[start..];
        for (ulong mask = lengths.Of(rest, out int length); length != 0; length = PieceLengths.Next(ref mask, length))
        {
            ulong hash = prefixes[start + length] - prefixes[start] * _powers[length];
            id = _vocabulary.Find(headHash * _powers[length] + hash, head, rest[..length]);
            if (id >= 0) return length;
        }
        id = -1;
        return 0;
    }

    private void Unknown(ReadOnlySpan<char> word, TokenSink sink)
    {
        if (_unknown < 0)
            throw new TokenizerException($"A word has no pieces in the WordPiece vocabulary, and its unknown token {_unknownToken} is not there either. Add {_unknownToken} to the vocabulary.");
        sink.Add(_unknown, 0, word.Length);
    }

    private static int CodePoints(ReadOnlySpan<char> word)
    {
        int count = 0;
        foreach (char c in word) count += char.IsLowSurrogate(c) ? 0 : 1;
        return count;
    }
}
