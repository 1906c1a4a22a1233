namespace Cloze.Tokenizers;

/// <summary>A view of text on its way through the normalizers, with the place that each UTF-16 unit came from.</summary>
/// <remarks>
/// A span is start · 4 + length: the original code point (0, 1 or 2 units) that a unit stands for. Every edit of the reference gives a character the span of
/// exactly one original code point, so two bits are enough. <see cref="Spans"/> is empty while unit i stands for unit Origin + i.
/// </remarks>
internal readonly ref struct AlignedText(ReadOnlySpan<char> chars, ReadOnlySpan<uint> spans, int origin, ReadOnlySpan<char> readable = default)
{
    public ReadOnlySpan<char> Chars { get; } = chars;

    /// <summary>The same with units behind the end that may be read, so that vector loads need no care there.</summary>
    public ReadOnlySpan<char> Readable { get; } = readable.IsEmpty ? chars : readable;

    public ReadOnlySpan<uint> Spans { get; } = spans;

    /// <summary>Where the view begins in the original text.</summary>
    public int Origin { get; } = origin;

    public bool IsIdentity => Spans.IsEmpty;

    public uint Span(int i, int units) => Spans.IsEmpty ? (uint)(Origin + i) << 2 | (uint)units : Spans[i];

    /// <summary>A part of the text.</summary>
    public AlignedText Slice(int start, int end) =>
        new(Chars[start..end], Spans.IsEmpty ? default : Spans[start..end], Origin + (Spans.IsEmpty ? start : 0), Readable[start..]);

    /// <summary>Where [start, end) lies in the original text.</summary>
    public TokenOffset Original(int start, int end)
    {
        if (Spans.IsEmpty) return new(Origin + start, Origin + end);
        uint last = Spans[end - 1];
        return new((int)(Spans[start] >> 2), (int)(last >> 2) + (int)(last & 3));
    }
}
