using System.Globalization;

namespace Cloze.Tokenizers;

/// <summary>Extended grapheme clusters of Unicode 17.0.</summary>
/// <remarks>
/// Unicode Standard annex 29. The rules are the runtime's; what joins a cluster up to U+FFFF comes from the pinned table, which knows more characters. Exact for clusters of
/// fewer than 6 UTF-8 bytes, the only ones whose ends matter to Precompiled; a longer one may be cut where each of its characters counts alone anyway.
/// </remarks>
internal static class GraphemeClusters
{
    /// <summary>A bit for each UTF-16 unit that may join what is before it.</summary>
    private static readonly ulong[] s_mayJoin = MayJoin();

    /// <summary>UTF-16 units of the cluster at <paramref name="at"/>.</summary>
    public static int Length(ReadOnlySpan<char> text, int at)
    {
        if (at + 1 == text.Length) return 1;
        char c = text[at], next = text[at + 1];
        bool startsAlone = c < '\u0600' || c is >= '\u3041' and <= '\uA95F'; // no surrogate, no prepended mark, no Hangul
        if (startsAlone && !IsJoining(next)) return c == '\r' && next == '\n' ? 2 : 1;

        int length = StringInfo.GetNextTextElementLength(text[at..]);
        bool isControl = length == 1 && StringInfo.GetNextTextElementLength([c, '\u0301']) == 1; // nothing joins it
        while (!isControl && at + length < text.Length && !char.IsSurrogate(text[at + length]) && IsPinnedExtender(text[at + length]))
            length += StringInfo.GetNextTextElementLength(text[(at + length)..]);
        return length;
    }

    private static bool IsJoining(char c) => (s_mayJoin[c >> 6] >> (c & 63) & 1) != 0;

    /// <summary>Joining units are extenders and, because only the runtime knows more about them, surrogates and Hangul vowels and tails.</summary>
    private static bool IsPinnedExtender(char c) => IsJoining(c) && c is not (>= '\u1160' and <= '\u11FF' or >= '\uD7B0' and <= '\uD7FF');

    private static ulong[] MayJoin()
    {
        ulong[] bits = new ulong[1024];
        foreach (CodePointRange range in (ReadOnlySpan<CodePointRange>)[.. CodePointRanges.Unpack(UnicodeTables.Extenders), new(0x1160, 0x11FF), new(0xD7B0, 0xDFFF)])
            for (int c = range.First; c <= range.Last; c++) bits[c >> 6] |= 1UL << (c & 63);
        return bits;
    }
}
