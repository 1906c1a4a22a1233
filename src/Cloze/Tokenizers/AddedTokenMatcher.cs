using System.Buffers;

namespace Cloze.Tokenizers;

/// <summary>Leftmost-longest search for added tokens, in raw text or in normalized text. Immutable.</summary>
/// <remarks>
/// tokenizers tokenizer/added_vocabulary.rs. Patterns stand in ordinal order; a match narrows a range of them unit by unit, so its time does not
/// grow with their number. Time: linear in the text, whatever the tokens. Of two tokens that are one when normalized the reference takes one by chance (the order of its hash table, another in
/// every process); here it is the first. One that is empty when normalized is found wherever no other is, at every byte: texts of ASCII are cut there as in the reference, which panics on others.
/// </remarks>
internal sealed class AddedTokenMatcher
{
    private readonly string[] _patterns;
    private readonly AddedToken[] _tokens;
    private readonly AddedToken? _empty;
    private readonly SearchValues<char>? _first;
    private readonly Lazy<AddedTokenAutomaton> _automaton;
    private readonly ulong[] _pairs = new ulong[64]; // bits by the first two units, or by the only one: may say too much, never too little

    /// <param name="tokens">What to look for; of two with one pattern the first counts.</param>
    /// <param name="pattern">In which form.</param>
    public AddedTokenMatcher(List<AddedToken> tokens, Func<string, string> pattern)
    {
        List<string> patterns = new(tokens.Count);
        List<AddedToken> kept = new(tokens.Count);
        HashSet<string> seen = new(tokens.Count, StringComparer.Ordinal);
        foreach (AddedToken token in tokens)
        {
            string text = pattern(token.Content);
            if (text.Length == 0) _empty ??= token;
            if (text.Length == 0 || !seen.Add(text)) continue;
            patterns.Add(text);
            kept.Add(token);
        }
        (_patterns, _tokens) = (patterns.ToArray(), kept.ToArray());
        Array.Sort(_patterns, _tokens, StringComparer.Ordinal);
        _automaton = new(() => new(_patterns));
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

    public bool IsEmpty => _first is null && _empty is null;

    /// <summary>False: no added token is in the text.</summary>
    public bool MayMatch(ReadOnlySpan<char> text) => _empty is not null ? !text.IsEmpty : _first is not null && text.ContainsAny(_first);

    /// <summary>The matches of a text, from its start.</summary>
    /// <param name="text">Raw or normalized.</param>
    /// <param name="steps">Comparisons of units after which the automaton takes over; null: in proportion to the text.</param>
    public Scan In(ReadOnlySpan<char> text, long? steps = null) => new(this, text, steps ?? 4L * text.Length + 1024);

    /// <summary>The search in one text.</summary>
    /// <remarks>
    /// As in the reference the search goes on behind the token itself, not behind the white space that it swallowed: a token of white space may be found there again. Tokens
    /// that nearly match at many places are followed by comparing only so long; then <see cref="AddedTokenAutomaton"/> finds what begins anywhere in one pass.
    /// </remarks>
    public ref struct Scan(AddedTokenMatcher matcher, ReadOnlySpan<char> text, long steps)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private int[]? _longest; // [place − _origin] → the longest pattern there, or −1
        private int _from, _origin;
        private int _matched = -1; // where the last match ended, without white space
        private long _steps = steps;

        /// <summary>Where the match begins, with the white space that it swallowed.</summary>
        public int Start { get; private set; }

        /// <summary>Where the last match ended, before it the start of the text.</summary>
        public int End { get; private set; }

        /// <summary>The next match; null: there is none.</summary>
        public AddedToken? Next()
        {
            while (_from < _text.Length || _from == _text.Length && matcher._empty is not null)
            {
                int skip = matcher._empty is null ? _text[_from..].IndexOfAny(matcher._first!) : 0;
                if (skip < 0) return null;
                _from += skip;
                int found = _from < _text.Length && matcher.MayStart(_text, _from) ? Longest() : -1;
                if (found < 0 && matcher._empty is { } cut) ThrowIfWithinCharacter(cut);
                if (found < 0 && (matcher._empty is null || _from == _matched))
                {
                    _from++;
                    continue;
                }

                AddedToken token = found < 0 ? matcher._empty! : matcher._tokens[found];
                int start = _from, end = found < 0 ? _from : _from + matcher._patterns[found].Length;
                _from = _matched = end;
                if (token.SingleWord && (IsWordBefore(_text, start) || IsWordAt(_text, end))) continue;
                if (token.LStrip)
                {
                    while (start > End && UnicodeData.IsWhiteSpace(_text[start - 1])) start--;
                    start = Math.Max(start, End);
                }
                if (token.RStrip)
                {
                    end = Math.Max(end, End); // what the last match swallowed behind this token is white space
                    while (end < _text.Length && UnicodeData.IsWhiteSpace(_text[end])) end++;
                }
                (Start, End) = (start, Math.Max(start, end));
                return token;
            }
            return null;
        }

        private readonly void ThrowIfWithinCharacter(AddedToken cut)
        {
            if (_from == _text.Length || _text[_from] < 0x80) return;
            int at = _from;
            int codePoint = UnicodeData.Next(_text, ref at);
            throw new TokenizerException($"The added token \"{cut.Content}\" is empty when normalized, which cuts texts at every byte; this one has U+{codePoint:X4}, of several bytes. Set \"normalized\" of the token to false.");
        }

        private int Longest()
        {
            if (_longest is null && _steps >= 0) return matcher.Longest(_text[_from..], ref _steps);
            if (_longest is null) (_longest, _origin) = (matcher._automaton.Value.Longest(_text[_from..]), _from);
            return _longest[_from - _origin];
        }
    }

    /// <summary>Whether some pattern may begin with the next two units; a space in ordinary text mostly cannot be a run of spaces.</summary>
    private bool MayStart(ReadOnlySpan<char> text, int i) =>
        Has(Place(text[i])) || i + 1 < text.Length && Has(Place(text[i], text[i + 1]));

    private bool Has(int place) => (_pairs[place >> 6] >> place & 1) != 0;

    private static int Place(int first, int second = 0x10000) => (int)((uint)(first * 31 + second) * 0x9E3779B1u >> 20);

    /// <summary>The longest pattern that the text begins with; −1: none.</summary>
    private int Longest(ReadOnlySpan<char> text, ref long steps)
    {
        int found = -1, low = 0, high = _patterns.Length; // the patterns that begin with the first i units
        for (int i = 0; i < text.Length; i++, steps--)
        {
            low = Bound(low, high, i, text[i]);
            high = Bound(low, high, i, text[i] + 1);
            if (low == high) break;
            if (_patterns[low].Length == i + 1) found = low; // the shortest of them comes first
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
