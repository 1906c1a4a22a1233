namespace Cloze.Tokenizers;

/// <summary>Best paths to the places of a pre-token (Viterbi 1967). Memory of one thread, reused.</summary>
internal sealed class UnigramPaths
{
    /// <summary>The node of a character without a piece.</summary>
    public const int Unknown = -1;

    private Step[] _steps = new Step[64];
    private int[] _ends = new int[64];
    private bool[] _marks = [];
    private int _used; // places that may hold something

    public int Capacity => _steps.Length;

    /// <summary>The last step of the best path to each place; its length is 0 where no path leads.</summary>
    public Span<Step> Steps => _steps;

    /// <summary>Room for so many places; nothing is reached but the first.</summary>
    public void Start(int count)
    {
        _steps.AsSpan(0, Math.Min(_used, _steps.Length)).Clear();
        _used = 0;
        Reserve(count);
    }

    /// <summary>Room for so many places, keeping what is there.</summary>
    public void Reserve(int count)
    {
        if (count > _steps.Length) Array.Resize(ref _steps, Math.Max(count, _steps.Length * 2));
        _used = Math.Max(_used, count);
    }

    /// <summary>The last place that the best paths to <paramref name="here"/> and to all places behind it up to <paramref name="last"/> share; 0: only the beginning.</summary>
    public int Meeting(int here, int last)
    {
        if (_marks.Length <= last) _marks = new bool[_steps.Length + 1];
        int open = 0;
        for (int at = here; at <= last; at++)
        {
            if (at > here && _steps[at].Length == 0) continue;
            _marks[at] = true;
            open++;
        }
        for (int at = last; ; at--)
        {
            if (!_marks[at]) continue;
            _marks[at] = false;
            if (--open == 0) return at;
            ref bool before = ref _marks[at - _steps[at].Length];
            open += before ? 0 : 1;
            before = true;
        }
    }

    /// <summary>Place <paramref name="by"/> becomes the first.</summary>
    public void Shift(int by, int last)
    {
        _steps.AsSpan(by, last + 1 - by).CopyTo(_steps);
        _steps[0].Length = 0;
        _steps.AsSpan(last + 1 - by, _used - (last + 1 - by)).Clear();
    }

    /// <summary>The places on the best path to <paramref name="end"/>, in order, without the first of all.</summary>
    public ReadOnlySpan<int> Backwards(int end)
    {
        int count = 0;
        for (int at = end; at > 0; at -= _steps[at].Length) count++;
        if (_ends.Length < count) _ends = new int[Math.Max(count, _ends.Length * 2)];
        int next = count;
        for (int at = end; at > 0; at -= _steps[at].Length) _ends[--next] = at;
        return _ends.AsSpan(0, count);
    }

    /// <summary>How a place is reached best.</summary>
    internal struct Step
    {
        public double Score;
        public int Length; // UTF-16 units
        public int Node; // of the trie

        /// <summary>A path to here; it counts if it is better.</summary>
        public void Relax(double score, int length, int node)
        {
            if (Length != 0 && !(score > Score)) return;
            (Score, Length, Node) = (score, length, node);
        }
    }
}
