namespace Cloze.Kernels.Attention;

/// <summary>One head of one tile of queries: whom it concerns, and its memory.</summary>
internal unsafe struct AttentionTask
{
    public AttentionTile Tile;
    public readonly int Head;

    /// <summary>Queries, rounded up to whole panels.</summary>
    public int Lanes;
    /// <summary>Oᵀ, laid out as the queries are: [d][2W] a panel.</summary>
    public float* Output;
    /// <summary>Values of the block, row-major.</summary>
    public float* Values;
    /// <summary>Scores, then probabilities, of a panel: [48][2W].</summary>
    public float* Scores;
    /// <summary>Rows on their way to or from a panel: [2W][d].</summary>
    public float* Rows;
    /// <summary>Of each lane, in units of log2.</summary>
    public float* Maximum, Sum;
    /// <summary>What a panel's old output is multiplied by: [2W].</summary>
    public float* Factors;
    /// <summary>Columns as floats. A key that was seen as a global one stands at +∞ in the band, where the window masks it.</summary>
    public float* QueryPlaces, KeyPlaces;

    /// <summary>Rows of the sequence that are seen from everywhere.</summary>
    public readonly int* Globals;
    public readonly int GlobalCount;
    /// <summary>Keys that the window lets the tile see, counted from the sequence's first: FirstKey … EndKey−1.</summary>
    public int FirstKey, EndKey;

    private readonly int* _columns, _positions, _queryRows;
    private readonly int _start, _count, _firstColumn, _firstQuery;

    public AttentionTask(in AttentionCall call, int sequence, int tile, int head)
    {
        Head = head;
        (_start, _count) = (call.Starts[sequence], call.Starts[sequence + 1] - call.Starts[sequence]);
        _columns = call.Columns + _start;
        _firstColumn = _columns[0];
        _positions = call.Positions == null ? null : call.Positions + _start;
        int from = HeadRows.LowerBound(_columns, _count, _firstColumn + tile * call.QueryTile);
        int to = HeadRows.LowerBound(_columns, _count, _firstColumn + (tile + 1) * call.QueryTile);
        _firstQuery = _start + from;
        if (call.QueryRows != null)
        {
            int first = call.QueryStarts[sequence], count = call.QueryStarts[sequence + 1] - first;
            from = HeadRows.LowerBound(call.QueryRows + first, count, _start + from);
            to = HeadRows.LowerBound(call.QueryRows + first, count, _start + to);
            _firstQuery = first + from;
            _queryRows = call.QueryRows + _firstQuery;
        }
        Tile.QueryCount = to - from;
        Tile.Stride = HeadRows.Padded(call.HeadSize);
        if (call.GlobalRows == null) return;
        Globals = call.GlobalRows + call.GlobalStarts[sequence];
        GlobalCount = call.GlobalStarts[sequence + 1] - call.GlobalStarts[sequence];
    }

    /// <summary>Floats that <see cref="Place"/> takes.</summary>
    public static int Floats(int lanes, int headSize, int width)
    {
        const int Keys = AttentionCall.KeyBlock, Rounding = 12 * 16;
        int stride = HeadRows.Padded(headSize);
        return (2 * stride + 4) * lanes + (2 * stride + width + 2) * Keys + width * (stride + 1) + Rounding;
    }

    /// <summary>Lays the task's memory out; returns what is left.</summary>
    public float* Place(float* memory, int lanes, int width)
    {
        int stride = Tile.Stride;
        Lanes = lanes;
        Tile.Queries = Take(lanes * stride);
        Output = Take(lanes * stride);
        Tile.Keys = Take(AttentionCall.KeyBlock * stride);
        Values = Take(AttentionCall.KeyBlock * stride);
        Scores = Take(AttentionCall.KeyBlock * width);
        Rows = Take(width * stride);
        Factors = Take(width);
        Maximum = Take(lanes);
        Sum = Take(lanes);
        QueryPlaces = Take(lanes);
        Tile.QueryColumns = (int*)Take(lanes);
        KeyPlaces = Take(AttentionCall.KeyBlock);
        Tile.KeyColumns = (int*)Take(AttentionCall.KeyBlock);
        return memory;

        float* Take(int count)
        {
            float* taken = memory;
            memory += (count + 15) & ~15;
            return taken;
        }
    }

    /// <summary>The keys that some query of the tile can see; after the queries are packed.</summary>
    /// <param name="window">Negative: all.</param>
    public void FindBand(int window)
    {
        (FirstKey, EndKey) = (0, _count);
        if (window < 0) return;
        FirstKey = HeadRows.LowerBound(_columns, _count, _firstColumn + Tile.QueryColumns[0] - window);
        EndKey = HeadRows.LowerBound(_columns, _count, _firstColumn + Tile.QueryColumns[Tile.QueryCount - 1] + window + 1);
    }

    /// <summary>The key after the block that begins with a key of the band: blocks end at multiples of 48 columns from the sequence's first.</summary>
    public readonly int EndOfBlock(int key)
    {
        int edge = (Column(key) / AttentionCall.KeyBlock + 1) * AttentionCall.KeyBlock, end = key + 1;
        while (end < EndKey && Column(end) < edge) end++;
        return end;
    }

    /// <summary>Column of a key of the sequence, from the sequence's first.</summary>
    public readonly int Column(int key) => _columns[key] - _firstColumn;

    /// <summary>Column of a query of the tile, from the sequence's first.</summary>
    public readonly int QueryColumn(int query) => Column(KeyOfQuery(query));

    /// <summary>What a key of the sequence is turned by.</summary>
    public readonly int Position(int key) => _positions == null ? Column(key) : _positions[key];

    /// <summary>What a query of the tile is turned by.</summary>
    public readonly int QueryPosition(int query) => Position(KeyOfQuery(query));

    /// <summary>The place of a query among the keys of the sequence.</summary>
    private readonly int KeyOfQuery(int query) => (_queryRows == null ? _firstQuery + query : _queryRows[query]) - _start;

    /// <summary>Row of Q and of the output.</summary>
    public readonly nint QueryRow(int query) => _firstQuery + query;

    /// <summary>Row of K and V of a key of the sequence.</summary>
    public readonly nint KeyRow(int key) => _start + key;

    /// <summary>Key of the sequence that stands in a row.</summary>
    public readonly int KeyOfRow(int row) => row - _start;

    /// <summary>Whether a key was seen as a global one.</summary>
    public readonly bool IsGlobal(int key)
    {
        int place = HeadRows.LowerBound(Globals, GlobalCount, _start + key);
        return place < GlobalCount && Globals[place] == _start + key;
    }
}
