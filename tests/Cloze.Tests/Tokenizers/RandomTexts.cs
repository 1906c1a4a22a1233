using System.Text;

namespace Cloze.Tests.Tokenizers;

/// <summary>Texts from a seed, the same in every run.</summary>
internal static class RandomTexts
{
    private static readonly string[] s_words = ["the", "Of", "unaffable", "tokenization", "café", "über", "don't", "3.14", "[MASK]", "naïve"[..2], "COVID-19", "x", "(see", "below)", "antidisestablishmentarianism"];

    public static IEnumerable<string> English(int count)
    {
        Random random = new(1);
        for (int i = 0; i < count; i++) yield return string.Join(random.Next(8) == 0 ? "  " : " ", Enumerable.Range(0, random.Next(1, 25)).Select(_ => s_words[random.Next(s_words.Length)]));
    }

    /// <summary>All of Unicode, with many marks, ideographs, white space, punctuation and lone surrogates.</summary>
    public static IEnumerable<string> Unicode(int count)
    {
        Random random = new(2);
        for (int i = 0; i < count; i++)
        {
            StringBuilder text = new();
            for (int k = random.Next(40); k > 0; k--)
            {
                text.Append(random.Next(9) switch
                {
                    0 => s_words[random.Next(s_words.Length)],
                    1 => " ",
                    2 => (char)random.Next(0x300, 0x370),
                    3 => (char)random.Next(0x4E00, 0x9FFF),
                    4 => (char)random.Next(0x80, 0x600),
                    5 => (char)random.Next(0x2000, 0x2070),
                    6 => char.ConvertFromUtf32(random.Next(0x10000, 0x110000)),
                    7 => (char)random.Next(0xD800, 0xE000),
                    _ => (char)random.Next(0x20, 0x7F),
                });
            }
            yield return text.ToString();
        }
    }
}
