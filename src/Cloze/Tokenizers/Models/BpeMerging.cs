using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>Merges the symbols of words: the pair of least rank first, the leftmost of equals. Immutable, shared between threads.</summary>
/// <remarks>
/// A long word is merged window by window. A sequence of tokens is the encoding of its text exactly if every two neighbours are the encoding of theirs (the first merge
/// across a boundary would also happen in the two alone), and any part of an encoding is the encoding of its part of the text. So a window may begin at a token of the
/// window before, and the two join exactly if the second gives the same first token. That makes ids linear in the text. Holds for any order of merges.
/// </remarks>
/// <param name="merges">The pairs.</param>
/// <param name="windowSize">Symbols that are merged at a time in longer words.</param>
internal sealed class BpeMerging(PairTable merges, int windowSize = BpeMerging.DefaultWindow)
{
    public const int DefaultWindow = 2048;

    /// <summary>Symbols up to which looking for the least rank beats a heap.</summary>
    private const int ShortWord = 48;

    /// <summary>Tokens at the end of a window that the next window shall confirm, and tokens that a wrong guess may take back.</summary>
    private const int Unsure = 8, Kept = 16;

    /// <summary>Symbols of the longest token up to which <see cref="RunBeginning"/> is tried.</summary>
    private const int MostLong = 1024;

    /// <summary>Symbols of the longest token that merges make; more than <see cref="MostLong"/>: so many, or without end.</summary>
    private readonly Lazy<int> _longest = new(() => LongestToken(merges));

    /// <summary>
    /// Merges the beginning of a longer word and appends as many of its first tokens as the sink asks for, which the rest cannot change; true: done; false: that cannot be told, and nothing is
    /// appended; null: the beginning is too short.
    /// </summary>
    /// <remarks>
    /// Tokens have at most n symbols, so the encoding of the whole word has a boundary q among any n places that follow each other, and up to q it is the encoding of the text up to q (part of an encoding).
    /// So tokens that the encodings up to each of n such places begin with are final. By the same joining as above these need only be computed from a token on.
    /// </remarks>
    public bool? RunBeginning(BpeWord word, ReadOnlySpan<char> text, TokenSink sink, int rest)
    {
        int longest = _longest.Value;
        if (longest > MostLong || longest * 3L * longest > rest) return false; // reading on costs no more
        if (word.Count <= windowSize) return null;
        Windows windows = new(merges, word, text, sink, windowSize);
        int first = sink.Count;
        if (windows.Run(isBeginning: true) && windows.AreFinal(longest)) return true;
        bool isTooShort = sink.Count < sink.Limit;
        sink.Rewind(first);
        return isTooShort ? null : false;
    }

    /// <summary>Merges the word and appends its tokens.</summary>
    public void Run(BpeWord word, ReadOnlySpan<char> text, TokenSink sink)
    {
        if (word.Count > ShortWord)
        {
            Windows windows = new(merges, word, text, sink, windowSize);
            windows.Run(isBeginning: false);
            return;
        }
        Scan(word);
        BpeWriter writer = new(text, sink);
        for (int k = 0; k < word.Count; k++) writer.Add(word.Ids[k], word.Lengths[k]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scan(BpeWord word)
    {
        int n = word.Count;
        Span<int> ids = word.Ids, lengths = word.Lengths, ranks = stackalloc int[ShortWord + 1], merged = stackalloc int[ShortWord + 1];
        for (int k = 0; k + 1 < n; k++) ranks[k] = merges.Rank(ids[k], ids[k + 1], out merged[k]);
        while (n > 1)
        {
            int best = 0, least = ranks[0];
            for (int k = 1; k < n - 1; k++)
                if (ranks[k] < least) (best, least) = (k, ranks[k]);
            if (least == PairTable.NoRank) break;
            ids[best] = merged[best];
            lengths[best] += lengths[best + 1];
            n--;
            for (int k = best + 1; k < n; k++) (ids[k], lengths[k], ranks[k], merged[k]) = (ids[k + 1], lengths[k + 1], ranks[k + 1], merged[k + 1]);
            if (best + 1 < n) ranks[best] = merges.Rank(ids[best], ids[best + 1], out merged[best]);
            if (best > 0) ranks[best - 1] = merges.Rank(ids[best - 1], ids[best], out merged[best - 1]);
        }
        word.Count = n;
    }

    private static int LongestToken(PairTable merges)
    {
        const int MostPasses = 8; // one is enough where parts come before what they make
        (int Left, int Right, int Merged)[] inOrder = merges.InOrder();
        Dictionary<int, int> symbols = [];
        int longest = 1;
        for (int pass = 0; pass < MostPasses; pass++)
        {
            bool isChanged = false;
            foreach ((int left, int right, int merged) in inOrder)
            {
                int length = symbols.GetValueOrDefault(left, 1) + symbols.GetValueOrDefault(right, 1);
                if (length <= symbols.GetValueOrDefault(merged, 1)) continue;
                if (length > MostLong) return int.MaxValue;
                symbols[merged] = length;
                longest = Math.Max(longest, length);
                isChanged = true;
            }
            if (!isChanged) return longest;
        }
        return int.MaxValue;
    }

    /// <summary>A long word on its way.</summary>
    private ref struct Windows(PairTable merges, BpeWord word, ReadOnlySpan<char> text, TokenSink sink, int size)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private readonly int _firstToken = sink.Count;
        private BpeWriter _writer = new(text, sink);
        private int _size = size;
        private int _from; // the symbol at which the next window begins
        private int _joinId = -1, _joinSymbols; // the token there as the window before saw it; 0 symbols: there is none
        private int _retreats, _furthest, _attempts;

        /// <summary>Appends the tokens of the word; of the beginning of a word as many as the sink asks for, or false: there are fewer.</summary>
        public bool Run(bool isBeginning)
        {
            int total = word.Count;
            word.Pending.Clear();
            while (true)
            {
                int count = Math.Min(_size, total - _from), tokens = word.Window.Merge(merges, word.Ids.Slice(_from, count));
                bool isLast = _from + count == total;
                bool isJoined = _joinSymbols == 0 || word.Window.Ids[0] == _joinId && word.Window.Symbols[0] == _joinSymbols;
                if (++_attempts > 4L * total / _size + 16 && _size < total || isJoined && !isLast && tokens == 1)
                {
                    Restart(); // windows are too narrow here
                }
                else if (!isJoined)
                {
                    Retreat();
                }
                else
                {
                    if (isLast && isBeginning) return false;
                    int keep = isLast ? tokens : Math.Max(1, tokens - Unsure);
                    Keep(keep, isLast ? 0 : Kept);
                    if (isLast || isBeginning && sink.Count >= sink.Limit) return true;
                    (_joinId, _joinSymbols) = (word.Window.Ids[keep], word.Window.Symbols[keep]);
                    if (_from > _furthest) (_furthest, _retreats) = (_from, 0); // else two windows might contradict each other for ever
                }
            }
        }

        /// <summary>Whether the tokens written so far, and the next, begin the encoding of every text that begins as this one.</summary>
        /// <param name="longest">Symbols of the longest token.</param>
        public readonly bool AreFinal(int longest)
        {
            if (word.Pending.Count == 0) return false;
            BpeToken next = word.Pending[0];
            int from = _from;
            foreach (BpeToken token in word.Pending) from -= token.Symbols;
            int last = from + 2 * longest + ShortWord;
            if (last > word.Count) return false;
            for (int end = last - longest + 1; end <= last; end++)
            {
                word.Window.Merge(merges, word.Ids[from..end]);
                if (word.Window.Ids[0] != next.Id || word.Window.Symbols[0] != next.Symbols) return false;
            }
            return true;
        }

        /// <summary>Accepts the first tokens of the window, and writes all but the last <paramref name="pending"/>.</summary>
        private void Keep(int tokens, int pending)
        {
            for (int k = 0; k < tokens; k++)
            {
                int symbols = word.Window.Symbols[k], bytes = 0;
                foreach (int length in word.Lengths.Slice(_from, symbols)) bytes += length;
                word.Pending.Add(new(word.Window.Ids[k], symbols, bytes));
                _from += symbols;
            }
            int write = Math.Max(0, word.Pending.Count - pending);
            for (int k = 0; k < write; k++) _writer.Add(word.Pending[k].Id, word.Pending[k].Bytes);
            word.Pending.RemoveRange(0, write);
        }

        /// <summary>The window disagrees with the one before about its first token: begin one token earlier.</summary>
        private void Retreat()
        {
            if (_retreats++ >= Unsure || word.Pending.Count == 0)
            {
                Restart();
                return;
            }
            (_joinId, _joinSymbols, _) = word.Pending[^1];
            word.Pending.RemoveAt(word.Pending.Count - 1);
            _from -= _joinSymbols;
        }

        /// <summary>Neighbourhoods wider than a window decide here: begin again with a wider one, at last with the whole word.</summary>
        private void Restart()
        {
            sink.Rewind(_firstToken);
            word.Pending.Clear();
            _writer = new(_text, sink);
            (_from, _joinSymbols, _retreats, _furthest, _attempts) = (0, 0, 0, 0, 0);
            _size = _size > word.Count / 4 ? word.Count : _size * 4;
        }
    }
}
