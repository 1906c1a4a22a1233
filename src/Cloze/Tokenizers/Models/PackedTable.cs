using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>Ids of the entries of at most 16 ASCII characters, by their packed text. Open addressing, a quarter to half full.</summary>
internal sealed class PackedTable
{
    private readonly ShortSlot[] _short;
    private readonly LongSlot[] _long;
    private readonly int _shortShift, _longShift;
    private readonly ulong _multiplier = HashSeed.Multiplier;

    /// <summary>Room for that many entries of up to 8 and of up to 16 characters.</summary>
    public PackedTable(int shortCount, int longCount)
    {
        int bits = Bits(shortCount);
        (_short, _shortShift) = (new ShortSlot[1 << bits], 64 - bits);
        bits = Bits(longCount);
        (_long, _longShift) = (new LongSlot[1 << bits], 64 - bits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong key, int id)
    {
        ShortSlot[] slots = _short;
        int at = At(key, _multiplier, _shortShift);
        while (slots[at & (slots.Length - 1)].Key != 0) at++;
        slots[at & (slots.Length - 1)] = new(key, id);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong low, ulong high, int id)
    {
        LongSlot[] slots = _long;
        int at = At(low ^ high * 31, _multiplier, _longShift);
        while (slots[at & (slots.Length - 1)].High != 0) at++;
        slots[at & (slots.Length - 1)] = new(low, high, id);
    }

    /// <summary>The id, or −1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong key)
    {
        ShortSlot[] slots = _short;
        for (int at = At(key, _multiplier, _shortShift); ; at++)
        {
            ref ShortSlot slot = ref slots[at & (slots.Length - 1)];
            if (slot.Key == key) return slot.Id;
            if (slot.Key == 0) return -1;
        }
    }

    /// <summary>The id, or −1.</summary>
    public int Find(ulong low, ulong high)
    {
        LongSlot[] slots = _long;
        for (int at = At(low ^ high * 31, _multiplier, _longShift); ; at++)
        {
            ref LongSlot slot = ref slots[at & (slots.Length - 1)];
            if (slot.High == high && slot.Low == low) return slot.Id;
            if (slot.High == 0) return -1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int At(ulong key, ulong multiplier, int shift)
    {
        key ^= key >> 32;
        return (int)(key * multiplier >> shift);
    }

    private static int Bits(int count) => Math.Max(4, BitOperations.Log2((uint)count | 1) + 2);

    private readonly struct ShortSlot(ulong key, int id)
    {
        public readonly ulong Key = key;
        public readonly int Id = id;
    }

    private readonly struct LongSlot(ulong low, ulong high, int id)
    {
        public readonly ulong Low = low, High = high;
        public readonly int Id = id;
    }
}
