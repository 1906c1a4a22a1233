using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>How distance enters a score. A struct, so that the one tile loop is compiled once for each term and hooks that do nothing vanish.</summary>
/// <remarks>A task works on its own copy, so hooks may keep what they find in fields.</remarks>
internal unsafe interface IPositionTerm
{
    /// <summary>Columns of queries that a task covers at most: a larger tile packs keys and values less often.</summary>
    static abstract int QueryTile { get; }

    /// <summary>Floats of a thread's own memory that the hooks need.</summary>
    int ScratchFloats<S, V>(int queryTile) where S : struct, ISimd<V> where V : struct;

    /// <summary>Once for each task.</summary>
    /// <param name="scale">The factor on q·k, times log2 e: scores are powers of 2.</param>
    void Attach<S, V>(float* scratch, int head, in AttentionCall call, float scale) where S : struct, ISimd<V> where V : struct;

    /// <summary>A query or key goes to its tile: d floats times <paramref name="scale"/>.</summary>
    /// <param name="position">What a rotation turns by.</param>
    void PackRow<S, V>(float* from, float* to, int d, int position, float scale) where S : struct, ISimd<V> where V : struct;

    /// <summary>Once for each block of keys against a tile of queries.</summary>
    void Block<S, V>(in AttentionTile tile, int keys) where S : struct, ISimd<V> where V : struct;

    /// <summary>Once for each panel of 2W queries from <paramref name="lane"/> on.</summary>
    /// <param name="first">The panel sees keys first … end−1 of the block.</param>
    void Panel<S, V>(in AttentionTile tile, int lane, int first, int end) where S : struct, ISimd<V> where V : struct;

    /// <summary>The scores of one key, in units of log2; inlined.</summary>
    /// <param name="score">scale · q·k of W queries from <paramref name="lane"/> on.</param>
    V Score<S, V>(V score, V queryColumns, float keyColumn, in AttentionTile tile, int key, int lane) where S : struct, ISimd<V> where V : struct;
}
