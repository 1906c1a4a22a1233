using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>Which lengths entries have, by their first three UTF-16 units: a filter that may say too much, never too little.</summary>
internal sealed class PieceLengths(int maxLength)
{
    private const int Bits = 13;

    /// <summary>Bit n: an entry of n units; bit 63: of 63 units or more.</summary>
    private readonly ulong[] _lengths = new ulong[1 << Bits];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ReadOnlySpan<char> entry)
    {
        if (entry.Length >= 2) _lengths[Place(entry)] |= 1UL << Math.Min(entry.Length, 63);
    }

    /// <summary>Lengths that an entry at the start of <paramref name="rest"/> can have, as bits, and the longest of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(ReadOnlySpan<char> rest, out int longest)
    {
        ulong lengths = 2;
        if (rest.Length >= 2)
        {
            lengths |= _lengths[Place(rest[..2])];
            if (rest.Length >= 3) lengths |= _lengths[Place(rest)];
        }
        if (rest.Length < 64) lengths &= (2UL << rest.Length) - 1;
        longest = 63 - BitOperations.LeadingZeroCount(lengths);
        if (longest == 63) longest = Math.Min(rest.Length, maxLength);
        return lengths;
    }

    /// <summary>The next smaller length to try; 0: none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Next(ref ulong lengths, int tried)
    {
        if (tried > 63) return tried - 1;
        lengths &= (1UL << tried) - 1;
        return lengths == 0 ? 0 : 63 - BitOperations.LeadingZeroCount(lengths);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Place(ReadOnlySpan<char> text)
    {
        uint first = (uint)text[0] << 16 | text[1];
        if (text.Length > 2) first = first * 31 + text[2] + 1;
        return (int)(first * 0x9E3779B1u >> (32 - Bits));
    }
}
