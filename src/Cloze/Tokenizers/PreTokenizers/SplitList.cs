using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>A pre-token: a half-open range of the normalized text.</summary>
internal readonly record struct Split(int Start, int End);

/// <summary>The pre-tokens of a piece while they are made; reused.</summary>
internal sealed class SplitList
{
    private Split[] _items = new Split[256], _taken = new Split[256]; // never empty, since they change places

    public int Count { get; private set; }
    public int Capacity => _items.Length + _taken.Length;
    public ReadOnlySpan<Split> Items => _items.AsSpan(0, Count);

    public void Clear() => Count = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int start, int end)
    {
        int n = Count;
        Split[] items = _items;
        if ((uint)n >= (uint)items.Length)
        {
            Array.Resize(ref _items, n * 2);
            items = _items;
        }
        items[n] = new(start, end);
        Count = n + 1;
    }

    /// <summary>Empties the list; what it held can be read until the next call.</summary>
    public ReadOnlySpan<Split> Take()
    {
        if (_taken.Length < Count) _taken = new Split[_items.Length];
        (_items, _taken) = (_taken, _items);
        int count = Count;
        Count = 0;
        return _taken.AsSpan(0, count);
    }

    /// <summary>Moves the pre-tokens from number <paramref name="from"/> on.</summary>
    public void Move(int from, int distance)
    {
        if (distance == 0) return;
        foreach (ref Split split in _items.AsSpan(from, Count - from)) split = new(split.Start + distance, split.End + distance);
    }

    /// <summary>Room for <paramref name="count"/> more; the caller fills a prefix of it and calls <see cref="Advance"/>.</summary>
    public Span<Split> Room(int count)
    {
        if (_items.Length - Count < count) Array.Resize(ref _items, Math.Max(_items.Length * 2, Count + count));
        return _items.AsSpan(Count, count);
    }

    public void Advance(int count) => Count += count;

    /// <summary>Takes back what was added from number <paramref name="count"/> on.</summary>
    public void Rewind(int count) => Count = count;
}
