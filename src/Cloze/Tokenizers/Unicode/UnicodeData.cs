using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cloze.Tokenizers;

/// <summary>What the reference believes about a code point.</summary>
[Flags]
internal enum CodePointFlags : byte
{
    /// <summary>Two bits: 0 dropped by clean_text, 1 kept, 2 replaced by a space.</summary>
    CleanMask = 3,
    CleanKeep = 1,
    CleanSpace = 2,
    /// <summary>An ideograph that BertNormalizer surrounds with spaces.</summary>
    Chinese = 4,
    /// <summary>Two bits: 0 part of a word, 8 white space, 16 punctuation.</summary>
    KindMask = 24,
    WhiteSpace = 8,
    Punctuation = 16,
    /// <summary>Nonspacing mark (Mn) of Unicode 8.0.</summary>
    NonspacingMark = 32,
    Decomposes = 64,
    /// <summary>Combining class other than 0 in Unicode 9.0.</summary>
    Combines = 128,
}

/// <summary>Lookups in the generated tables.</summary>
internal static class UnicodeData
{
    private const int HangulFirst = 0xAC00, HangulCount = 11172;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodePointFlags Flags(int codePoint)
    {
        int block = UnicodeTables.FlagIndex[codePoint >> 7];
        return (CodePointFlags)UnicodeTables.FlagBlocks[(block << 7) | (codePoint & 127)];
    }

    /// <summary>Canonical combining class of Unicode 9.0; 0 for a starter and for every mark newer than that.</summary>
    public static byte CombiningClass(int codePoint)
    {
        ReadOnlySpan<byte> index = UnicodeTables.ClassIndex;
        return codePoint >> 6 >= index.Length ? (byte)0 : UnicodeTables.ClassBlocks[(index[codePoint >> 6] << 6) | (codePoint & 63)];
    }

    /// <summary>The \w of the Whitespace pre-tokenizer and of single_word, Unicode 16.0 (regular expressions have another).</summary>
    public static bool IsWord(int codePoint) => IsIn(UnicodeTables.WordIndex, UnicodeTables.WordBlocks, codePoint);

    public static bool IsWhiteSpace(int codePoint) => (Flags(codePoint) & CodePointFlags.KindMask) == CodePointFlags.WhiteSpace;

    /// <summary>Lower case of one code point; U+0130, the only one that becomes two, gives <paramref name="extra"/> U+0307.</summary>
    public static int ToLower(int codePoint, out int extra)
    {
        extra = 0;
        ReadOnlySpan<byte> index = UnicodeTables.LowerIndex;
        if (codePoint >> 6 >= index.Length) return codePoint;
        int number = UnicodeTables.LowerBlocks[(index[codePoint >> 6] << 6) | (codePoint & 63)];
        if (number == 255)
        {
            extra = 0x307;
            return 'i';
        }

        return codePoint + UnicodeTables.LowerDeltas[number];
    }

    /// <summary>A mark of any kind (Mn, Mc, Me) of Unicode 9.0: what the StripAccents normalizer removes.</summary>
    public static bool IsMark(int codePoint) => IsIn(UnicodeTables.MarkIndex, UnicodeTables.MarkBlocks, codePoint);

    /// <summary>NFC changes it, puts it in order, or may compose it with what comes before; false for what stands for itself in any text.</summary>
    public static bool IsUnsettledInNfc(int codePoint) => IsIn(UnicodeTables.UnsettledIndex, UnicodeTables.UnsettledBlocks, codePoint);

    /// <summary>Full canonical decomposition as UTF-16; <paramref name="buffer"/> holds at least 3 units and serves Hangul.</summary>
    public static ReadOnlySpan<char> Decompose(int codePoint, Span<char> buffer)
    {
        int syllable = codePoint - HangulFirst;
        if ((uint)syllable < HangulCount)
        {
            buffer[0] = (char)(0x1100 + syllable / 588);
            buffer[1] = (char)(0x1161 + syllable % 588 / 28);
            int tail = syllable % 28;
            if (tail == 0) return buffer[..2];
            buffer[2] = (char)(0x11A7 + tail);
            return buffer[..3];
        }

        return Pooled(UnicodeTables.DecompositionBlocks[(UnicodeTables.DecompositionIndex[codePoint >> 6] << 6) | (codePoint & 63)]);
    }

    /// <summary>Full compatibility decomposition as UTF-16 where it is not the canonical one; else empty.</summary>
    public static ReadOnlySpan<char> DecomposeCompatibly(int codePoint)
    {
        ReadOnlySpan<byte> index = UnicodeTables.CompatibilityIndex;
        return codePoint >> 6 >= index.Length ? default : Pooled(UnicodeTables.CompatibilityBlocks[(index[codePoint >> 6] << 6) | (codePoint & 63)]);
    }

    /// <summary>The code point at <paramref name="i"/>, which moves behind it. The text holds no lone surrogate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Next(ReadOnlySpan<char> text, ref int i)
    {
        int c = text[i++];
        return (c & 0xFC00) == 0xD800 ? 0x10000 + ((c & 0x3FF) << 10 | (text[i++] & 0x3FF)) : c;
    }

    /// <summary>The code point that ends before <paramref name="i"/>.</summary>
    public static int Before(ReadOnlySpan<char> text, int i)
    {
        int c = text[i - 1];
        return (c & 0xFC00) == 0xDC00 ? 0x10000 + ((text[i - 2] & 0x3FF) << 10 | (c & 0x3FF)) : c;
    }

    private static ReadOnlySpan<char> Pooled(int at)
    {
        ReadOnlySpan<ushort> pool = UnicodeTables.DecompositionPool;
        return MemoryMarshal.Cast<ushort, char>(pool.Slice(at + 1, pool[at]));
    }

    private static bool IsIn(ReadOnlySpan<byte> index, ReadOnlySpan<byte> blocks, int codePoint) =>
        codePoint >> 8 < index.Length && (blocks[index[codePoint >> 8] << 5 | (codePoint & 255) >> 3] >> (codePoint & 7) & 1) != 0;
}
