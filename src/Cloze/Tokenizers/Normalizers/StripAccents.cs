namespace Cloze.Tokenizers;

/// <summary>Leaves out every mark, of all three kinds (Mn, Mc, Me). Does not decompose.</summary>
/// <remarks>tokenizers normalizers/strip.rs. Unicode 9.0.</remarks>
internal sealed class StripAccents : INormalizer
{
    public bool IsLocalAtSpaces => true;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        int mark = NextMark(text, 0, out int end);
        if (mark == text.Length) return false;
        AlignedEdit edit = new(source, target);
        for (; mark < text.Length; mark = NextMark(text, end, out end))
        {
            edit.Copy(mark);
            edit.SkipTo(end);
        }
        edit.Copy(text.Length);
        return true;
    }

    /// <summary>Where the next mark stands, and where it ends; the end of the text: there is none.</summary>
    private static int NextMark(ReadOnlySpan<char> text, int from, out int end)
    {
        while (from < text.Length)
        {
            int skip = text[from..].IndexOfAnyExceptInRange('\0', '\u02FF'); // no marks below
            if (skip < 0) break;
            from += skip;
            end = from;
            if (UnicodeData.IsMark(UnicodeData.Next(text, ref end))) return from;
            from = end;
        }
        return end = text.Length;
    }
}
