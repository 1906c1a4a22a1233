namespace Cloze.Tokenizers;

/// <summary>Takes the white space at both ends of a byte-level token out of its offsets (<c>trim_offsets</c>).</summary>
/// <remarks>tokenizers pre_tokenizers/byte_level.rs, process_offsets.</remarks>
/// <param name="KeepsFirst"><c>add_prefix_space</c>: one space before the first token may have been put there; it stays (two were the text's).</param>
/// <param name="IsBehindTemplate">Special tokens stand around the sequence already, so that its first token is not the first.</param>
internal sealed record OffsetTrim(bool KeepsFirst, bool IsBehindTemplate);

/// <summary>How much white space a token begins and ends with: its vocabulary entry's, read once.</summary>
internal sealed class TokenSpaces
{
    private const int Most = byte.MaxValue;

    private readonly Func<int, string?> _tokenOf;
    private readonly ushort[] _known; // 1 + leading + 256 · trailing, 0: not read yet; tokens with more are counted again each time

    public TokenSpaces(Func<int, string?> tokenOf, int largestId) => (_tokenOf, _known) = (tokenOf, new ushort[(int)Math.Min(largestId + 1L, 1 << 20)]);

    /// <summary>Trims the offsets of a window of a sink's tokens, of which <paramref name="firstIndex"/> is the first.</summary>
    public void Trim(OffsetTrim trim, ReadOnlySpan<int> ids, Span<TokenOffset> offsets, TokenSink sink, int firstIndex)
    {
        List<TokenSurface> surfaces = sink.Surfaces; // these tokens have a text of their own
        int next = sink.SurfaceFrom(firstIndex), wide = sink.WidePrefixes.BinarySearch(firstIndex); // they stand in the order of their tokens
        if (wide < 0) wide = ~wide;
        for (int i = 0; i < ids.Length; i++)
        {
            (int leading, int trailing) = Of(ids[i]);
            while (next < surfaces.Count && surfaces[next].Index < firstIndex + i) next++;
            if (next < surfaces.Count && surfaces[next].Index == firstIndex + i) (leading, trailing) = Count(surfaces[next].Text);
            if (leading == 0 && trailing == 0) continue;
            while (wide < sink.WidePrefixes.Count && sink.WidePrefixes[wide] < firstIndex + i) wide++;
            bool isWide = wide < sink.WidePrefixes.Count && sink.WidePrefixes[wide] == firstIndex + i;
            (int start, int end) = (offsets[i].Start, offsets[i].End);
            if (leading == 1 && trim.KeepsFirst && (i == 0 && !trim.IsBehindTemplate || start == 0)) leading = 0;
            if (isWide && end - start == trailing + 1) trailing++; // nothing but spaces, the first of which has two units
            if (isWide && leading > 0) leading++;
            start = Math.Min(start + leading, end);
            if (end >= trailing) end = Math.Max(end - trailing, start);
            offsets[i] = new(start, end);
        }
    }

    private (int Leading, int Trailing) Of(int id)
    {
        if (id >= _known.Length) return Count(_tokenOf(id) ?? "");
        int known = _known[id];
        if (known != 0) return ((known & 255) - 1, known >> 8);
        (int leading, int trailing) = Count(_tokenOf(id) ?? "");
        if (leading < Most && trailing <= Most) _known[id] = (ushort)(trailing << 8 | leading + 1);
        return (leading, trailing);
    }

    private static (int Leading, int Trailing) Count(string token)
    {
        int leading = 0, trailing = 0;
        while (leading < token.Length && IsSpace(token[leading])) leading++;
        while (trailing < token.Length && IsSpace(token[^(trailing + 1)])) trailing++;
        return (leading, trailing);
    }

    private static bool IsSpace(char c) => c == 'Ġ' || UnicodeData.IsWhiteSpace(c);
}
