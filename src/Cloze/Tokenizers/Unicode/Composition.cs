namespace Cloze.Tokenizers;

/// <summary>Canonical composition of two code points, Unicode 9.0.</summary>
/// <remarks>Unicode Standard annex 15; derived from the decompositions at the first use.</remarks>
internal static class Composition
{
    private const int SyllableFirst = 0xAC00, LeadFirst = 0x1100, VowelFirst = 0x1161, TailFirst = 0x11A7, Leads = 19, Vowels = 21, Tails = 28;

    /// <summary>First code point · 2^32 + second, ascending, and what they make.</summary>
    private static readonly ulong[] s_pairs;
    private static readonly int[] s_composites;

    static Composition()
    {
        List<int> composites = [];
        foreach (CodePointRange range in CodePointRanges.Unpack(UnicodeTables.Composites))
            for (int c = range.First; c <= range.Last; c++) composites.Add(c);
        s_composites = composites.ToArray();
        s_pairs = new ulong[s_composites.Length];
        Dictionary<string, int> known = new(s_composites.Length, StringComparer.Ordinal); // of whole decompositions
        Span<char> buffer = stackalloc char[3];
        foreach (int c in s_composites) known[UnicodeData.Decompose(c, buffer).ToString()] = c;
        for (int i = 0; i < s_pairs.Length; i++)
        {
            ReadOnlySpan<char> parts = UnicodeData.Decompose(s_composites[i], buffer);
            int second = UnicodeData.Before(parts, parts.Length), at = 0;
            ReadOnlySpan<char> head = parts[..^(second > 0xFFFF ? 2 : 1)];
            int first = UnicodeData.Next(head, ref at);
            s_pairs[i] = Pair(at == head.Length ? first : known[head.ToString()], second);
        }
        Array.Sort(s_pairs, s_composites);
    }

    /// <summary>What two neighbours make together, or −1.</summary>
    public static int Of(int first, int second)
    {
        int lead = first - LeadFirst, vowel = second - VowelFirst, syllable = first - SyllableFirst, tail = second - TailFirst;
        if ((uint)lead < Leads && (uint)vowel < Vowels) return SyllableFirst + (lead * Vowels + vowel) * Tails;
        if ((uint)syllable < Leads * Vowels * Tails && syllable % Tails == 0 && tail is > 0 and < Tails) return first + tail;
        int at = Array.BinarySearch(s_pairs, Pair(first, second));
        return at < 0 ? -1 : s_composites[at];
    }

    private static ulong Pair(int first, int second) => (ulong)first << 32 | (uint)second;
}
