namespace Cloze.Tokenizers;

/// <summary>The character classes of expressions, each made once of the pinned tables (Unicode 16.0).</summary>
internal static class ExpressionClasses
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, CodePointSet?> s_sets = new(StringComparer.Ordinal);

    public static CodePointSet WhiteSpace => Find("s")!;
    public static CodePointSet Word => Find("w")!;
    /// <summary>What \w and [:word:] mean between brackets: there the reference leaves out the numbers of Latin-1 that are no digits.</summary>
    public static CodePointSet WordInBrackets => s_sets.GetOrAdd("[w]", _ => Word.Intersect(CodePointSet.Of("²³¹¼½¾").Negate()))!;
    public static CodePointSet Digit => Find("d")!;

    /// <summary>The set of a name that <see cref="CodePointRanges.OfExpressionClass"/> knows; null: it does not.</summary>
    public static CodePointSet? Find(string name) =>
        s_sets.TryGetValue(name, out CodePointSet? set) ? set
        : CodePointRanges.OfExpressionClass(name) is { } ranges ? s_sets.GetOrAdd(name, CodePointSet.Of(ranges)) : null;

    /// <summary>A property as <c>\p{…}</c> names it, in any case, with spaces, _ and - wherever; null: there is no pinned table of it.</summary>
    public static CodePointSet? Property(string name) => name.Replace(" ", "").Replace("_", "").Replace("-", "").ToLowerInvariant() switch
    {
        "l" or "letter" => Find("L"),
        "lu" or "uppercaseletter" => Find("Lu"),
        "ll" or "lowercaseletter" => Find("Ll"),
        "lt" or "titlecaseletter" => Find("Lt"),
        "lm" or "modifierletter" => Find("Lm"),
        "lo" or "otherletter" => Find("Lo"),
        "lc" or "casedletter" => Find("Lu")!.Union(Find("Ll")!).Union(Find("Lt")!),
        "n" or "number" => Find("N"),
        "p" or "punctuation" or "punct" => Find("P"),
        "s" or "symbol" => Find("S"),
        "m" or "mark" or "combiningmark" => Find("M"),
        "han" or "hani" => Find("Han"),
        "space" or "whitespace" => WhiteSpace,
        "word" => Word,
        "nd" or "decimalnumber" or "digit" => Digit,
        "any" => CodePointSet.All,
        "ascii" => CodePointSet.Of(0, 127),
        _ => null,
    };
}
