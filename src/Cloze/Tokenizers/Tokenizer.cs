namespace Cloze.Tokenizers;

/// <summary>Turns text into token ids with offsets, and back, exactly as the reference library (Hugging Face tokenizers) does. Immutable; safe for concurrent use.</summary>
/// <remarks>A lone surrogate in a text counts as U+FFFD, one UTF-16 unit. Offsets are UTF-16 units of the text as it was given; <see cref="CodePointMap"/> makes code points of them.</remarks>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly TextPipeline _pipeline;
    private readonly EncodingBuilder _builder;
    private readonly ITokenModel _model;
    private readonly IDecoder? _decoder;
    private readonly Dictionary<int, AddedToken> _addedById = [];
    private readonly Dictionary<string, int> _addedIds = [];
    private readonly WorkspacePool _workspaces = new();

    internal Tokenizer(TokenizerParts parts)
    {
        (_parts, _model, _decoder) = (parts, parts.Model, parts.Decoder);
        foreach (AddedToken token in parts.AddedTokens)
        {
            _addedById.TryAdd(token.Id, token);
            _addedIds.TryAdd(token.Content, token.Id);
            if (token.Content is "[MASK]" or "<mask>" && parts.MaskToken is null) MaskToken ??= token.Content;
        }
        MaskToken ??= parts.MaskToken;
        _pipeline = new(parts.Normalizer, new(parts.PreTokenizers), parts.Model, parts.AddedTokens);
        _builder = new(this, parts.Template.WithSurfaces(TokenOf));
        FileSettings = new() { Truncation = parts.Truncation, Padding = parts.Padding, ReturnOverflow = true };
    }

    /// <summary>The truncation and padding that tokenizer.json carries; they count only where they are passed on as options.</summary>
    public EncodeOptions FileSettings { get; }

    /// <summary>The token that stands for a gap: <c>mask_token</c> of tokenizer_config.json, or the added token [MASK] or &lt;mask&gt; of tokenizer.json; null: there is none.</summary>
    public string? MaskToken { get; }

    /// <summary>How many different tokens there are, added tokens included.</summary>
    public int VocabularySize
    {
        get
        {
            int size = _model.Count;
            foreach (string content in _addedIds.Keys) size += _model.IdOf(content) is null ? 1 : 0;
            return size;
        }
    }

    /// <summary>The largest id that a text can give; −1: there is no token.</summary>
    internal int LargestId => Math.Max(_model.LargestId, _addedById.Keys.Append(-1).Max());

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">A folder with tokenizer.json (which decides) or with original files (vocab.txt; vocab.json and merges.txt; a SentencePiece .model) and, beside them, tokenizer_config.json; or a tokenizer.json, vocab.txt or .model.</param>
    /// <exception cref="TokenizerException">There is no tokenizer, it is broken, or it asks for what is not supported; the message says which file, what was found, and what to do.</exception>
    public static Tokenizer Load(string path) => new(TokenizerFiles.Load(path));

    /// <summary>The text of an id; null: no such id.</summary>
    public string? TokenOf(int id) => _addedById.TryGetValue(id, out AddedToken? added) ? added.Content : _model.TokenOf(id);

    /// <summary>The id of a token, as it is spelled in the vocabulary; null: no such token.</summary>
    public int? IdOf(string token) => _addedIds.TryGetValue(token, out int id) ? id : _model.IdOf(token);

    /// <summary>The text as the vocabulary's maker saw it: what the normalizer alone makes of it.</summary>
    public string Normalize(string text) => _pipeline.Normalize(text);

    /// <summary>Encodes a text.</summary>
    /// <exception cref="TokenizerException">The options cannot be met.</exception>
    public Encoding Encode(string text, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Padded(EncodeUnpadded(text, null, options ?? EncodeOptions.Default), options);
    }

    /// <summary>Encodes two texts that the model reads together. An empty second text is a text.</summary>
    /// <exception cref="TokenizerException">The options cannot be met.</exception>
    public Encoding EncodePair(string text, string pair, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(pair);
        return Padded(EncodeUnpadded(text, pair, options ?? EncodeOptions.Default), options);
    }

    /// <summary>Encodes text that is split into words already: word ids are indices of the words, offsets lie within each word.</summary>
    /// <param name="words">The words; each goes through the whole pipeline.</param>
    /// <param name="pairWords">The second sequence; null: none.</param>
    /// <param name="options">Default: <see cref="EncodeOptions.Default"/>.</param>
    /// <exception cref="TokenizerException">The options cannot be met.</exception>
    public Encoding EncodeWords(IReadOnlyList<string> words, IReadOnlyList<string>? pairWords = null, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(words);
        return Padded(EncodeWordsUnpadded(words, pairWords, options ?? EncodeOptions.Default), options);
    }

    /// <summary>Encodes texts, in input order; padding to the longest looks at all of them.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">Default: <see cref="EncodeOptions.Default"/>.</param>
    /// <param name="threads">How many threads may work; null: one for each core. The result does not depend on it.</param>
    /// <exception cref="TokenizerException">The options cannot be met by one of the texts.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is below 1.</exception>
    public Encoding[] EncodeBatch(IReadOnlyList<string> texts, EncodeOptions? options = null, int? threads = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        EncodeOptions settled = options ?? EncodeOptions.Default;
        Encoding[] encodings = new Encoding[texts.Count];
        BatchWork.Run(texts, threads, i => encodings[i] = EncodeUnpadded(texts[i], null, settled));
        return settled.Padding is { } padding ? Pad(encodings, padding) : encodings;
    }

    /// <summary>What a model reads of a text: ids and types, without offsets and words. The fast way for pipelines.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pair">The second text; null: none.</param>
    /// <param name="maxLength">The most tokens, special tokens included; what is longer is cut at its end, the longer text first. Null: no limit. The file's own truncation and padding do not count.</param>
    /// <exception cref="TokenizerException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public TokenIds EncodeToIds(string text, string? pair = null, int? maxLength = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        int most = maxLength ?? int.MaxValue;
        Workspace work = _workspaces.Rent(keepsSurfaces: false, text.Length);
        _pipeline.Run(text, work.First, work, pair is null && most < int.MaxValue ? most + 1 : int.MaxValue, word: null);
        if (pair is not null) _pipeline.Run(pair, work.Second, work, int.MaxValue, word: null);
        TokenIds ids = _builder.BuildIds(work, pair is not null, most);
        _workspaces.Return(work);
        return ids;
    }

    /// <summary>As <see cref="EncodeToIds(string, string?, int?)"/>, for many texts, in input order.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is below 1.</exception>
    public TokenIds[] EncodeToIds(IReadOnlyList<string> texts, int? maxLength = null, int? threads = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        TokenIds[] all = new TokenIds[texts.Count];
        BatchWork.Run(texts, threads, i => all[i] = EncodeToIds(texts[i], null, maxLength));
        return all;
    }

    /// <summary>Appends what a model reads of a text: as <see cref="EncodeToIds(string, string?, int?)"/>, without arrays of its own.</summary>
    /// <returns>Whether the text was longer and was cut.</returns>
    /// <exception cref="TokenizerException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public bool AppendIds(ReadOnlySpan<char> text, int maxLength, TokenIdBuffer buffer)
    {
        Workspace work = _workspaces.Rent(keepsSurfaces: false, text.Length);
        _pipeline.Run(text, work.First, work, maxLength < int.MaxValue ? maxLength + 1 : int.MaxValue, word: null);
        bool isCut = _builder.AppendIds(work, maxLength, buffer);
        _workspaces.Return(work);
        return isCut;
    }

    /// <summary>The same tokenizer with lower-casing before its own normalizer, code point by code point; special tokens in a text stay special.</summary>
    public Tokenizer LowerCasing() => new(_parts with { Normalizer = _parts.Normalizer is { } normalizer ? new SequenceNormalizer([new Lowercase(), normalizer]) : new Lowercase() });

    /// <summary>The text of ids. Ids that nobody knows are left out.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecialTokens">Leave out special tokens such as [CLS].</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        List<string> tokens = new(ids.Length);
        foreach (int id in ids)
        {
            if (skipSpecialTokens && _addedById.TryGetValue(id, out AddedToken? added) && added.Special) continue;
            if (TokenOf(id) is { } token) tokens.Add(token);
        }
        return _decoder is null ? string.Join(' ', tokens) : string.Concat(_decoder.Decode(tokens));
    }

    /// <summary>Fills encodings up together, as one batch.</summary>
    /// <exception cref="TokenizerException">The length is out of proportion.</exception>
    public Encoding[] Pad(IReadOnlyList<Encoding> encodings, Padding padding)
    {
        ArgumentNullException.ThrowIfNull(encodings);
        return _builder.Pad([.. encodings], padding);
    }

    private Encoding EncodeUnpadded(string text, string? pair, EncodeOptions options)
    {
        Workspace work = _workspaces.Rent(keepsSurfaces: true, text.Length);
        _pipeline.Run(text, work.First, work, Limit(options, pair is not null), word: null);
        if (pair is not null) _pipeline.Run(pair, work.Second, work, int.MaxValue, word: null);
        Encoding encoding = _builder.Build(work, pair is not null, options);
        _workspaces.Return(work);
        return encoding;
    }

    private Encoding EncodeWordsUnpadded(IReadOnlyList<string> words, IReadOnlyList<string>? pairWords, EncodeOptions options)
    {
        Workspace work = _workspaces.Rent(keepsSurfaces: true, words.Count);
        for (int i = 0; i < words.Count; i++) _pipeline.Run(words[i], work.First, work, int.MaxValue, i);
        for (int i = 0; i < (pairWords?.Count ?? 0); i++) _pipeline.Run(pairWords![i], work.Second, work, int.MaxValue, i);
        Encoding encoding = _builder.Build(work, pairWords is not null, options);
        _workspaces.Return(work);
        return encoding;
    }

    private Encoding Padded(Encoding encoding, EncodeOptions? options) => options?.Padding is { } padding ? _builder.Pad([encoding], padding)[0] : encoding;

    /// <summary>After how many tokens of the first sequence the rest cannot change the result.</summary>
    private static int Limit(EncodeOptions options, bool isPair)
    {
        if (options is not { Truncation: { Side: Side.Right, MaxLength: < int.MaxValue } truncation, ReturnOverflow: false }) return int.MaxValue;
        bool dependsOnLength = isPair && truncation.Strategy != TruncationStrategy.OnlyFirst;
        return dependsOnLength ? int.MaxValue : truncation.MaxLength + 1;
    }
}
