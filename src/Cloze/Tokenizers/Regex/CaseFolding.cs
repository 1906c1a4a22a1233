namespace Cloze.Tokenizers;

/// <summary>Which code points are one when an expression ignores case: Unicode's simple case folding, for the characters of Unicode 16.0.</summary>
/// <remarks>
/// Lower case folds nearly all; the rest is listed here (CaseFolding.txt, status C and S, where they differ from lower case). That a character
/// equals several (ß and ss), which the reference knows, is not read.
/// </remarks>
internal static class CaseFolding
{
    private static readonly (int From, int To)[] s_others =
    [
        (0xB5, 0x3BC), (0x17F, 's'), (0x345, 0x3B9), (0x3C2, 0x3C3), (0x3D0, 0x3B2), (0x3D1, 0x3B8), (0x3D5, 0x3C6), (0x3D6, 0x3C0), (0x3F0, 0x3BA), (0x3F1, 0x3C1),
        (0x3F5, 0x3B5), (0x1C80, 0x432), (0x1C81, 0x434), (0x1C82, 0x43E), (0x1C83, 0x441), (0x1C84, 0x442), (0x1C85, 0x442), (0x1C86, 0x44A), (0x1C87, 0x463),
        (0x1C88, 0xA64B), (0x1E9B, 0x1E61), (0x1FBE, 0x3B9), (0x1FD3, 0x390), (0x1FE3, 0x3B0), (0xFB05, 0xFB06),
    ];

    private static readonly Lazy<Dictionary<int, int[]>> s_classes = new(Classes);

    /// <summary>The set and all that equals one of its code points.</summary>
    public static CodePointSet Close(CodePointSet set)
    {
        List<CodePointRange> more = [];
        foreach ((int codePoint, int[] equal) in s_classes.Value)
        {
            if (!set.Contains(codePoint)) continue;
            foreach (int other in equal) more.Add(new(other, other));
        }
        return more.Count == 0 ? set : CodePointSet.Of([.. set.Ranges(), .. more]);
    }

    /// <summary>All that equals a code point that has a case.</summary>
    private static Dictionary<int, int[]> Classes()
    {
        CodePointSet known = ExpressionClasses.Word;
        Dictionary<int, int> folds = new(s_others.Select(other => KeyValuePair.Create(other.From, other.To)));
        foreach (CodePointRange range in known.Ranges())
        {
            for (int c = range.First; c <= range.Last; c++)
                if (UnicodeData.ToLower(c, out int extra) is var lower && lower != c && extra == 0) folds[c] = lower;
        }
        Dictionary<int, List<int>> byFold = [];
        foreach ((int from, int to) in folds)
        {
            if (!byFold.TryGetValue(to, out List<int>? equal)) byFold[to] = equal = [to];
            equal.Add(from);
        }
        Dictionary<int, int[]> classes = [];
        foreach (List<int> equal in byFold.Values)
            foreach (int c in equal) classes[c] = [.. equal];
        return classes;
    }
}

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
        "n" or "number" => Find("N"),
        "p" or "punctuation" => Find("P"),
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
