namespace Cloze.Tokenizers;

/// <summary>Cuts normalized text into pre-tokens; empty ones are never made. Immutable, shared between threads.</summary>
internal interface IPreTokenizer
{
    /// <summary>As <see cref="INormalizer.IsLocalAtSpaces"/>.</summary>
    bool IsLocalAtSpaces { get; }

    void Split(ReadOnlySpan<char> text, SplitList splits);
}

/// <summary>A pre-token: a half-open range of the normalized text.</summary>
internal readonly record struct Split(int Start, int End);

/// <summary>The pre-tokens of a piece while they are made; reused.</summary>
internal sealed class SplitList
{
    private Split[] _items = new Split[256];

    public int Count { get; private set; }
    public int Capacity => _items.Length;
    public ReadOnlySpan<Split> Items => _items.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Add(int start, int end)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
        _items[Count++] = new(start, end);
    }

    /// <summary>Room for <paramref name="count"/> more; the caller fills a prefix of it and calls <see cref="Advance"/>.</summary>
    public Span<Split> Room(int count)
    {
        if (_items.Length - Count < count) Array.Resize(ref _items, Math.Max(_items.Length * 2, Count + count));
        return _items.AsSpan(Count, count);
    }

    public void Advance(int count) => Count += count;
}
