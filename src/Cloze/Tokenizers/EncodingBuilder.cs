using System.Runtime.InteropServices;

namespace Cloze.Tokenizers;

/// <summary>From the tokens of one or two sequences to encodings: truncation, template, windows, padding.</summary>
internal sealed class EncodingBuilder(Tokenizer tokenizer, Template template)
{
    /// <summary>Tokens of all windows of one request: so many, and so many times those of the texts.</summary>
    private const long MostTokens = 1 << 22, MostTimes = 64;

    private readonly Template _template = template, _plain = template.WithoutSpecials();
    private readonly TokenSpaces? _spaces = template.Trims.Count > 0 ? new(tokenizer.TokenOf, tokenizer.LargestId) : null;

    /// <summary>The encoding before padding, so that a batch can be padded together.</summary>
    public Encoding Build(Workspace work, bool isPair, EncodeOptions options)
    {
        Template template = options.AddSpecialTokens ? _template : _plain;
        Cut whole = new(new(0, work.First.Count), new(0, work.Second.Count));
        if (options.Truncation is not { } truncation) return Build(work, template, isPair, whole, []);

        CheckStride(truncation);
        (int keepFirst, int keepSecond) = truncation.Keep(work.First.Count, work.Second.Count, isPair, template.AddedCount(isPair));
        if (keepFirst == work.First.Count && keepSecond == work.Second.Count) return Build(work, template, isPair, whole, []);

        List<Window> first = truncation.Windows(work.First.Count, keepFirst), second = truncation.Windows(work.Second.Count, keepSecond);
        return Build(work, template, isPair, new(first[0], second[0]), options.ReturnOverflow ? Overflow(work, template, isPair, first, second) : []);
    }

    /// <summary>The ids and types of the kept window alone.</summary>
    public TokenIds BuildIds(Workspace work, bool isPair, int maxLength)
    {
        (int first, int second) = new Truncation(maxLength).Keep(work.First.Count, work.Second.Count, isPair, _template.AddedCount(isPair));
        int[] ids = new int[first + second + _template.AddedCount(isPair)];
        int[]? types = null;
        int at = 0;
        foreach (TemplatePiece piece in _template.Pieces(isPair))
        {
            ReadOnlySpan<int> source = piece.Source switch
            {
                TokenSource.First => work.First.Ids[..first],
                TokenSource.Second => work.Second.Ids[..second],
                _ => piece.Ids,
            };
            source.CopyTo(ids.AsSpan(at));
            if (piece.TypeId != 0) (types ??= new int[ids.Length]).AsSpan(at, source.Length).Fill(piece.TypeId);
            at += source.Length;
        }
        return new(ids, types);
    }

    /// <summary>As <see cref="BuildIds"/> for one sequence, appended.</summary>
    /// <returns>Whether tokens were left out.</returns>
    public bool AppendIds(Workspace work, int maxLength, TokenIdBuffer buffer)
    {
        (int kept, _) = new Truncation(maxLength).Keep(work.First.Count, 0, isPair: false, _template.AddedCount(isPair: false));
        foreach (TemplatePiece piece in _template.Pieces(isPair: false))
            buffer.Append(piece.Source == TokenSource.First ? work.First.Ids[..kept] : piece.Ids, piece.TypeId);
        return kept < work.First.Count;
    }

    public Encoding[] Pad(ReadOnlySpan<Encoding> encodings, Padding padding)
    {
        int longest = 0;
        foreach (Encoding encoding in encodings) longest = Math.Max(longest, encoding.Count);
        int length = padding.LengthFor(longest);
        Encoding[] padded = new Encoding[encodings.Length];
        for (int i = 0; i < padded.Length; i++) padded[i] = Pad(encodings[i], length, padding);
        return padded;
    }

    /// <summary>
    /// The reference checks the stride against the special tokens of a single text when it is set, before any text is seen, and lets one pass that is just as long: texts that are not cut, and those
    /// without special tokens, have an answer then.
    /// </summary>
    private void CheckStride(Truncation truncation)
    {
        if (truncation.Stride < 0 || truncation.MaxLength < 0)
            throw new TokenizerException($"max_length is {truncation.MaxLength} and stride is {truncation.Stride}; neither can be negative.");
        int room = truncation.MaxLength - _template.AddedCount(isPair: false);
        if (room >= 0 && truncation.Stride > room)
            throw new TokenizerException(
                $"stride is {truncation.Stride}; it must be less than the {room} tokens that max_length {truncation.MaxLength} leaves beside the special tokens.");
    }

    /// <summary>All pairs of windows but the kept one: the sequence that stands first in the template turns slowest, its kept window comes last.</summary>
    private List<Encoding> Overflow(Workspace work, Template template, bool isPair, List<Window> first, List<Window> second)
    {
        bool isSecondOuter = isPair && template.IsSecondFirst;
        (int outerCount, int innerCount) = isSecondOuter ? (second.Count, first.Count) : (first.Count, second.Count);
        long tokens = (long)outerCount * innerCount * (first[0].Length + second[0].Length + template.AddedCount(isPair));
        long most = MostTokens + MostTimes * (work.First.Count + work.Second.Count);
        if (tokens > most)
            throw new TokenizerException(
                $"The text has {(long)outerCount * innerCount} windows, {tokens} tokens in all; the most is {most}. "
                + "Give a longer max_length, a shorter stride, or less text.");

        List<Encoding> overflow = [];
        for (int outer = 1; outer < outerCount; outer++)
            for (int inner = 0; inner < innerCount; inner++) Add(outer, inner);
        for (int inner = 1; inner < innerCount; inner++) Add(0, inner);
        return overflow;

        void Add(int outer, int inner)
        {
            (int a, int b) = isSecondOuter ? (inner, outer) : (outer, inner);
            overflow.Add(Build(work, template, isPair, new(first[a], second[b], IsFirstFurther: a > 0, IsSecondFurther: b > 0), []));
        }
    }

    /// <summary>Copies one window of each sequence into a result, with the template's special tokens around them.</summary>
    private Encoding Build(Workspace work, Template template, bool isPair, Cut cut, IReadOnlyList<Encoding> overflow)
    {
        TemplatePiece[] pieces = template.Pieces(isPair);
        TokenRun[] runs = new TokenRun[pieces.Length];
        int count = 0;
        for (int i = 0; i < pieces.Length; i++)
        {
            TemplatePiece piece = pieces[i];
            int length = piece.Source switch { TokenSource.First => cut.First.Length, TokenSource.Second => cut.Second.Length, _ => piece.Ids.Length };
            // the reference sets the template's type on the kept window only; further windows keep 0 for A and 1 for B
            bool isFurther = piece.Source == TokenSource.First ? cut.IsFirstFurther : piece.Source == TokenSource.Second && cut.IsSecondFurther;
            runs[i] = new(length, isFurther && !template.HasTypesForAllWindows ? (int)piece.Source : piece.TypeId, piece.Source);
            count += length;
        }

        Lanes lanes = new(count);
        List<TokenSurface>? surfaces = null;
        int at = 0;
        for (int i = 0; i < pieces.Length; at += runs[i++].Length)
        {
            TemplatePiece piece = pieces[i];
            if (piece.Source == TokenSource.Special)
            {
                piece.Ids.CopyTo(lanes.Ids[at..]);
                lanes.Words.Slice(at, piece.Ids.Length).Fill(-1);
                lanes.Offsets.Slice(at, piece.Ids.Length).Clear();
                if (!piece.HasSurfaces) continue;
                for (int k = 0; k < piece.Tokens.Length; k++) (surfaces ??= []).Add(new(at + k, piece.Tokens[k]));
            }
            else
            {
                (TokenSink sink, Window window) = piece.Source == TokenSource.First ? (work.First, cut.First) : (work.Second, cut.Second);
                sink.Ids.Slice(window.Start, window.Length).CopyTo(lanes.Ids[at..]);
                sink.Words.Slice(window.Start, window.Length).CopyTo(lanes.Words[at..]);
                Span<TokenOffset> offsets = lanes.Offsets.Slice(at, window.Length);
                sink.Offsets.Slice(window.Start, window.Length).CopyTo(offsets);
                foreach (OffsetTrim trim in template.Trims) _spaces!.Trim(trim, lanes.Ids.Slice(at, window.Length), offsets, sink, window.Start);
                for (int k = sink.SurfaceFrom(window.Start); k < sink.Surfaces.Count && window.Holds(sink.Surfaces[k].Index); k++)
                    (surfaces ??= []).Add(new(at + sink.Surfaces[k].Index - window.Start, sink.Surfaces[k].Text));
            }
        }
        return new(tokenizer, lanes.All, runs, surfaces?.ToArray(), overflow);
    }

    private Encoding Pad(Encoding encoding, int length, Padding padding)
    {
        Encoding[] overflow = new Encoding[encoding.Overflow.Count];
        for (int i = 0; i < overflow.Length; i++) overflow[i] = Pad(encoding.Overflow[i], length, padding);
        int missing = length - encoding.Count;
        if (missing <= 0) return new(tokenizer, encoding.Lanes, encoding.Runs, encoding.Surfaces, overflow);

        bool isLeft = padding.Side == Side.Left;
        int shift = isLeft ? missing : 0, pads = isLeft ? 0 : encoding.Count;
        Lanes lanes = new(length);
        encoding.Ids.CopyTo(lanes.Ids[shift..]);
        encoding.WordIds.CopyTo(lanes.Words[shift..]);
        encoding.Offsets.CopyTo(lanes.Offsets[shift..]);
        lanes.Ids.Slice(pads, missing).Fill(padding.PadId);
        lanes.Words.Slice(pads, missing).Fill(-1);
        lanes.Offsets.Slice(pads, missing).Clear();

        List<TokenSurface> surfaces = [];
        foreach (TokenSurface surface in encoding.Surfaces ?? []) surfaces.Add(new(surface.Index + shift, surface.Text));
        if (padding.PadToken != tokenizer.TokenOf(padding.PadId))
            for (int i = 0; i < missing; i++) surfaces.Add(new(pads + i, padding.PadToken));
        bool isNumbered = !_template.IsAbsent || Array.Exists(encoding.Runs, run => run.Source == TokenSource.Second);
        TokenRun run = new(missing, padding.PadTypeId, isNumbered ? TokenSource.Padding : TokenSource.PaddingOfFirst);
        return new(tokenizer, lanes.All, isLeft ? [run, .. encoding.Runs] : [.. encoding.Runs, run], surfaces.Count > 0 ? surfaces.ToArray() : null, overflow);
    }

    /// <summary>One window of each sequence; further ones are not the kept one.</summary>
    private readonly record struct Cut(Window First, Window Second, bool IsFirstFurther = false, bool IsSecondFurther = false);

    /// <summary>The one array of an <see cref="Encoding"/>.</summary>
    private readonly ref struct Lanes(int count)
    {
        public readonly int[] All = GC.AllocateUninitializedArray<int>(count * 4);

        public Span<int> Ids => All.AsSpan(0, All.Length / 4);
        public Span<int> Words => All.AsSpan(All.Length / 4, All.Length / 4);
        public Span<TokenOffset> Offsets => MemoryMarshal.Cast<int, TokenOffset>(All.AsSpan(All.Length / 2));
    }
}
