using System.Buffers;

namespace Cloze.Tokenizers;

/// <summary>Leftmost-longest search for added tokens, in raw text or in normalized text. Immutable.</summary>
/// <remarks>
/// tokenizers tokenizer/added_vocabulary.rs. Patterns stand in ordinal order; a match narrows a range of them unit by unit, so its time does not
/// grow with their number.
/// </remarks>
internal sealed class AddedTokenMatcher
{
    private readonly string[] _patterns;
    private readonly AddedToken[] _tokens;
    private readonly SearchValues<char>? _first;
    private readonly ulong[] _pairs = new ulong[64]; // bits by the first two units, or by the only one: may say too much, never too little

    /// <param name="tokens">What to look for; of two with one pattern the first counts.</param>
    /// <param name="pattern">In which form; an empty one is never found.</param>
    public AddedTokenMatcher(List<AddedToken> tokens, Func<string, string> pattern)
    {
        List<string> patterns = new(tokens.Count);
        List<AddedToken> kept = new(tokens.Count);
        HashSet<string> seen = new(tokens.Count, StringComparer.Ordinal);
        foreach (AddedToken token in tokens)
        {
            string text = pattern(token.Content);
            if (text.Length == 0 || !seen.Add(text)) continue;
            patterns.Add(text);
            kept.Add(token);
        }
        (_patterns, _tokens) = (patterns.ToArray(), kept.ToArray());
        Array.Sort(_patterns, _tokens, StringComparer.Ordinal);
        if (_patterns.Length == 0) return;
        char[] firsts = new char[_patterns.Length];
        for (int i = 0; i < firsts.Length; i++)
        {
            string text = _patterns[i];
            firsts[i] = text[0];
            int place = text.Length == 1 ? Place(text[0]) : Place(text[0], text[1]);
            _pairs[place >> 6] |= 1UL << place;
        }
        _first = SearchValues.Create(firsts);
    }

    public bool IsEmpty => _first is null;

    /// <summary>False: no added token is in the text.</summary>
    public bool MayMatch(ReadOnlySpan<char> text) => _first is not null && text.ContainsAny(_first);

    /// <summary>The next match at or after <paramref name="from"/>; white space it swallows reaches back to <paramref name="taken"/> at most.</summary>
    public AddedToken? Next(ReadOnlySpan<char> text, int from, int taken, out int start, out int end)
    {
        while (from < text.Length)
        {
            int skip = text[from..].IndexOfAny(_first!);
            if (skip < 0) break;
            from += skip;
            if (!MayStart(text, from) || Longest(text[from..], out int length) is not { } token)
            {
                from++;
                continue;
            }

            (start, end) = (from, from + length);
            from = end;
            if (token.SingleWord && (IsWordBefore(text, start) || IsWordAt(text, end))) continue;
            if (token.LStrip)
                while (start > taken && UnicodeData.IsWhiteSpace(text[start - 1])) start--;
            if (token.RStrip)
                while (end < text.Length && UnicodeData.IsWhiteSpace(text[end])) end++;
            return token;
        }

        (start, end) = (text.Length, text.Length);
        return null;
    }

    /// <summary>Whether some pattern may begin with the next two units; a space in ordinary text mostly cannot be a run of spaces.</summary>
    private bool MayStart(ReadOnlySpan<char> text, int i) =>
        Has(Place(text[i])) || i + 1 < text.Length && Has(Place(text[i], text[i + 1]));

    private bool Has(int place) => (_pairs[place >> 6] >> place & 1) != 0;

    private static int Place(int first, int second = 0x10000) => (int)((uint)(first * 31 + second) * 0x9E3779B1u >> 20);

    private AddedToken? Longest(ReadOnlySpan<char> text, out int length)
    {
        AddedToken? found = null;
        length = 0;
        int low = 0, high = _patterns.Length; // the patterns that begin with the first i units
        for (int i = 0; i < text.Length; i++)
        {
            low = Bound(low, high, i, text[i]);
            high = Bound(low, high, i, text[i] + 1);
            if (low == high) break;
            if (_patterns[low].Length == i + 1) (found, length) = (_tokens[low], i + 1); // the shortest of them comes first
        }
        return found;
    }

    /// <summary>
    /// The first pattern in the range whose unit at <paramref name="place"/> is at least <paramref name="unit"/>; one that ends there comes before
    /// all.
    /// </summary>
    private int Bound(int low, int high, int place, int unit)
    {
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            string pattern = _patterns[middle];
            if (place >= pattern.Length || pattern[place] < unit) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private static bool IsWordBefore(ReadOnlySpan<char> text, int i) => i > 0 && UnicodeData.IsWord(UnicodeData.Before(text, i));

    private static bool IsWordAt(ReadOnlySpan<char> text, int i) => i < text.Length && UnicodeData.IsWord(UnicodeData.Next(text, ref i));
}
