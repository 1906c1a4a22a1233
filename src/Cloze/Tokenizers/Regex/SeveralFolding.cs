using System.Globalization;

namespace Cloze.Tokenizers;

/// <summary>Characters that equal several others when an expression ignores case: ß and ss, ﬁ and fi.</summary>
/// <remarks>
/// Unicode's CaseFolding.txt, status F, as Oniguruma reads it (unicode.c, get_case_fold_codes_by_str): from the left, the longest of three, two or one characters of a literal that some
/// character folds to equals those characters as a whole, so that "ss" finds ß, but "sß" finds no ßs. Literals count as one where nothing but a comment stands between them.
/// </remarks>
internal static class SeveralFolding
{
    /// <summary>A character and what it folds to, in hexadecimal, but for the 48 from U+1F80 on.</summary>
    private const string Folds =
        "DF 73 73;130 69 307;149 2BC 6E;1F0 6A 30C;390 3B9 308 301;3B0 3C5 308 301;587 565 582;1E96 68 331;1E97 74 308;1E98 77 30A;1E99 79 30A;"
        + "1E9A 61 2BE;1E9E 73 73;1F50 3C5 313;1F52 3C5 313 300;1F54 3C5 313 301;1F56 3C5 313 342;1FB2 1F70 3B9;1FB3 3B1 3B9;1FB4 3AC 3B9;"
        + "1FB6 3B1 342;1FB7 3B1 342 3B9;1FBC 3B1 3B9;1FC2 1F74 3B9;1FC3 3B7 3B9;1FC4 3AE 3B9;1FC6 3B7 342;1FC7 3B7 342 3B9;1FCC 3B7 3B9;"
        + "1FD2 3B9 308 300;1FD3 3B9 308 301;1FD6 3B9 342;1FD7 3B9 308 342;1FE2 3C5 308 300;1FE3 3C5 308 301;1FE4 3C1 313;1FE6 3C5 342;"
        + "1FE7 3C5 308 342;1FF2 1F7C 3B9;1FF3 3C9 3B9;1FF4 3CE 3B9;1FF6 3C9 342;1FF7 3C9 342 3B9;1FFC 3C9 3B9;FB00 66 66;FB01 66 69;FB02 66 6C;"
        + "FB03 66 66 69;FB04 66 66 6C;FB05 73 74;FB06 73 74;FB13 574 576;FB14 574 565;FB15 574 56B;FB16 57E 576;FB17 574 56D";

    private static readonly Lazy<Dictionary<int, string>> s_folds = new(Read);

    /// <summary>From several characters to those that fold to them; all lie in the Basic Multilingual Plane.</summary>
    private static readonly Lazy<Dictionary<string, CodePointSet>> s_characters = new(() => s_folds.Value.GroupBy(fold => fold.Value, fold => fold.Key, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => CodePointSet.Of(group.Select(c => new CodePointRange(c, c))), StringComparer.Ordinal));

    /// <summary>A literal whose case is ignored.</summary>
    public static Pattern Spell(List<int> codePoints)
    {
        List<Pattern> parts = [];
        for (int i = 0, length; i < codePoints.Count; i += length)
        {
            length = Math.Min(3, codePoints.Count - i);
            string? several = null;
            for (; length > 1 && several is null; length--)
                if (Key(codePoints.Slice(i, length)) is { } key && s_characters.Value.ContainsKey(key)) (several, length) = (key, length + 1);
            several ??= s_folds.Value.GetValueOrDefault(codePoints[i]);
            parts.Add(several is null ? new Pattern.Set(CaseFolding.Equal(codePoints[i])) : new Pattern.Choice([new Pattern.Set(s_characters.Value[several]), Each(several)]));
        }
        return parts.Count == 1 ? parts[0] : new Pattern.Sequence(parts);
    }

    /// <summary>One of a set whose case is ignored, or several that one of its characters equals.</summary>
    public static Pattern Spell(CodePointSet set)
    {
        List<Pattern> choices = [new Pattern.Set(CaseFolding.Close(set))];
        foreach (string several in s_folds.Value.Where(fold => set.Contains(fold.Key)).Select(fold => fold.Value).Distinct().OrderBy(fold => fold.Length)) choices.Add(Each(several));
        return choices.Count == 1 ? choices[0] : new Pattern.Choice(choices);
    }

    private static Pattern.Sequence Each(string several) => new([.. several.Select(c => new Pattern.Set(CaseFolding.Equal(c)))]);

    private static string? Key(List<int> codePoints)
    {
        string key = "";
        foreach (int codePoint in codePoints)
        {
            int fold = CaseFolding.Fold(codePoint);
            if (fold > char.MaxValue) return null;
            key += (char)fold;
        }
        return key;
    }

    private static Dictionary<int, string> Read()
    {
        Dictionary<int, string> folds = [];
        foreach (string row in Folds.Split(';'))
        {
            int[] codes = [.. row.Split(' ').Select(code => int.Parse(code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))];
            folds[codes[0]] = string.Concat(codes.Skip(1).Select(code => (char)code));
        }
        for (int k = 0; k < 48; k++) folds[0x1F80 + k] = $"{(char)((k >> 4) switch { 0 => 0x1F00, 1 => 0x1F20, _ => 0x1F60 } + k % 8)}ι"; // Greek vowels with a breathing and ypogegrammeni
        return folds;
    }
}
