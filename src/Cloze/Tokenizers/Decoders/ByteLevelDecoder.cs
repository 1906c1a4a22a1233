using System.Buffers;
using System.Text;

namespace Cloze.Tokenizers;

/// <summary>Letters become the bytes that they stand for, all tokens together one UTF-8 text; a token with any other letter counts as itself.</summary>
/// <remarks>tokenizers pre_tokenizers/byte_level.rs, decode_chain. What is not UTF-8 becomes U+FFFD.</remarks>
internal sealed class ByteLevelDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        ArrayBufferWriter<byte> bytes = new();
        foreach (string token in tokens)
        {
            Span<byte> room = bytes.GetSpan(token.Length + 1);
            int count = 0;
            foreach (char letter in token)
            {
                int value = ByteAlphabet.ByteOf(letter);
                if (value < 0) break;
                room[count++] = (byte)value;
            }
            if (count == token.Length) bytes.Advance(count);
            else System.Text.Encoding.UTF8.GetBytes(token, bytes);
        }
        return [System.Text.Encoding.UTF8.GetString(bytes.WrittenSpan)];
    }
}
