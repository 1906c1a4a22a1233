using System.Text;

namespace Cloze.Tokenizers;

/// <summary>Options of a BPE model, as tokenizer.json names them.</summary>
/// <param name="UnknownToken"><c>unk_token</c>; null: what is unknown is dropped.</param>
/// <param name="Prefix"><c>continuing_subword_prefix</c>: what characters behind the first of a word begin with.</param>
/// <param name="Suffix"><c>end_of_word_suffix</c>: what the last character of a word ends with.</param>
/// <param name="FusesUnknown"><c>fuse_unk</c>: neighbours that are unknown are one token.</param>
/// <param name="ByteFallback"><c>byte_fallback</c>: an unknown character becomes its bytes, as <c>&lt;0xNN&gt;</c>.</param>
/// <param name="IgnoresMerges"><c>ignore_merges</c>: a word that is an entry is that token.</param>
internal sealed record BpeOptions(
    string? UnknownToken = null, string Prefix = "", string Suffix = "", bool FusesUnknown = false, bool ByteFallback = false, bool IgnoresMerges = false);

/// <summary>Byte-pair encoding. Immutable, shared between threads.</summary>
/// <remarks>
/// Sennrich et al. 2016, arXiv:1508.07909; tokenizers models/bpe/model.rs and word.rs. Byte-level models read the bytes of raw text, so that no text is written in
/// GPT-2's letters. Words seen lately come from a <see cref="WordCache"/>.
/// </remarks>
internal sealed class Bpe : IWordModel
{
    /// <summary>Characters of a word beyond which only its beginning is read where a text is truncated.</summary>
    private const int LongWord = 1 << 14;

    private readonly Vocabulary _vocabulary;
    private readonly BpeOptions _options;
    private readonly BpeMerging _merging;
    private readonly bool _readsBytes, _isPlain;
    private readonly int[] _letterIds = new int[256], _fallbackIds = new int[256], _asciiIds = new int[128];
    private readonly int _unknown;

    /// <param name="vocabulary">All entries.</param>
    /// <param name="merges">Pairs of their ids.</param>
    /// <param name="options">The model's options.</param>
    /// <param name="readsBytes">Words are raw text, and the vocabulary holds GPT-2's letter of every byte (<see cref="HasAllLetters"/>).</param>
    public Bpe(Vocabulary vocabulary, PairTable merges, BpeOptions options, bool readsBytes)
    {
        (_vocabulary, _options, _merging, _readsBytes) = (vocabulary, options, new(merges), readsBytes);
        _isPlain = options.Prefix.Length == 0 && options.Suffix.Length == 0;
        for (int b = 0; b < 256; b++) _letterIds[b] = vocabulary.IdOf([ByteAlphabet.LetterOf((byte)b)]) ?? -1;
        if (options.ByteFallback)
            for (int b = 0; b < 256; b++) _fallbackIds[b] = vocabulary.IdOf($"<0x{b:X2}>") ?? -1;
        for (int c = 0; c < 128; c++) _asciiIds[c] = vocabulary.IdOf([(char)c]) ?? -1;
        _unknown = options.UnknownToken is { } unknown ? vocabulary.IdOf(unknown) ?? -1 : -1;
    }

    public int Count => _vocabulary.Count;

    public int LargestId => _vocabulary.LargestId;

    public int? IdOf(ReadOnlySpan<char> token) => _vocabulary.IdOf(token);

    public string? TokenOf(int id) => _vocabulary.TokenOf(id);

    /// <summary>Whether the vocabulary holds GPT-2's letter of every byte that occurs in UTF-8, so that bytes can be read without writing letters.</summary>
    public static bool HasAllLetters(Vocabulary vocabulary)
    {
        for (int b = 0; b < 256; b++)
            if (b is not (0xC0 or 0xC1 or > 0xF4) && vocabulary.IdOf([ByteAlphabet.LetterOf((byte)b)]) is null) return false;
        return true;
    }

    public void Tokenize(ReadOnlySpan<char> text, ReadOnlySpan<Split> splits, int origin, int word, int step, TokenSink sink) =>
        CachedWords.Tokenize(this, text, splits, origin, word, step, sink);

    public void Tokenize(ReadOnlySpan<char> chars, TokenSink sink)
    {
        if (_options.IgnoresMerges && Whole(chars, sink) is { } whole)
        {
            sink.Add(whole, 0, chars.Length);
            return;
        }
        if (chars.Length > 2 * LongWord && sink.Limit < int.MaxValue && TryBeginning(chars, sink)) return;
        Symbols(chars, chars.Length, sink.Bpe);
        _merging.Run(sink.Bpe, chars, sink);
    }

    /// <summary>The first tokens of a long word, as many as the sink asks for, where its end cannot change them.</summary>
    private bool TryBeginning(ReadOnlySpan<char> chars, TokenSink sink)
    {
        for (int length = LongWord; length <= chars.Length / 2; length *= 4)
        {
            Symbols(chars, char.IsHighSurrogate(chars[length - 1]) ? length - 1 : length, sink.Bpe);
            if (_merging.RunBeginning(sink.Bpe, chars, sink, chars.Length - length) is { } isDone) return isDone;
        }
        return false;
    }

    /// <summary>The symbols of a word up to <paramref name="end"/>.</summary>
    private void Symbols(ReadOnlySpan<char> chars, int end, BpeWord word)
    {
        if (_readsBytes) Bytes(chars[..end], word);
        else Characters(chars, end, word);
    }

    private int? Whole(ReadOnlySpan<char> chars, TokenSink sink)
    {
        if (!_readsBytes) return _vocabulary.IdOf(chars);
        if (chars.Length > _vocabulary.MaxLength) return null;
        Span<byte> bytes = sink.Bpe.Bytes(chars.Length * 3);
        int count = System.Text.Encoding.UTF8.GetBytes(chars, bytes);
        if (count > _vocabulary.MaxLength) return null;
        Span<char> letters = System.Runtime.InteropServices.MemoryMarshal.Cast<ulong, char>(sink.Scratch(count / 4 + 1))[..count];
        for (int i = 0; i < count; i++) letters[i] = ByteAlphabet.LetterOf(bytes[i]);
        return _vocabulary.IdOf(letters);
    }

    /// <summary>A symbol a byte.</summary>
    private void Bytes(ReadOnlySpan<char> chars, BpeWord word)
    {
        int count = System.Text.Encoding.UTF8.GetByteCount(chars);
        Span<byte> bytes = word.Bytes(count);
        System.Text.Encoding.UTF8.GetBytes(chars, bytes);
        word.Start(count);
        foreach (byte value in bytes[..count]) word.Add(_letterIds[value], 1);
    }

    /// <summary>A symbol a code point, with prefix and suffix; what is unknown becomes bytes, the unknown token, or nothing.</summary>
    private void Characters(ReadOnlySpan<char> chars, int end, BpeWord word)
    {
        long most = end;
        if (_options.ByteFallback) most = 3L * (end + (long)_options.Prefix.Length * end + _options.Suffix.Length);
        word.Start((int)Math.Min(most, Array.MaxLength));
        int unknown = 0; // bytes of unknown characters that wait to become one token
        for (int i = 0; i < end;)
        {
            int at = i, id;
            int codePoint = UnicodeData.Next(chars, ref i), bytes = new Rune(codePoint).Utf8SequenceLength;
            ReadOnlySpan<char> symbol = default;
            if (_isPlain && codePoint < 128) id = _asciiIds[codePoint];
            else id = _vocabulary.IdOf(symbol = Symbol(chars, at, i, word)) ?? -1;
            if (id >= 0)
            {
                Flush(word, ref unknown);
                word.Add(id, bytes);
            }
            else if (!_options.ByteFallback || !TryFallBack(symbol.IsEmpty ? chars[at..i] : symbol, word)) // what waits goes on waiting, as in the reference
            {
                Unknown(chars[at..i], bytes, word, ref unknown);
            }
        }
        if (end == chars.Length) Flush(word, ref unknown); // else more may wait behind it
    }

    private ReadOnlySpan<char> Symbol(ReadOnlySpan<char> chars, int start, int end, BpeWord word)
    {
        if (_isPlain) return chars[start..end];
        ReadOnlySpan<char> prefix = start == 0 ? "" : _options.Prefix, suffix = end == chars.Length ? _options.Suffix : "";
        Span<char> symbol = word.Symbol(prefix.Length + end - start + suffix.Length);
        prefix.CopyTo(symbol);
        chars[start..end].CopyTo(symbol[prefix.Length..]);
        suffix.CopyTo(symbol[(prefix.Length + end - start)..]);
        return symbol;
    }

    private bool TryFallBack(ReadOnlySpan<char> symbol, BpeWord word)
    {
        Span<byte> bytes = word.Bytes(3 * symbol.Length);
        bytes = bytes[..System.Text.Encoding.UTF8.GetBytes(symbol, bytes)];
        foreach (byte value in bytes)
            if (_fallbackIds[value] < 0) return false;
        foreach (byte value in bytes) word.Add(_fallbackIds[value], 1);
        return true;
    }

    private void Unknown(ReadOnlySpan<char> character, int bytes, BpeWord word, ref int waiting)
    {
        if (_options.UnknownToken is null) return; // dropped; later offsets lag behind by its bytes, as in the reference
        if (_unknown < 0)
            throw new TokenizerException($"\"{character}\" is not in the BPE vocabulary, and its unknown token {_options.UnknownToken} is not there either. Add {_options.UnknownToken} to the vocabulary.");
        if (!_options.FusesUnknown) Flush(word, ref waiting);
        waiting += bytes;
    }

    private void Flush(BpeWord word, ref int waiting)
    {
        if (waiting > 0) word.Add(_unknown, waiting);
        waiting = 0;
    }
}
