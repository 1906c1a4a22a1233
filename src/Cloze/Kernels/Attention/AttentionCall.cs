namespace Cloze.Kernels.Attention;

/// <summary>What one call of attention reads and writes. Rows are of the packed batch; head h is columns h·d … h·d+d−1.</summary>
/// <remarks>
/// Rows of a sequence follow each other, their columns ascend, and so do the rows in <see cref="QueryRows"/> and <see cref="GlobalRows"/>.
/// <see cref="Output"/> overlaps no operand. Pointers must stay valid until the call has ended.
/// </remarks>
internal unsafe struct AttentionCall
{
    /// <summary>
    /// Columns of a block of keys, counted from the sequence's first. It is part of the result's bits (sums are taken block by block), unlike
    /// tiles, panels, threads and vector width.
    /// </summary>
    public const int KeyBlock = 48;

    /// <summary>[R,·]; row r belongs to batch row QueryRows[r].</summary>
    public float* Q;
    /// <summary>[N,·].</summary>
    public float* K;
    /// <summary>[N,·].</summary>
    public float* V;
    /// <summary>[R,·].</summary>
    public float* Output;
    /// <summary>[R,A], or null: log Σ_j exp(score), which a backward pass needs.</summary>
    public float* LogSum;
    /// <summary>Floats from one row to the next.</summary>
    public nint QStride, KStride, VStride, OutputStride;

    /// <summary>A.</summary>
    public int Heads;
    /// <summary>d.</summary>
    public int HeadSize;
    /// <summary>B.</summary>
    public int Sequences;
    /// <summary>Factor on q·k.</summary>
    public float Scale;
    /// <summary>Columns seen on each side, inclusive; negative: all of the sequence.</summary>
    public int Window;

    /// <summary>[B+1]: the first row of each sequence.</summary>
    public int* Starts;
    /// <summary>[N].</summary>
    public int* Columns;
    /// <summary>[N]: what rotations turn by; null: the columns, counted from the sequence's first.</summary>
    public int* Positions;
    /// <summary>[R] and [B+1] places in it; null: every row is a query.</summary>
    public int* QueryRows, QueryStarts;
    /// <summary>Keys that are seen whatever the window, once: [G] and [B+1] places in it; null: none.</summary>
    public int* GlobalRows, GlobalStarts;

    /// <summary>[A,A] each: what a head's scores, and then its probabilities, are mixed of (<see cref="TalkingHeadsAttention{S,V,P}"/>); null: of its own.</summary>
    public float* ScoreMix, ProbabilityMix;

    /// <summary>Columns of queries that a task covers. Decides speed and memory only.</summary>
    public int QueryTile;
}

/// <summary>A block of packed keys against a tile of packed queries: what a position term may look at.</summary>
internal unsafe struct AttentionTile
{
    /// <summary>Scaled queries, transposed: a panel of 2W lanes after the other, each [d][2W].</summary>
    public float* Queries;
    /// <summary>Keys, row-major, <see cref="Stride"/> floats from one to the next.</summary>
    public float* Keys;
    /// <summary>Columns counted from the sequence's first; lanes beyond the last query repeat it.</summary>
    public int* QueryColumns, KeyColumns;
    public int QueryCount;
    /// <summary>d, rounded up to 16.</summary>
    public int Stride;
    /// <summary>No hole between the queries' columns.</summary>
    public bool IsContiguous;
}
