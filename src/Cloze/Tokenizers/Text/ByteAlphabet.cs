namespace Cloze.Tokenizers;

/// <summary>GPT-2's letters for bytes: printable Latin-1 stands for itself, the other 68 bytes for U+0100 to U+0143 in ascending order.</summary>
/// <remarks>Radford et al. 2019, encoder.py, bytes_to_unicode.</remarks>
internal static class ByteAlphabet
{
    private static readonly char[] s_letters = new char[256];
    private static readonly short[] s_bytes = new short[0x144]; // −1: no byte has this letter

    static ByteAlphabet()
    {
        Array.Fill(s_bytes, (short)-1);
        int next = 0x100;
        for (int b = 0; b < 256; b++)
        {
            bool isItself = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            s_letters[b] = (char)(isItself ? b : next++);
            s_bytes[s_letters[b]] = (short)b;
        }
    }

    public static char LetterOf(byte value) => s_letters[value];

    /// <summary>The byte of a letter, or −1.</summary>
    public static int ByteOf(char letter) => letter < s_bytes.Length ? s_bytes[letter] : -1;
}
