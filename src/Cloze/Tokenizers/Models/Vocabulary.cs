using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cloze.Tokenizers;

/// <summary>An entry of a vocabulary file: where its text lies in the pool, and its id; −1: a later entry with the same text replaced it.</summary>
internal readonly struct VocabularyEntry(int start, int length, int id)
{
    public readonly int Start = start, Length = length, Id = id;
}

/// <summary>Token texts and ids: one pool of characters and one table, no string a token until somebody asks for it. Immutable.</summary>
/// <remarks>
/// The table is keyed by a rolling hash, h(text) = Σ (unit + 1) · M^(units behind it), so that the hash of every part of a text follows from those of its prefixes,
/// and the hash of two texts together from theirs (Rabin and Karp 1987). Texts are compared, so a collision costs time only.
/// </remarks>
internal sealed class Vocabulary
{
    public const ulong Multiplier = 0x9E3779B97F4A7C15;

    /// <summary>Units behind the pool's last entry that must be there to be read.</summary>
    public const int PoolSlack = PackedText.MaxLength;

    private readonly char[] _pool;
    private readonly VocabularyEntry[] _entries;
    private readonly Slot[] _slots;
    private readonly int _shift;
    private readonly ulong _mixer = HashSeed.Multiplier;
    private readonly int[] _entryOfId; // entry + 1, negative where earlier entries have the id, too; empty where ids are too far apart
    private readonly Dictionary<int, int>? _entryOfSparseId;

    /// <summary>Entries in file order; a text that comes again replaces the earlier one.</summary>
    /// <param name="pool">Reaches <see cref="PoolSlack"/> units beyond the last entry.</param>
    /// <param name="entries">Ids are not negative.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Vocabulary(char[] pool, VocabularyEntry[] entries)
    {
        (_pool, _entries) = (pool, entries);
        int bits = Math.Max(4, BitOperations.Log2((uint)entries.Length | 1) + 2);
        Slot[] slots = new Slot[1 << bits];
        _shift = 64 - bits;
        int count = 0, longest = 0, largest = -1;
        for (int i = 0; i < entries.Length; i++)
        {
            VocabularyEntry entry = entries[i];
            ulong hash = 0;
            foreach (char c in pool.AsSpan(entry.Start, entry.Length)) hash = hash * Multiplier + c + 1;
            ulong mixed = Mix(hash);
            int at = (int)(mixed >> _shift);
            for (; ; at++)
            {
                ref Slot slot = ref slots[at & (slots.Length - 1)];
                if (slot.EntryPlusOne == 0) count++;
                else if (slot.Tag != (uint)mixed || !Text(slot.EntryPlusOne - 1).SequenceEqual(pool.AsSpan(entry.Start, entry.Length))) continue;
                else entries[slot.EntryPlusOne - 1] = new(entry.Start, entry.Length, -1);
                slot = new((uint)mixed, i + 1);
                break;
            }
            longest = Math.Max(longest, entry.Length);
            largest = Math.Max(largest, entry.Id);
        }

        (_slots, Count, MaxLength, LargestId) = (slots, count, longest, largest);
        bool isDense = largest < 16L * entries.Length + 65536;
        _entryOfId = isDense ? new int[largest + 1] : [];
        if (!isDense) _entryOfSparseId = new(entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            int id = entries[i].Id;
            if (id < 0) continue;
            ref int place = ref isDense ? ref _entryOfId[id] : ref CollectionsMarshal.GetValueRefOrAddDefault(_entryOfSparseId!, id, out _);
            if (place != 0) HasSharedIds = true;
            place = place == 0 ? i + 1 : -(i + 1);
        }
    }

    /// <summary>Different texts.</summary>
    public int Count { get; }

    /// <summary>−1: there is no entry.</summary>
    public int LargestId { get; }

    /// <summary>Several texts have one id.</summary>
    public bool HasSharedIds { get; }

    /// <summary>UTF-16 units of the longest text.</summary>
    public int MaxLength { get; }

    public ReadOnlySpan<VocabularyEntry> Entries => _entries;

    public ReadOnlySpan<char> Pool => _pool;

    /// <summary>The rolling hash of a text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Hash(ReadOnlySpan<char> text)
    {
        ulong hash = 0;
        foreach (char c in text) hash = hash * Multiplier + c + 1;
        return hash;
    }

    public int? IdOf(ReadOnlySpan<char> token)
    {
        int id = Find(Hash(token), token, default);
        return id >= 0 ? id : null;
    }

    /// <summary>The text of an id, the last in the file where several have it; null: no such id.</summary>
    public string? TokenOf(int id) => EntryOf(id) is var entry && entry == 0 ? null : Text(Math.Abs(entry) - 1).ToString();

    /// <summary>Several texts have this id.</summary>
    public bool IsShared(int id) => EntryOf(id) < 0;

    /// <summary>The id of the entry whose text is <paramref name="head"/> and then <paramref name="tail"/>, or −1.</summary>
    /// <param name="hash">Of both together.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Find(ulong hash, ReadOnlySpan<char> head, ReadOnlySpan<char> tail)
    {
        Slot[] slots = _slots;
        ulong mixed = Mix(hash);
        for (int at = (int)(mixed >> _shift); ; at++)
        {
            Slot slot = slots[at & (slots.Length - 1)];
            if (slot.EntryPlusOne == 0) return -1;
            if (slot.Tag != (uint)mixed) continue;
            ReadOnlySpan<char> text = Text(slot.EntryPlusOne - 1);
            if (text.Length == head.Length + tail.Length && text.StartsWith(head) && text.EndsWith(tail)) return _entries[slot.EntryPlusOne - 1].Id;
        }
    }

    private int EntryOf(int id)
    {
        int entry = 0;
        if ((uint)id < (uint)_entryOfId.Length) entry = _entryOfId[id];
        else _entryOfSparseId?.TryGetValue(id, out entry);
        return entry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<char> Text(int entry) => _pool.AsSpan(_entries[entry].Start, _entries[entry].Length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Mix(ulong hash)
    {
        hash ^= hash >> 32;
        return hash * _mixer;
    }

    /// <summary>32 bits of the mixed hash, and the entry + 1; 0: free.</summary>
    private readonly struct Slot(uint tag, int entryPlusOne)
    {
        public readonly uint Tag = tag;
        public readonly int EntryPlusOne = entryPlusOne;
    }
}
