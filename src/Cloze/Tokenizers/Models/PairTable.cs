using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>Merges of BPE: a pair of ids, its rank and what it becomes. Open addressing, a quarter to half full.</summary>
internal sealed class PairTable
{
    /// <summary>The rank of a pair that is not merged.</summary>
    public const int NoRank = int.MaxValue;

    private readonly Slot[] _slots;
    private readonly int _shift;
    private readonly ulong _multiplier = HashSeed.Multiplier;

    /// <summary>Room for that many pairs.</summary>
    public PairTable(int count)
    {
        int bits = Math.Max(4, BitOperations.Log2((uint)count | 1) + 2);
        (_slots, _shift) = (new Slot[1 << bits], 64 - bits);
    }

    /// <summary>The rank of a pair and its merged id; <see cref="NoRank"/>: it is not merged.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Rank(int left, int right, out int merged)
    {
        ref Slot slot = ref Find(Key(left, right));
        merged = slot.Merged;
        return slot.Key == 0 ? NoRank : slot.Rank;
    }

    /// <summary>The last of two equal pairs counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int left, int right, int rank, int merged)
    {
        ulong key = Key(left, right);
        Find(key) = new(key, rank, merged);
    }

    /// <summary>All merges, the least rank first.</summary>
    public (int Left, int Right, int Merged)[] InOrder()
    {
        Slot[] taken = Array.FindAll(_slots, slot => slot.Key != 0);
        Array.Sort(taken, (a, b) => a.Rank.CompareTo(b.Rank));
        return Array.ConvertAll(taken, slot => ((int)(slot.Key - 1 >> 32), (int)(slot.Key - 1), slot.Merged));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Slot Find(ulong key)
    {
        Slot[] slots = _slots;
        for (int at = (int)((key ^ key >> 32) * _multiplier >> _shift); ; at++)
        {
            ref Slot slot = ref slots[at & (slots.Length - 1)];
            if (slot.Key == key || slot.Key == 0) return ref slot;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) + 1;

    private readonly struct Slot(ulong key, int rank, int merged)
    {
        public readonly ulong Key = key; // 0: free
        public readonly int Rank = rank, Merged = merged;
    }
}
