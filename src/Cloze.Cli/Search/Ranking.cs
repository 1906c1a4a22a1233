namespace Cloze.Cli.Search;

/// <summary>A piece and how near it is to the query.</summary>
internal sealed record Hit(float Score, Piece Piece);

/// <summary>The best pieces so far: by score, equal ones by path, then line.</summary>
internal sealed class Ranking(int top)
{
    private readonly SortedSet<(Hit Hit, long Number)> _best = new(Comparer<(Hit Hit, long Number)>.Create(Compare));
    private long _count;

    public long Count => _count;

    public IEnumerable<Hit> Best => _best.Select(entry => entry.Hit);

    public void Add(float score, Piece piece)
    {
        _best.Add((new(score, piece), _count++));
        if (_best.Count > top) _best.Remove(_best.Max);
    }

    private static int Compare((Hit Hit, long Number) a, (Hit Hit, long Number) b)
    {
        int order = b.Hit.Score.CompareTo(a.Hit.Score);
        if (order == 0) order = string.CompareOrdinal(a.Hit.Piece.Path, b.Hit.Piece.Path);
        if (order == 0) order = a.Hit.Piece.Line.CompareTo(b.Hit.Piece.Line);
        return order != 0 ? order : a.Number.CompareTo(b.Number);
    }
}
