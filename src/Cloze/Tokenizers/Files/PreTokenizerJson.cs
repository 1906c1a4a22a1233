namespace Cloze.Tokenizers;

/// <summary>The <c>pre_tokenizer</c> of a tokenizer.json, sequences laid flat.</summary>
internal static class PreTokenizerJson
{
    private const string Supported = "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, Split, UnicodeScripts, "
        + "Whitespace, WhitespaceSplit, null";

    public static List<IPreTokenizerStep> Read(JsonValue json)
    {
        List<IPreTokenizerStep> steps = [];
        Add(json, steps);
        return steps;
    }

    private static void Add(JsonValue json, List<IPreTokenizerStep> steps)
    {
        switch (TokenizerComponents.Type(json))
        {
            case "Sequence":
                foreach (JsonValue part in TokenizerComponents.Parts(json, "pretokenizers")) Add(part, steps);
                break;
            case "BertPreTokenizer":
                steps.Add(new BertPreTokenizer());
                break;
            case "Whitespace":
                steps.Add(new WhitespacePreTokenizer());
                break;
            case "WhitespaceSplit":
                steps.Add(new WhitespaceSplitPreTokenizer());
                break;
            case "ByteLevel":
                AddByteLevel(steps, json.Need("add_prefix_space").Flag(), json.Flag("use_regex", true));
                break;
            case "Metaspace":
                Metaspace(json, steps);
                break;
            case "Split":
                steps.Add(new PatternPreTokenizer(TextPatternJson.Read(json.Need("pattern")), Behavior(json.Need("behavior")), json.Need("invert").Flag()));
                break;
            case "Punctuation":
                steps.Add(Punctuation(json.Find("behavior") is { } behavior ? Behavior(behavior) : SplitBehavior.Isolated));
                break;
            case "Digits":
                SplitBehavior digits = json.Need("individual_digits").Flag() ? SplitBehavior.Isolated : SplitBehavior.Contiguous;
                steps.Add(new PatternPreTokenizer(new CodePointPattern(CodePointSet.Of(CodePointRanges.Unpack(UnicodeTables.Numeric)).Contains), digits));
                break;
            case "CharDelimiterSplit":
                steps.Add(new PatternPreTokenizer(new LiteralPattern(TokenizerComponents.Character(json.Need("delimiter"))), SplitBehavior.Removed));
                break;
            case "FixedLength":
                steps.Add(new FixedLengthPreTokenizer(json.Find("length")?.Number() switch { null => 5, > 0 and int length => length, _ => throw json.Wrong("a length of at least 1") }));
                break;
            case "UnicodeScripts":
                steps.Add(new UnicodeScriptsPreTokenizer());
                break;
            case var type:
                throw TokenizerComponents.Unsupported(json, type, Supported);
        }
    }

    /// <summary>Adds the steps of ByteLevel; a byte-level model needs no letters.</summary>
    public static void AddByteLevel(List<IPreTokenizerStep> steps, bool addPrefixSpace, bool useRegex)
    {
        if (addPrefixSpace) steps.Add(new PrefixRewriter(' ', replacesSpaces: false, PrependScheme.Always));
        if (useRegex) steps.Add(new Gpt2PreTokenizer());
        steps.Add(new ByteLetters());
    }

    private static void Metaspace(JsonValue json, List<IPreTokenizerStep> steps)
    {
        string replacement = TokenizerComponents.Character(json.Need("replacement"));
        if (replacement.Length > 1) throw json.Wrong("a replacement of one UTF-16 unit");
        PrependScheme scheme = Scheme(json);
        steps.Add(new PrefixRewriter(replacement[0], replacesSpaces: true, scheme));
        if (json.Flag("split", true)) steps.Add(new MetaspacePreTokenizer(replacement[0]));
    }

    /// <summary><c>prepend_scheme</c> of Metaspace. Older files have <c>add_prefix_space</c>, which must not contradict it, as in the reference.</summary>
    public static PrependScheme Scheme(JsonValue json)
    {
        JsonValue? found = json.Find("prepend_scheme");
        PrependScheme scheme = found?.Text() switch
        {
            null or "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            var other => throw TokenizerComponents.Unsupported(found!, other, "always, first, never"),
        };
        return scheme == PrependScheme.Never || json.Flag("add_prefix_space", true) ? scheme : throw json.Wrong("prepend_scheme never with add_prefix_space false");
    }

    private static SplitBehavior Behavior(JsonValue json) => json.Text() switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        var other => throw TokenizerComponents.Unsupported(json, other, "Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous"),
    };

    /// <summary>What BertPreTokenizer takes for punctuation: ASCII symbols, and category P of Unicode 8.0.</summary>
    public static PatternPreTokenizer Punctuation(SplitBehavior behavior) =>
        new(new CodePointPattern(static c => (UnicodeData.Flags(c) & CodePointFlags.KindMask) == CodePointFlags.Punctuation), behavior);
}
