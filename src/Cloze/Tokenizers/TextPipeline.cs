namespace Cloze.Tokenizers;

/// <summary>
/// From a text to the tokens of one sequence: added tokens → normalizer → normalized added tokens → pre-tokenizer → model. Immutable, shared between
/// threads.
/// </summary>
internal sealed class TextPipeline
{
    /// <summary>
    /// Longer texts go through in blocks of about this many UTF-16 units where the parts allow it, so that they stay in the cache and end early.
    /// </summary>
    internal const int BlockLength = 8192;

    /// <summary>Pre-tokens between two looks at whether there are tokens enough.</summary>
    private const int WordsAtATime = 1024;

    private readonly INormalizer? _normalizer;
    private readonly PreTokenization _preTokenization;
    private readonly ITokenModel _model;
    private readonly AddedTokenMatcher _raw, _normalized;
    private readonly bool _isLocalAtSpaces;

    public TextPipeline(INormalizer? normalizer, PreTokenization preTokenization, ITokenModel model, IReadOnlyList<AddedToken> addedTokens)
    {
        (_normalizer, _preTokenization, _model) = (normalizer, preTokenization, model);
        List<AddedToken> raw = [], normalized = [];
        foreach (bool special in (ReadOnlySpan<bool>)[true, false]) // of two that are one when normalized the first counts
        {
            foreach (AddedToken token in addedTokens)
                if (token.Special == special) (token.Normalized ? normalized : raw).Add(token);
        }
        _raw = new(raw, text => text);
        long made = 0, given = 0;
        _normalized = new(normalized, text =>
        {
            string pattern = Normalize(text);
            TextGrowth.Check(made += pattern.Length, given += text.Length, "The normalizer makes of added tokens");
            return pattern;
        });
        _isLocalAtSpaces = normalizer is null or { IsLocalAtSpaces: true } && preTokenization.IsLocalAtSpaces && _normalized.IsEmpty;
    }

    public string Normalize(string text)
    {
        if (_normalizer is null) return text;
        AlignedBuffer buffer = new();
        ReadOnlySpan<char> clean = LoneSurrogates.Replace(text);
        return (_normalizer.Normalize(new(clean, default, 0), buffer) ? buffer.Text.Chars : clean).ToString();
    }

    /// <summary>Appends the tokens of one text.</summary>
    /// <param name="text">Lone surrogates count as U+FFFD.</param>
    /// <param name="sink">Takes the tokens.</param>
    /// <param name="work">Memory of the call.</param>
    /// <param name="limit">May end once there are this many tokens.</param>
    /// <exception cref="TokenizerException">The text grows out of proportion, or the model cannot tokenize it.</exception>
    /// <param name="word">The number that all tokens have as their word; null: pre-tokens are counted from 0.</param>
    public void Run(ReadOnlySpan<char> text, TokenSink sink, Workspace work, int limit, int? word)
    {
        text = LoneSurrogates.Replace(text);
        work.Given += text.Length;
        Pass pass = new(sink, work, limit, word);
        sink.Limit = limit;
        if (!_raw.MayMatch(text))
        {
            Piece(text, 0, ref pass);
            return;
        }

        int taken = 0;
        for (AddedTokenMatcher.Scan scan = _raw.In(text); scan.Next() is { } token; taken = scan.End)
        {
            if (scan.Start > taken) Piece(text[taken..scan.Start], taken, ref pass);
            if (pass.IsDone) return;
            pass.Add(token, new(text, default, 0), scan.Start, scan.End);
        }
        if (taken < text.Length) Piece(text[taken..], taken, ref pass);
    }

    /// <summary>A piece without raw added tokens, in blocks where that changes nothing.</summary>
    private void Piece(ReadOnlySpan<char> text, int origin, ref Pass pass)
    {
        while (_isLocalAtSpaces && text.Length > BlockLength * 2)
        {
            int cut = SpaceBehindText(text, BlockLength);
            if (cut < 0) break;
            Block(text[..cut], origin, ref pass);
            if (pass.IsDone) return;
            text = text[cut..];
            origin += cut;
        }
        Block(text, origin, ref pass);
    }

    /// <summary>The first space from <paramref name="from"/> on that follows something else than white space; −1: there is none.</summary>
    private static int SpaceBehindText(ReadOnlySpan<char> text, int from)
    {
        for (int at = from; ; at++)
        {
            int skip = text[at..].IndexOf(' ');
            if (skip < 0) return -1;
            at += skip;
            if (!UnicodeData.IsWhiteSpace(text[at - 1])) return at;
        }
    }

    private void Block(ReadOnlySpan<char> source, int origin, ref Pass pass)
    {
        AlignedText text = new(source, default, origin);
        if (_normalizer is not null && _normalizer.Normalize(text, pass.Work.Buffer)) text = pass.Work.Buffer.Text;
        if (!_normalized.MayMatch(text.Chars))
        {
            Model(text, 0, text.Chars.Length, ref pass);
            return;
        }

        int taken = 0;
        for (AddedTokenMatcher.Scan scan = _normalized.In(text.Chars); scan.Next() is { } token; taken = scan.End)
        {
            if (scan.Start > taken) Model(text, taken, scan.Start, ref pass);
            pass.Add(token, text, scan.Start, scan.End);
        }
        if (taken < text.Chars.Length) Model(text, taken, text.Chars.Length, ref pass);
    }

    private void Model(AlignedText text, int start, int end, ref Pass pass)
    {
        AlignedText words = _preTokenization.Run(text.Slice(start, end), pass.Work);
        TextGrowth.Check(pass.Work.Made += words.Chars.Length, pass.Work.Given, "Normalizer and pre-tokenizer make");
        ReadOnlySpan<Split> splits = pass.Work.Splits.Items;
        while (!splits.IsEmpty && !pass.IsDone)
        {
            ReadOnlySpan<Split> some = splits[..Math.Min(splits.Length, WordsAtATime)];
            int first = pass.Sink.Count;
            _model.Tokenize(words.Readable, some, words.IsIdentity ? words.Origin : 0, pass.Word, pass.Step, pass.Sink);
            pass.Words += some.Length;
            pass.Sink.ToOriginal(first, words);
            splits = splits[some.Length..];
        }
    }

    /// <summary>One text on its way.</summary>
    private ref struct Pass(TokenSink sink, Workspace work, int limit, int? word)
    {
        private readonly int? _word = word;
        private readonly int _limit = limit;

        public readonly TokenSink Sink = sink;
        public readonly Workspace Work = work;

        /// <summary>Pre-tokens so far.</summary>
        public int Words;

        /// <summary>The number of the next pre-token.</summary>
        public readonly int Word => _word ?? Words;

        public readonly int Step => _word is null ? 1 : 0;

        public readonly bool IsDone => Sink.Count >= _limit;

        /// <summary>Appends an added token that stands from <paramref name="start"/> to <paramref name="end"/> of <paramref name="text"/>; nothing, if that is empty.</summary>
        public void Add(AddedToken token, AlignedText text, int start, int end)
        {
            if (end == start) return;
            ReadOnlySpan<char> matched = text.Chars[start..end];
            int index = Sink.Count;
            if (!matched.SequenceEqual(token.Content)) Sink.AddSurface(matched);
            Sink.StartWord(text.IsIdentity ? text.Origin : 0, Word);
            Sink.Add(token.Id, start, matched.Length);
            Sink.ToOriginal(index, text);
            Words++;
        }
    }
}
