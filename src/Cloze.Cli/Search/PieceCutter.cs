using Cloze.Tokenizers;
namespace Cloze.Cli.Search;

/// <summary>Cuts what is longer than a model reads into overlapping pieces, so that nothing is dropped.</summary>
/// <remarks>
/// Cuts stand before a line or a sentence; where none does within the limit, before a word. A piece begins with at most a quarter of the one before.
/// </remarks>
/// <param name="tokenizer">The model's.</param>
/// <param name="maxTokens">Tokens that the model reads, special ones included.</param>
/// <param name="prompt">What the model reads before each piece.</param>
internal sealed class PieceCutter(Tokenizer tokenizer, int maxTokens, string prompt)
{
    private const int MostOverlap = 4, WordOverlap = 8;   // one part in so many
    private readonly int _room = Math.Max(1, maxTokens - tokenizer.EncodeToIds(prompt).Ids.Length);

    public IEnumerable<Piece> Cut(Piece piece) => Excess(piece) <= 0 ? [piece] : Cut(piece, _room);

    private IEnumerable<Piece> Cut(Piece whole, int room)
    {
        foreach (Piece piece in Pieces(whole, new(whole.Text, tokenizer.Encode(whole.Text)), room))
        {
            int excess = Excess(piece);   // alone and behind the prompt, a piece may take more tokens than within the whole
            if (excess <= 0 || room == 1) yield return piece;
            else foreach (Piece part in Cut(piece, Math.Max(1, room - excess))) yield return part;
        }
    }

    /// <summary>How many tokens of a piece the model would not read, if above 0.</summary>
    private int Excess(Piece piece) => tokenizer.EncodeToIds(prompt + piece.Text).Ids.Length - maxTokens;

    private static IEnumerable<Piece> Pieces(Piece whole, Places places, int room)
    {
        int count = places.Count;
        for (int start = 0, end = 0; end < count;)
        {
            int before = end;
            end = start + room >= count ? count : places.LastSentence(before + 1, start + room) ?? places.LastWord(before + 1, start + room) ?? start + room;
            yield return places.Piece(whole, start, end, isLast: end == count);
            if (end == count) yield break;
            start = places.FirstSentence(Math.Max(start + 1, end - room / MostOverlap), end - 1)
                ?? places.FirstWord(Math.Max(start + 1, end - room / WordOverlap), end - 1) ?? end;
        }
    }

    /// <summary>Where each token begins, and which of them begin a word or a sentence.</summary>
    private sealed class Places
    {
        private readonly string _text;
        private readonly List<int> _starts = [];
        private readonly List<bool> _word = [], _sentence = [];

        public Places(string text, Encoding encoding)
        {
            _text = text;
            int[] special = encoding.SpecialTokensMask();
            for (int token = 0, word = -1, last = 0; token < encoding.Count; token++)
            {
                if (special[token] == 1) continue;
                int start = encoding.Offsets[token].Start;
                _word.Add(encoding.WordIds[token] != word);
                _sentence.Add(EndsSentence(text.AsSpan(last..start)) || (start > 0 && IsFullStop(text[start - 1])));
                _starts.Add(start);
                (word, last) = (encoding.WordIds[token], start);
            }
        }

        public int Count => _starts.Count;

        public int? LastSentence(int from, int to) => Last(_sentence, from, to);
        public int? LastWord(int from, int to) => Last(_word, from, to);
        public int? FirstSentence(int from, int to) => First(_sentence, from, to);
        public int? FirstWord(int from, int to) => First(_word, from, to);

        /// <summary>Tokens from <paramref name="start"/> to before <paramref name="end"/>, with all that stands between and behind them.</summary>
        public Piece Piece(Piece whole, int start, int end, bool isLast)
        {
            int from = start == 0 ? 0 : _starts[start], to = isLast ? _text.Length : _starts[end];
            ReadOnlySpan<char> text = _text.AsSpan(from..to).TrimEnd();
            long line = whole.Line + _text.AsSpan(0, from).Count('\n');
            return new(whole.Path, line, line + text.Count('\n'), text.ToString());
        }

        /// <summary>Whether a line ends between the beginnings of two tokens, or a sentence: white space after a closing mark.</summary>
        private static bool EndsSentence(ReadOnlySpan<char> between)
        {
            if (between.Contains('\n')) return true;
            ReadOnlySpan<char> last = between.TrimEnd();
            return last.Length < between.Length && last.TrimEnd("\"'”’)]»") is [.., '.' or '!' or '?' or '…'];
        }

        private static bool IsFullStop(char c) => c is '。' or '！' or '？';

        private static int? Last(List<bool> marks, int from, int to)
        {
            for (int token = to; token >= from; token--) if (marks[token]) return token;
            return null;
        }

        private static int? First(List<bool> marks, int from, int to)
        {
            for (int token = from; token <= to; token++) if (marks[token]) return token;
            return null;
        }
    }
}
