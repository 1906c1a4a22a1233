namespace Cloze.Tokenizers;

/// <summary>Which code points are one when an expression ignores case: Unicode's simple case folding, for the characters of Unicode 16.0.</summary>
/// <remarks>
/// Lower case folds nearly all; the rest is listed here (CaseFolding.txt, status C and S, where they differ from lower case). Characters that equal several
/// are <see cref="SeveralFolding"/>'s.
/// </remarks>
internal static class CaseFolding
{
    private static readonly (int From, int To)[] s_others =
    [
        (0xB5, 0x3BC), (0x17F, 's'), (0x345, 0x3B9), (0x3C2, 0x3C3), (0x3D0, 0x3B2), (0x3D1, 0x3B8), (0x3D5, 0x3C6), (0x3D6, 0x3C0), (0x3F0, 0x3BA), (0x3F1, 0x3C1),
        (0x3F5, 0x3B5), (0x1C80, 0x432), (0x1C81, 0x434), (0x1C82, 0x43E), (0x1C83, 0x441), (0x1C84, 0x442), (0x1C85, 0x442), (0x1C86, 0x44A), (0x1C87, 0x463),
        (0x1C88, 0xA64B), (0x1E9B, 0x1E61), (0x1FBE, 0x3B9), (0x1FD3, 0x390), (0x1FE3, 0x3B0), (0xFB05, 0xFB06),
    ];

    private static readonly Lazy<Dictionary<int, int>> s_folds = new(Folds);
    private static readonly Lazy<Dictionary<int, int[]>> s_classes = new(Classes);

    /// <summary>The character that stands for all that equal it.</summary>
    public static int Fold(int codePoint) => s_folds.Value.GetValueOrDefault(codePoint, codePoint);

    /// <summary>A character and all that equal it.</summary>
    public static CodePointSet Equal(int codePoint) =>
        s_classes.Value.TryGetValue(codePoint, out int[]? equal) ? CodePointSet.Of(equal.Select(other => new CodePointRange(other, other))) : CodePointSet.Of(codePoint, codePoint);

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

    private static Dictionary<int, int> Folds()
    {
        CodePointSet known = ExpressionClasses.Word;
        Dictionary<int, int> folds = new(s_others.Select(other => KeyValuePair.Create(other.From, other.To)));
        foreach (CodePointRange range in known.Ranges())
        {
            for (int c = range.First; c <= range.Last; c++)
                if (UnicodeData.ToLower(c, out int extra) is var lower && lower != c && extra == 0) folds[c] = lower;
        }
        return folds;
    }

    /// <summary>All that equals a code point that has a case.</summary>
    private static Dictionary<int, int[]> Classes()
    {
        Dictionary<int, List<int>> byFold = [];
        foreach ((int from, int to) in s_folds.Value)
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
