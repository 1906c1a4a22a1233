namespace Cloze.Tokenizers;

/// <summary>Leaves out control characters and makes other blanks spaces, as the first step of SentencePiece's nmt rules.</summary>
/// <remarks>tokenizers normalizers/unicode.rs, do_nmt.</remarks>
internal sealed class Nmt : INormalizer
{
    public bool IsLocalAtSpaces => true;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        AlignedEdit edit = new(source, target);
        bool isChanged = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is >= ' ' and < '\x7F') continue;
            bool isRemoved = c is >= '\x01' and <= '\x08' or '\x0B' or >= '\x0E' and <= '\x1F' or '\x7F' or '\x8F' or '\x9F';
            bool isBlank = c is '\t' or '\n' or '\f' or '\r' or '\u1680' or >= '\u200B' and <= '\u200F' or '\u2028' or '\u2029' or '\u2581' or '\uFEFF' or '\uFFFD';
            if (!isRemoved && !isBlank) continue;
            edit.Copy(i);
            if (isBlank) edit.Put(' ', 0);
            else edit.SkipTo(i + 1);
            isChanged = true;
        }
        edit.Copy(text.Length);
        return isChanged;
    }
}
