namespace Cloze.Tokenizers;

/// <summary>What .NET strings can hold and the reference's cannot: half a surrogate pair.</summary>
internal static class LoneSurrogates
{
    /// <summary>Each lone surrogate becomes U+FFFD, one unit for one unit; other text comes back as it is.</summary>
    public static ReadOnlySpan<char> Replace(ReadOnlySpan<char> text)
    {
        int at = text.IndexOfAnyInRange('\uD800', '\uDFFF');
        if (at < 0) return text;
        char[]? copy = null;
        for (int i = at; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
            else (copy ??= text.ToArray())[i] = '\uFFFD';
        }
        return copy ?? text;
    }
}
