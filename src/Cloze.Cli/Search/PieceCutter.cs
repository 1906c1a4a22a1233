using Cloze.Tokenizers;
namespace Cloze.Cli.Search;

/// <summary>Cuts what is longer than a model reads into overlapping pieces, so that nothing is dropped.</summary>
/// <remarks>
/// Cuts stand before a line or a sentence; where none does within the limit, before a word. A piece begins with at most a quarter of the one before.
/// </remarks>
internal sealed class PieceCutter(Tokenizer tokenizer, int maxTokens)
{
    private const int MostOverlap = 4, WordOverlap = 8;   // one part in so many

    public IEnumerable<Piece> Cut(Piece piece)
    {
        string text = piece.Text;
        if (text.Length < maxTokens) return [piece];   // a token takes a character, if the special ones are few
        Encoding encoding = tokenizer.Encode(text);
        int specials = encoding.SpecialTokensMask().Sum(), count = encoding.Count - specials, room = maxTokens - specials;
        return count <= room ? [piece] : Pieces(piece, new(text, encoding), count, Math.Max(1, room));
    }

    private static IEnumerable<Piece> Pieces(Piece whole, Places places, int count, int room)
    {
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
