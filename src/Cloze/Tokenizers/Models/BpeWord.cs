using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>The symbols of one word while they are merged, and room for it. For one thread, reused.</summary>
internal sealed class BpeWord
{
    /// <summary>Room for more symbols is left to the collector after the word.</summary>
    private const int MostKept = 1 << 16;

    private byte[] _bytes = [];
    private char[] _symbol = [];
    private int[] _ids = new int[64], _lengths = new int[64];

    public int Count { get; set; }

    /// <summary>The id of each symbol.</summary>
    public Span<int> Ids => _ids;

    /// <summary>How many bytes of the word's UTF-8 each symbol stands for.</summary>
    public Span<int> Lengths => _lengths;

    public WindowHeap Window { get; } = new();

    /// <summary>Tokens of a long word that are not written yet.</summary>
    public List<BpeToken> Pending { get; } = [];

    public Span<byte> Bytes(int count)
    {
        if (_bytes.Length < count) _bytes = new byte[Math.Max(256, count)];
        return _bytes;
    }

    /// <summary>Room for one symbol's text.</summary>
    public Span<char> Symbol(int length)
    {
        if (_symbol.Length < length) _symbol = new char[Math.Max(64, length)];
        return _symbol.AsSpan(0, length);
    }

    /// <summary>Empties the word; there is room for <paramref name="most"/> symbols.</summary>
    public void Start(int most)
    {
        Count = 0;
        bool isTooLarge = _ids.Length > MostKept && most <= MostKept;
        if (_ids.Length < most || isTooLarge) (_ids, _lengths) = (new int[Math.Max(64, most)], new int[Math.Max(64, most)]);
        if (_bytes.Length > 4 * MostKept && most <= MostKept) _bytes = [];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id, int length)
    {
        _ids[Count] = id;
        _lengths[Count++] = length;
    }
}

/// <summary>A token of a long word: its id, how many symbols of the word and how many bytes it stands for.</summary>
internal readonly record struct BpeToken(int Id, int Symbols, int Bytes);

/// <summary>Symbols of a part of a word as a linked list, and a heap of the pairs that can be merged. For one thread, reused.</summary>
internal sealed class WindowHeap
{
    private const int MostKept = 1 << 14;

    private int[] _ids = [], _symbols = [], _next = [], _previous = [];
    private ulong[] _heap = []; // rank and place of the left symbol
    private int _heapCount;

    /// <summary>After <see cref="Merge"/>: the id of each token, and how many symbols it stands for.</summary>
    public ReadOnlySpan<int> Ids => _ids;
    public ReadOnlySpan<int> Symbols => _symbols;

    /// <summary>Merges the symbols, the least rank first, the leftmost of equals; returns how many tokens remain.</summary>
    public int Merge(PairTable merges, ReadOnlySpan<int> word)
    {
        int count = word.Length;
        if (_ids.Length < count || _ids.Length > MostKept && count <= MostKept)
        {
            int room = Math.Max(count, 64);
            (_ids, _symbols, _next, _previous, _heap) = (new int[room], new int[room], new int[room], new int[room], new ulong[3 * room]);
        }
        word.CopyTo(_ids);
        _heapCount = 0;
        for (int i = 0; i < count; i++)
        {
            (_symbols[i], _next[i], _previous[i]) = (1, i + 1, i - 1);
            if (i + 1 < count && merges.Rank(word[i], word[i + 1], out _) is not PairTable.NoRank and int rank) _heap[_heapCount++] = Item(rank, i);
        }
        for (int i = _heapCount / 2 - 1; i >= 0; i--) Sink(i);

        while (_heapCount > 0)
        {
            ulong top = _heap[0];
            _heap[0] = _heap[--_heapCount];
            Sink(0);
            int left = (int)(uint)top;
            if (_symbols[left] == 0 || _next[left] >= count) continue;
            int right = _next[left];
            if (merges.Rank(_ids[left], _ids[right], out int merged) != (int)(top >> 32)) continue; // out of date
            _ids[left] = merged;
            _symbols[left] += _symbols[right];
            _symbols[right] = 0;
            _next[left] = _next[right];
            if (_next[left] < count)
            {
                _previous[_next[left]] = left;
                Push(merges.Rank(merged, _ids[_next[left]], out _), left);
            }
            if (_previous[left] >= 0) Push(merges.Rank(_ids[_previous[left]], merged, out _), _previous[left]);
        }

        int tokens = 0;
        for (int i = 0; i < count; i = _next[i]) (_ids[tokens], _symbols[tokens++]) = (_ids[i], _symbols[i]);
        return tokens;
    }

    private static ulong Item(int rank, int place) => (ulong)(uint)rank << 32 | (uint)place;

    private void Push(int rank, int place)
    {
        if (rank == PairTable.NoRank) return;
        ulong item = Item(rank, place);
        int i = _heapCount++;
        for (; i > 0 && _heap[(i - 1) >> 1] > item; i = (i - 1) >> 1) _heap[i] = _heap[(i - 1) >> 1];
        _heap[i] = item;
    }

    private void Sink(int i)
    {
        ulong item = _heap[i];
        for (int child; (child = 2 * i + 1) < _heapCount; i = child)
        {
            if (child + 1 < _heapCount && _heap[child + 1] < _heap[child]) child++;
            if (_heap[child] >= item) break;
            _heap[i] = _heap[child];
        }
        _heap[i] = item;
    }
}
