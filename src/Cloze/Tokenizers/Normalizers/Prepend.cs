namespace Cloze.Tokenizers;

/// <summary>Puts a text before every text that is not empty.</summary>
/// <remarks>
/// tokenizers tokenizer/normalizer.rs, prepend: the new text's first character takes the place of the first old one, which is inserted behind the new text. So all of
/// them have the span of the first old character.
/// </remarks>
internal sealed class Prepend(string prefix) : INormalizer
{
    public bool IsLocalAtSpaces => false;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        if (text.IsEmpty) return false;
        int end = 0;
        int first = UnicodeData.Next(text, ref end);
        AlignedEdit edit = new(source, target);
        for (int i = 0, change = 0; i < prefix.Length; change = 1) edit.Put(UnicodeData.Next(prefix, ref i), change);
        edit.Put(first, 1);
        edit.SkipTo(end);
        edit.Copy(text.Length);
        return true;
    }
}
