namespace Cloze.Tokenizers;

/// <summary>Lower case code point by code point, without context (Σ gives σ everywhere).</summary>
/// <remarks>tokenizers normalizers/utils.rs. Unicode 17.0.</remarks>
internal sealed class Lowercase : INormalizer
{
    public bool IsLocalAtSpaces => true;

    public void Normalize(AlignedText source, AlignedBuffer target)
    {
        target.Start(source);
        ReadOnlySpan<char> text = source.Chars;
        for (int i = 0; i < text.Length;)
        {
            int at = i;
            int lower = UnicodeData.ToLower(UnicodeData.Next(text, ref i), out int extra);
            uint span = source.Span(at, i - at);
            target.Append(lower, span);
            if (extra != 0) target.Append(extra, span);
        }
    }
}
