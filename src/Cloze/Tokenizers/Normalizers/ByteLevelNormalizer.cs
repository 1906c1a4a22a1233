namespace Cloze.Tokenizers;

/// <summary>Every byte of the text in UTF-8 becomes a letter of its own.</summary>
/// <remarks>tokenizers normalizers/byte_level.rs. A character's first byte stands for it, the others are insertions.</remarks>
internal sealed class ByteLevelNormalizer : INormalizer
{
    public bool IsLocalAtSpaces => true;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        AlignedEdit edit = new(source, target);
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < text.Length;)
        {
            int count = new System.Text.Rune(UnicodeData.Next(text, ref i)).EncodeToUtf8(bytes);
            for (int k = 0; k < count; k++) edit.Put(ByteAlphabet.LetterOf(bytes[k]), k == 0 ? 0 : 1);
        }
        return true;
    }
}
