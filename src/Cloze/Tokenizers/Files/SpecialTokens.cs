using System.Globalization;
using System.Text.Json;

namespace Cloze.Tokenizers;

/// <summary>A special or added token as a file names it, before it has an id.</summary>
internal sealed record SpecialToken(string Content, bool SingleWord, bool LStrip, bool RStrip, bool Normalized, bool Special)
{
    public static SpecialToken Plain(string content) => new(content, SingleWord: false, LStrip: false, RStrip: false, Normalized: false, Special: true);

    /// <summary>A text, which has the flags of <paramref name="plain"/> (null: none), or an object with flags.</summary>
    public static SpecialToken Read(JsonValue value, bool special, SpecialToken? plain = null)
    {
        if (value.IsText) return (plain ?? Plain("")) with { Content = value.Text() };
        if (!value.IsObject) throw value.Wrong("a text, or an object with content");
        string? content = null;
        bool isSingleWord = false, isLeft = false, isRight = false;
        bool? normalized = null;
        Utf8JsonReader reader = value.Open(JsonTokenType.StartObject, "an object"); // once, since there may be thousands
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (value.Is(ref reader, "content")) content = JsonValue.NextText(ref reader, value);
            else if (value.Is(ref reader, "single_word")) isSingleWord = JsonValue.NextFlag(ref reader, value) ?? false;
            else if (value.Is(ref reader, "lstrip")) isLeft = JsonValue.NextFlag(ref reader, value) ?? false;
            else if (value.Is(ref reader, "rstrip")) isRight = JsonValue.NextFlag(ref reader, value) ?? false;
            else if (value.Is(ref reader, "normalized")) normalized = JsonValue.NextFlag(ref reader, value);
            else if (value.Is(ref reader, "special")) special |= JsonValue.NextFlag(ref reader, value) ?? false;
            else reader.Skip();
        }
        return new(content ?? value.Need("content").Text(), isSingleWord, isLeft, isRight, normalized ?? !special, special);
    }

    public AddedToken With(int id) => new(Content, id, SingleWord, LStrip, RStrip, Normalized, Special);
}

/// <summary>The special tokens of a vocabulary without tokenizer.json, and the tokens added to it.</summary>
/// <remarks>
/// transformers 4.57 tokenization_utils_base.py, _from_pretrained: <c>added_tokens_decoder</c> of tokenizer_config.json decides where it is there; else
/// special_tokens_map.json replaces what tokenizer_config.json says, and added_tokens.json adds. Ids in these files are not trusted: a token that the
/// vocabulary knows keeps its id, any other takes the next free one.
/// </remarks>
internal sealed class SpecialTokens
{
    private readonly List<Numbered> _decoder = [];
    private readonly List<SpecialToken> _additional = [];
    private readonly Dictionary<string, SpecialToken> _named;

    private readonly IReadOnlyDictionary<string, SpecialToken> _defaults;

    private SpecialTokens(IReadOnlyDictionary<string, SpecialToken> defaults) => (_defaults, _named) = (defaults, new(defaults));

    public SpecialToken Unknown => _named["unk_token"];
    public SpecialToken Separator => _named["sep_token"];
    public SpecialToken Classification => _named["cls_token"];
    public SpecialToken Begin => _named["bos_token"];
    public SpecialToken? Mask => _named.GetValueOrDefault("mask_token");

    /// <summary>BERT's, where nothing else is said.</summary>
    public static IReadOnlyDictionary<string, SpecialToken> Bert { get; } = new Dictionary<string, SpecialToken>
    {
        ["unk_token"] = SpecialToken.Plain("[UNK]"),
        ["sep_token"] = SpecialToken.Plain("[SEP]"),
        ["pad_token"] = SpecialToken.Plain("[PAD]"),
        ["cls_token"] = SpecialToken.Plain("[CLS]"),
        ["mask_token"] = SpecialToken.Plain("[MASK]"),
    };

    /// <summary>The files name it, or add it to the vocabulary; else only the class does.</summary>
    public bool IsFromFiles(SpecialToken token) => !_defaults.Values.Contains(token, ReferenceEqualityComparer.Instance) || _decoder.Exists(numbered => numbered.Token.Content == token.Content);

    /// <param name="folder">Where the files lie.</param>
    /// <param name="config">tokenizer_config.json; null: there is none.</param>
    /// <param name="defaults">What the class has where the files say nothing, and the flags of what they name by its text alone.</param>
    public static SpecialTokens Read(string folder, JsonValue? config, IReadOnlyDictionary<string, SpecialToken> defaults)
    {
        SpecialTokens tokens = new(defaults);
        if (config is { } settings) tokens.Take(settings, special: false);
        if (config?.Find("added_tokens_decoder") is { } decoder)
        {
            foreach (JsonValue value in decoder.Fields())
                tokens._decoder.Add(new(int.TryParse(value.Key, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : throw value.Wrong($"as its name an id, a whole number from 0 to {int.MaxValue},"), SpecialToken.Read(value, special: false)));
        }
        else
        {
            if (Sidecar.Read(folder, "special_tokens_map.json") is { } map) tokens.Take(map, special: true);
            if (Sidecar.Read(folder, "added_tokens.json") is { } added)
                foreach (JsonValue id in added.Fields()) tokens._decoder.Add(new(id.Number(), tokens.Added(id.Key)));
        }
        tokens._decoder.Sort((a, b) => a.Id.CompareTo(b.Id));
        return tokens;
    }

    /// <summary>All added tokens, each content once, with the ids that they get beside <paramref name="model"/>.</summary>
    /// <param name="model">Knows most of them.</param>
    /// <param name="ofModel">Tokens that the model's own file adds; where the class or the files name one of them with flags of its own, these count.</param>
    public List<AddedToken> Added(ITokenModel model, IEnumerable<SpecialToken>? ofModel = null)
    {
        AddedTokenIds added = new(model);
        foreach (SpecialToken token in ofModel ?? []) added.Add(token);
        HashSet<string> decided = new(StringComparer.Ordinal);
        foreach (Numbered numbered in _decoder)
        {
            SpecialToken token = numbered.Token;
            if (decided.Add(token.Content)) added.Add(IsSpecial(token.Content) ? token with { Special = true } : token);
        }
        foreach (string name in (ReadOnlySpan<string>)["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"])
            if (_named.TryGetValue(name, out SpecialToken? token)) AddNamed(token);
        foreach (SpecialToken token in _additional) AddNamed(token);
        return added.Tokens;

        void AddNamed(SpecialToken token)
        {
            // one that is named by its text alone does not change what the model's file says
            if (decided.Add(token.Content) && !(token == SpecialToken.Plain(token.Content) && added.Has(token.Content))) added.Add(token with { Special = true });
        }
    }

    private void Take(JsonValue file, bool special)
    {
        foreach (JsonValue value in file.Fields())
        {
            if (value.Key == "additional_special_tokens")
                foreach (JsonValue token in value.Items()) _additional.Add(SpecialToken.Read(token, special));
            else if (value.Key is "bos_token" or "eos_token" or "unk_token" or "sep_token" or "pad_token" or "cls_token" or "mask_token")
                _named[value.Key] = SpecialToken.Read(value, special, _defaults.GetValueOrDefault(value.Key));
        }
    }

    private SpecialToken Added(string content) =>
        IsSpecial(content) ? SpecialToken.Plain(content) : SpecialToken.Plain(content) with { Normalized = true, Special = false };

    private bool IsSpecial(string content)
    {
        foreach (SpecialToken token in _named.Values)
            if (token.Content == content) return true;
        return _additional.Exists(token => token.Content == content);
    }

    /// <summary>A token under the id that its file gives it.</summary>
    private sealed record Numbered(int Id, SpecialToken Token);
}

/// <summary>
/// Gives added tokens their ids: the model's where it knows the text, else the next free one, in order. Of two with one text the last counts, in the place of the first; it is special if
/// one of them is.
/// </summary>
internal sealed class AddedTokenIds(ITokenModel model)
{
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private int _next = model.Count;

    public List<AddedToken> Tokens { get; } = [];

    public bool Has(string content) => _places.ContainsKey(content);

    public void Add(SpecialToken token)
    {
        if (token.Content.Length == 0) return;
        if (_places.TryGetValue(token.Content, out int place))
        {
            Tokens[place] = (token with { Special = token.Special || Tokens[place].Special }).With(Tokens[place].Id);
            return;
        }
        _places.Add(token.Content, Tokens.Count);
        Tokens.Add(token.With(model.IdOf(token.Content) ?? _next++));
    }
}
