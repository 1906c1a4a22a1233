using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>A trie of pieces over UTF-16 units in one array: a child is Base + code of its unit, valid if its code is that. Immutable.</summary>
/// <remarks>
/// Aoe 1989, An efficient digital search algorithm by using a double-array structure. No two nodes share a base, so two bytes of code stand for the parent. Nodes are
/// placed breadth first, small subtrees as a whole, so that steps stay close together; a step reads one unit of 16 bytes. Of equal pieces the last counts.
/// Placement looks at 64 places at a time in a map of bits, so 128 000 pieces take some tens of milliseconds (docs/decisions/0035).
/// </remarks>
internal sealed class PieceTrie
{
    /// <summary>Words of 64 places that a node is tried in before ground as crowded is left behind for nodes of its size.</summary>
    private const int Patience = 1;

    /// <summary>Subtrees of so many pieces are built as a whole: their texts stay in the cache meanwhile, and their nodes together.</summary>
    private const int Narrow = 256;

    private readonly char[] _pool;
    private readonly VocabularyEntry[] _pieces;
    private readonly ushort[] _codes = new ushort[0x10000];
    private readonly int[] _starts = new int[18]; // first word worth a look, by the magnitude of the number of children
    private Unit[] _units;
    private int[] _ids;
    private ulong[] _taken, _bases; // bits: places taken, bases taken
    private int _alphabet;

    /// <param name="pool">Texts.</param>
    /// <param name="pieces">Where they lie; the place in this list is the id.</param>
    /// <param name="scores">By id.</param>
    public PieceTrie(char[] pool, VocabularyEntry[] pieces, double[] scores)
    {
        (_pool, _pieces) = (pool, pieces);
        Encode();
        int size = pieces.Length * 3 + 2 * _alphabet + 64;
        (_units, _ids) = (new Unit[size], new int[size]);
        (_taken, _bases) = (new ulong[size / 64 + 2], new ulong[size / 64 + 2]);
        (_taken[0], _bases[0]) = (1, 1); // the root; nodes without children have base 0
        Build(scores);
        (_taken, _bases) = ([], []);
    }

    /// <summary>0: occurs in no piece; frequent units have small codes.</summary>
    public ReadOnlySpan<ushort> Codes => _codes;

    /// <summary>The root is the first; every base plus every code lies inside.</summary>
    public ReadOnlySpan<Unit> Units => _units;

    /// <summary>UTF-16 units of the longest piece.</summary>
    public int Longest { get; private set; }

    /// <summary>A piece that has an equal one before it; null: there is none.</summary>
    public int? Repeated { get; private set; }

    public int IdAt(int node) => _ids[node];

    /// <summary>The id of a piece, or −1.</summary>
    public int Find(ReadOnlySpan<char> piece)
    {
        int node = 0;
        foreach (char c in piece)
        {
            int code = _codes[c], child = _units[node].Base + code;
            if (code == 0 || _units[child].Code != code) return -1;
            node = child;
        }
        return _units[node].IsPiece ? _ids[node] : -1;
    }

    /// <summary>Gives every unit that occurs its code, frequent ones first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Encode()
    {
        int[] frequencies = new int[0x10000];
        foreach (VocabularyEntry piece in _pieces)
        {
            Longest = Math.Max(Longest, piece.Length);
            foreach (char c in _pool.AsSpan(piece.Start, piece.Length)) frequencies[c]++;
        }
        foreach (int frequency in frequencies) _alphabet += frequency > 0 ? 1 : 0;
        long[] order = new long[_alphabet];
        int count = 0;
        for (int c = 0; c < frequencies.Length; c++)
            if (frequencies[c] > 0) order[count++] = (long)-frequencies[c] << 16 | (uint)c;
        Array.Sort(order);
        for (int i = 0; i < count; i++) _codes[(ushort)order[i]] = (ushort)Math.Min(i + 1, ushort.MaxValue);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Build(double[] scores)
    {
        PieceGroups groups = new(_pool, _pieces, _codes, _alphabet);
        Queue<Branch> wide = new();
        Stack<Branch> narrow = new();
        wide.Enqueue(new(0, _pieces.Length, 0, 0));
        while (narrow.TryPop(out Branch branch) || wide.TryDequeue(out branch))
        {
            int low = groups.Group(branch.Low, branch.High, branch.Depth, out int id);
            if (id >= 0) (_units[branch.Node].Score, _units[branch.Node].IsPiece, _ids[branch.Node]) = (scores[id], true, id);
            if (low - branch.Low > 1) Repeated = id;
            if (low == branch.High) continue;

            ReadOnlySpan<PieceGroups.Child> children = groups.Children;
            int start = Place(children);
            _units[branch.Node].Base = start;
            _bases[start >> 6] |= 1UL << start;
            for (int i = 0; i < children.Length; i++)
            {
                int node = start + children[i].Code;
                _units[node].Code = children[i].Code;
                _taken[node >> 6] |= 1UL << node;
                int high = i + 1 < children.Length ? children[i + 1].Low : branch.High;
                if (high - children[i].Low > Narrow) wide.Enqueue(new(children[i].Low, high, branch.Depth + 1, node));
                else narrow.Push(new(children[i].Low, high, branch.Depth + 1, node));
            }
        }
    }

    /// <summary>A base that nobody has, with free places for all children.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Place(ReadOnlySpan<PieceGroups.Child> children)
    {
        int least = int.MaxValue;
        foreach (PieceGroups.Child child in children) least = Math.Min(least, child.Code);
        ref int start = ref _starts[BitOperations.Log2((uint)children.Length)];
        int first = Math.Max(0, (start * 64 - least) >> 6);
        for (int word = first; ; word++)
        {
            Reserve(word * 64 + 64);
            ulong free = ~_bases[word];
            for (int i = 0; i < children.Length && free != 0; i++) free &= ~Taken(word * 64 + children[i].Code);
            if (free == 0) continue;
            if (word - first > Patience) start = Math.Max(start, (word * 64 + least) >> 6);
            return word * 64 + BitOperations.TrailingZeroCount(free);
        }
    }

    /// <summary>Whether 64 places from <paramref name="at"/> on are taken, as bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Taken(int at)
    {
        int word = at >> 6, shift = at & 63;
        return shift == 0 ? _taken[word] : _taken[word] >> shift | _taken[word + 1] << (64 - shift);
    }

    /// <summary>Room for children of bases below <paramref name="end"/>.</summary>
    private void Reserve(int end)
    {
        int size = end + _alphabet + 1;
        if (size > _units.Length)
        {
            int grown = Math.Max(size, _units.Length + _units.Length / 2);
            Array.Resize(ref _units, grown);
            Array.Resize(ref _ids, grown);
        }
        if (size / 64 + 2 <= _taken.Length) return;
        Array.Resize(ref _taken, Math.Max(size / 64 + 2, _taken.Length * 3 / 2));
        Array.Resize(ref _bases, _taken.Length);
    }

    /// <param name="Low">First of the pieces that begin with the node's text, in <see cref="PieceGroups"/>' order.</param>
    /// <param name="High">Behind the last.</param>
    /// <param name="Depth">UTF-16 units of that text.</param>
    /// <param name="Node">Its place.</param>
    private readonly record struct Branch(int Low, int High, int Depth, int Node);

    /// <summary>A node.</summary>
    internal struct Unit
    {
        /// <summary>Of the piece that ends here.</summary>
        public double Score;

        /// <summary>What the code of a child is added to; 0: there is no child.</summary>
        public int Base;

        /// <summary>Of the unit that leads here; 0: no node.</summary>
        public ushort Code;

        /// <summary>A piece ends here.</summary>
        public bool IsPiece;
    }
}

/// <summary>Sorts pieces that begin alike by their next unit, range by range; the order inside a group does not matter.</summary>
internal sealed class PieceGroups
{
    private const int Few = 24;

    private readonly char[] _pool;
    private readonly VocabularyEntry[] _pieces;
    private readonly ushort[] _codes;
    private readonly int[] _order, _other, _places;
    private readonly ushort[] _next; // code of the next unit by place in the order; 0: the piece ends

    private Child[] _children = new Child[64];
    private int _count;

    public PieceGroups(char[] pool, VocabularyEntry[] pieces, ushort[] codes, int alphabet)
    {
        (_pool, _pieces, _codes) = (pool, pieces, codes);
        (_order, _other, _next, _places) = (new int[pieces.Length], new int[pieces.Length], new ushort[pieces.Length], new int[alphabet + 1]);
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
    }

    /// <summary>Groups of the last range, those that end left out.</summary>
    public ReadOnlySpan<Child> Children => _children.AsSpan(0, _count);

    /// <summary>Groups a range of the order by the unit at <paramref name="depth"/>.</summary>
    /// <param name="low">First place of the range.</param>
    /// <param name="high">Behind its last.</param>
    /// <param name="depth">All pieces of the range agree before it.</param>
    /// <param name="id">The last piece that ends there, or −1.</param>
    /// <returns>The first place of pieces that go on.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Group(int low, int high, int depth, out int id)
    {
        id = -1;
        _count = 0;
        int rest = low;
        for (int i = low; i < high; i++)
        {
            int piece = _order[i];
            VocabularyEntry entry = _pieces[piece];
            if (entry.Length > depth)
            {
                _next[i] = _codes[_pool[entry.Start + depth]];
                continue;
            }
            id = Math.Max(id, piece);
            (_order[i], _next[i]) = (_order[rest], _next[rest]);
            _order[rest++] = piece;
        }
        if (high - rest <= Few) SortFew(rest, high);
        else Count(rest, high);
        return rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SortFew(int low, int high)
    {
        for (int i = low + 1; i < high; i++)
        {
            (int piece, ushort code) = (_order[i], _next[i]);
            int at = i;
            for (; at > low && _next[at - 1] > code; at--) (_order[at], _next[at]) = (_order[at - 1], _next[at - 1]);
            (_order[at], _next[at]) = (piece, code);
        }
        for (int i = low; i < high; i++)
            if (i == low || _next[i] != _next[i - 1]) Add(new(_next[i], i));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Count(int low, int high)
    {
        for (int i = low; i < high; i++)
            if (_places[_next[i]]++ == 0) Add(new(_next[i], 0));
        int at = low;
        for (int i = 0; i < _count; i++)
        {
            ushort code = _children[i].Code;
            _children[i] = new(code, at);
            int size = _places[code];
            _places[code] = at;
            at += size;
        }
        for (int i = low; i < high; i++) _other[_places[_next[i]]++] = _order[i];
        _other.AsSpan(low, high - low).CopyTo(_order.AsSpan(low));
        foreach (Child child in Children) _places[child.Code] = 0;
    }

    private void Add(Child child)
    {
        if (_count == _children.Length) Array.Resize(ref _children, _count * 2);
        _children[_count++] = child;
    }

    /// <param name="Code">Of the next unit.</param>
    /// <param name="Low">First place of the group.</param>
    internal readonly record struct Child(ushort Code, int Low);
}
