namespace Cloze.Tokenizers;

/// <summary>Combining marks that wait for the next starter: canonical order is a stable sort by combining class. Reused.</summary>
/// <remarks>
/// Unicode Standard annex 15, D109. The reference sorts (character, change) pairs, so spans stay in text order: the k-th mark in sorted order that stands for
/// a character of the text takes the span of the k-th such character; one that a decomposition inserted takes the span of the character before it.
/// </remarks>
internal sealed class PendingMarks
{
    private Mark[] _marks = new Mark[16], _sorted = new Mark[16];
    private uint[] _spans = new uint[16];
    private int _spanCount;

    public int Count { get; private set; }

    /// <summary>In canonical order after <see cref="Sort"/>.</summary>
    public ReadOnlySpan<Mark> Items => _marks.AsSpan(0, Count);

    /// <summary>Spans of the marks with <see cref="Mark.IsFirst"/>, in text order.</summary>
    public ReadOnlySpan<uint> Spans => _spans.AsSpan(0, _spanCount);

    public void Clear() => (Count, _spanCount) = (0, 0);

    public void Add(int codePoint, uint span, bool isFirst)
    {
        if (Count == _marks.Length)
        {
            Array.Resize(ref _marks, Count * 2);
            Array.Resize(ref _sorted, Count * 2);
            Array.Resize(ref _spans, Count * 2);
        }
        _marks[Count++] = new(codePoint, UnicodeData.CombiningClass(codePoint), isFirst);
        if (isFirst) _spans[_spanCount++] = span;
    }

    /// <summary>Puts a mark in the place of another.</summary>
    public void Move(int from, int to) => _marks[to] = _marks[from];

    /// <summary>A counting sort by class: linear however long the run of marks.</summary>
    public void Sort()
    {
        if (IsSorted()) return;
        Span<int> places = stackalloc int[257];
        places.Clear();
        foreach (Mark mark in Items) places[mark.Class + 1]++;
        for (int c = 1; c < places.Length; c++) places[c] += places[c - 1];
        foreach (Mark mark in Items) _sorted[places[mark.Class]++] = mark;
        (_marks, _sorted) = (_sorted, _marks);
    }

    private bool IsSorted()
    {
        for (int i = 1; i < Count; i++)
            if (_marks[i].Class < _marks[i - 1].Class) return false;
        return true;
    }

    /// <param name="CodePoint">The mark.</param>
    /// <param name="Class">Its canonical combining class, 1 to 255.</param>
    /// <param name="IsFirst">It stands for a character of the text; false: a decomposition put it behind another.</param>
    internal readonly record struct Mark(int CodePoint, byte Class, bool IsFirst);
}
