using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Cloze.Tokenizers;

/// <summary>Up to 16 ASCII characters as one or two words, a byte a character.</summary>
/// <remarks>
/// The last (or only) word of fewer than 8 characters ends with the byte 0x80, and bit 7 of the first byte says whether the text continues a word. This is
/// exact: two texts with the same key are the same text, so a hash table over keys compares no text and reads one cache line a probe.
/// </remarks>
internal static class PackedText
{
    public const int MaxLength = 16;
    private const ulong NotAscii = 0x8080808080808080;

    /// <summary>16 units from <paramref name="at"/> on, as bytes; what is not ASCII has its high bit set. <paramref name="text"/> reaches that far.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (ulong Low, ulong High) Load(ReadOnlySpan<char> text, int at)
    {
        ref ushort from = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(text.Slice(at, MaxLength)));
        Vector128<ulong> v = Vector128.NarrowWithSaturation(Vector128.LoadUnsafe(ref from), Vector128.LoadUnsafe(ref from, 8)).AsUInt64();
        return (v.ToScalar(), v.GetElement(1));
    }

    /// <summary>The first <paramref name="length"/> bytes, 1 to 8, and their end; false if they are not ASCII.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Key(ulong bytes, int length, out ulong key)
    {
        ulong mask = ulong.MaxValue >> (64 - 8 * length), masked = bytes & mask;
        key = masked | (mask + 1) << 7; // nothing to add for 8 characters
        return (masked & NotAscii) == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAscii(ulong bytes) => (bytes & NotAscii) == 0;
}
