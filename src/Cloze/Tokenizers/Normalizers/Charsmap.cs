using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Cloze.Tokenizers;

/// <summary>SentencePiece's precompiled character map: a double array over UTF-8 bytes, and the texts that its values point to. Immutable.</summary>
/// <remarks>
/// Format: sentencepiece, normalizer.cc and darts-clone (Aoe 1989): u32 size of the trie in bytes, its units, then replacements, each ended by a zero byte. A unit
/// has its label in the low 8 bits and bit 31, bit 8 says that a value follows, bits 9 to 30 are the offset.
/// </remarks>
internal sealed class Charsmap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <summary>ASCII characters that the map leaves alone.</summary>
    private readonly SearchValues<char> _plain;

    /// <exception cref="TokenizerException">It is no such map.</exception>
    /// <param name="blob">The map as the file holds it.</param>
    /// <param name="name">The file and the field, for messages.</param>
    public Charsmap(ReadOnlySpan<byte> blob, string name)
    {
        if (blob.Length < 8) throw new TokenizerException($"{name} has {blob.Length} bytes; the size of a trie, the trie and its replacements are needed. Fetch the file again.");
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(blob);
        if (size == 0 || size % 4 != 0 || size > blob.Length - 4)
            throw new TokenizerException($"{name} says that its trie has {size} bytes; a multiple of 4 up to the {blob.Length - 4} that follow is needed. Fetch the file again.");
        ReadOnlySpan<byte> replacements = blob[(4 + (int)size)..];
        if (!Utf8.IsValid(replacements)) throw new TokenizerException($"{name} has replacements that are not UTF-8. Fetch the file again.");
        _units = new uint[size / 4];
        MemoryMarshal.Cast<byte, uint>(blob.Slice(4, (int)size)).CopyTo(_units);
        if (!BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(_units, _units);
        _replacements = replacements.ToArray();

        Span<char> plain = stackalloc char[128];
        int count = 0;
        for (char c = '\0'; c < 128; c++)
            if (c != '\r' && !Find([(byte)c], out _)) plain[count++] = c; // \r may be followed by \n
        _plain = SearchValues.Create(plain[..count]);
    }

    /// <summary>How many leading units are ASCII that the map leaves alone.</summary>
    public int PlainRun(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(_plain) is >= 0 and int end ? end : text.Length;

    /// <summary>The replacement, in UTF-8, of the shortest key that <paramref name="text"/> (UTF-8) begins with; false: there is none.</summary>
    public bool Find(scoped ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        uint at = Offset(_units[0]);
        foreach (byte b in text)
        {
            at ^= b;
            if (b == 0 || at >= _units.Length) return false;
            uint unit = _units[at];
            if ((unit & 0x800000FF) != b) return false;
            at ^= Offset(unit);
            if ((unit & 0x100) == 0) continue;
            if (at >= _units.Length) return false;
            int start = (int)(_units[at] & 0x7FFFFFFF);
            if (start > _replacements.Length) return false;
            ReadOnlySpan<byte> rest = _replacements.AsSpan(start);
            int end = rest.IndexOf((byte)0);
            replacement = end < 0 ? rest : rest[..end];
            return true;
        }
        return false;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);
}
