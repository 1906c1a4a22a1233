using System.Buffers;
using System.Text.Unicode;

namespace Cloze.Tokenizers;

/// <summary>Runs of tokens like &lt;0xE2&gt; become the UTF-8 text that their bytes make; where they make none, a token U+FFFD for each.</summary>
/// <remarks>tokenizers decoders/byte_fallback.rs.</remarks>
internal sealed class ByteFallbackDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        List<string> texts = new(tokens.Count);
        ArrayBufferWriter<byte> bytes = new();
        foreach (string token in tokens)
        {
            if (ByteOf(token) is >= 0 and int value)
            {
                bytes.Write([(byte)value]);
                continue;
            }
            Flush(bytes, texts);
            texts.Add(token);
        }
        Flush(bytes, texts);
        return texts;
    }

    private static void Flush(ArrayBufferWriter<byte> bytes, List<string> texts)
    {
        if (bytes.WrittenCount == 0) return;
        if (Utf8.IsValid(bytes.WrittenSpan)) texts.Add(System.Text.Encoding.UTF8.GetString(bytes.WrittenSpan));
        else texts.AddRange(Enumerable.Repeat("\uFFFD", bytes.WrittenCount)); // tokens of their own for the next decoder
        bytes.ResetWrittenCount();
    }

    /// <summary>The byte, or −1. The reference's number may have a sign in the place of its first digit.</summary>
    private static int ByteOf(string token)
    {
        if (token.Length != 6 || !token.StartsWith("<0x", StringComparison.Ordinal) || token[5] != '>' || !char.IsAsciiHexDigit(token[4])) return -1;
        int low = Convert.ToInt32(token[4..5], 16);
        return token[3] == '+' ? low : char.IsAsciiHexDigit(token[3]) ? Convert.ToInt32(token[3..4], 16) << 4 | low : -1;
    }
}
