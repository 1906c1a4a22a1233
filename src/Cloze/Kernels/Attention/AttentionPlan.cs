namespace Cloze.Kernels.Attention;

/// <summary>The tasks of a batch: pairs of a sequence and a tile of its columns. Made once a batch; the calls that follow take it as it is.</summary>
internal sealed class AttentionPlan
{
    private const int SmallestTile = 64, TasksAThread = 4;
    private object? _batch;
    private (int LargestTile, int Heads, int Threads) _request;
    private (int Sequence, int Tile)[] _pairs = [];

    /// <summary>Columns of queries that a task covers.</summary>
    public int QueryTile { get; private set; }
    public int Count { get; private set; }

    public (int Sequence, int Tile) this[int pair] => _pairs[pair];

    /// <summary>Chooses the tile and lists the pairs. Allocates only where a batch has more of them than any before.</summary>
    /// <param name="batch">By whose identity the plan is known again.</param>
    /// <param name="starts">[B+1].</param>
    /// <param name="columns">[N].</param>
    /// <param name="largestTile">What the position term wishes for; halved until every thread has some tasks.</param>
    public void Make(object batch, ReadOnlySpan<int> starts, ReadOnlySpan<int> columns, int largestTile, int heads, int threads)
    {
        if (batch == _batch && _request == (largestTile, heads, threads)) return;
        (_batch, _request, QueryTile) = (batch, (largestTile, heads, threads), largestTile);
        while (QueryTile > SmallestTile && (long)CountPairs(starts, columns) * heads < TasksAThread * threads) QueryTile /= 2;

        int count = CountPairs(starts, columns);
        if (_pairs.Length < count) _pairs = new (int, int)[count];
        Count = 0;
        for (int sequence = 0; sequence + 1 < starts.Length; sequence++)
            for (int tile = 0, tiles = Tiles(starts, columns, sequence); tile < tiles; tile++) _pairs[Count++] = (sequence, tile);
    }

    private int CountPairs(ReadOnlySpan<int> starts, ReadOnlySpan<int> columns)
    {
        int count = 0;
        for (int sequence = 0; sequence + 1 < starts.Length; sequence++) count += Tiles(starts, columns, sequence);
        return count;
    }

    private int Tiles(ReadOnlySpan<int> starts, ReadOnlySpan<int> columns, int sequence)
    {
        (int start, int end) = (starts[sequence], starts[sequence + 1]);
        return start == end ? 0 : (columns[end - 1] - columns[start]) / QueryTile + 1;
    }
}
