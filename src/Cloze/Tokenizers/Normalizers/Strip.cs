namespace Cloze.Tokenizers;

/// <summary>Leaves out white space at the ends of the text.</summary>
/// <remarks>tokenizers normalizers/strip.rs.</remarks>
internal sealed class Strip(bool left, bool right) : INormalizer
{
    public bool IsLocalAtSpaces => false;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        int start = 0, end = text.Length;
        while (left && start < end && UnicodeData.IsWhiteSpace(text[start])) start++;
        while (right && end > start && UnicodeData.IsWhiteSpace(text[end - 1])) end--;
        if (end - start == text.Length) return false;
        AlignedEdit edit = new(source, target);
        edit.SkipTo(start);
        edit.Copy(end);
        return true;
    }
}
