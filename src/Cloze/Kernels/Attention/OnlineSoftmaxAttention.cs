using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>out[i] = Σ_j softmax_j(scale · q_i·k_j + position(i,j)) v_j over the keys j of i's sequence that i sees, for every head.</summary>
/// <remarks>
/// Layout: queries are lanes. A task (sequence, tile of QueryTile columns, head) packs its queries transposed, [d][2W] a panel. For each block
/// of 48 key columns it packs K and V row-major, and for each panel it computes Sᵀ = K·Qᵀ, the softmax down the columns and Oᵀ = Oᵀ·f + Vᵀ·Pᵀ
/// with one product (<see cref="PanelProduct{S,V}"/>, which broadcasts K and V), so neither is transposed and nothing is horizontal.
/// <para>
/// Bits: lanes never meet. A score is one chain over d, an output one chain over the keys of a block and one over blocks; blocks begin at
/// multiples of 48 columns from the sequence's first. The maximum starts at a finite number and masked scores are −∞, so a key that is masked adds
/// exactly 0, and a block that is masked leaves maximum, sum and output as they were. Hence tile, panel, window trimming, query subset, batch,
/// threads and vector width leave no trace (V finite). A value that is not finite spoils rows of its own sequence only.
/// </para>
/// <para>
/// Accuracy: within 1.2e-6 of max|out| up to 8192 keys for scores of ordinary size; scores near 70 give 8e-6, which is their own rounding in float32.
/// Work: 4·d flops a pair. Memory: about 0.3 MB a thread, whatever the length. Edges: any n, d and window; nothing is read or written beyond the rows given.
/// </para>
/// <para>
/// Dao et al. 2022, arXiv:2205.14135, alg. 1; Milakov and Gimelshein 2018, arXiv:1805.02867. Dropout on probabilities belongs between the sum
/// and the second product of <see cref="KeyBlocks{S,V,P}"/>, as one more struct argument keyed by row, head and column.
/// </para>
/// </remarks>
internal static unsafe class OnlineSoftmaxAttention<S, V, P> where S : struct, ISimd<V> where V : struct where P : struct, IPositionTerm
{
    public const float Log2E = 1.44269504f;

    /// <summary>Floats of a thread's own memory that <see cref="Run"/> needs.</summary>
    public static int ScratchFloats(in AttentionCall call, in P term) =>
        AttentionTask.Floats(call.QueryTile + 2 * S.Count, call.HeadSize, 2 * S.Count) + term.ScratchFloats<S, V>(call.QueryTile);

    /// <summary>One head of one tile; any thread, any order.</summary>
    /// <param name="term">The task's own copy.</param>
    /// <param name="scratch">The thread's own, 64-byte aligned; its contents do not matter.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in AttentionCall call, P term, int sequence, int tile, int head, float* scratch)
    {
        AttentionTask task = new(call, sequence, tile, head);
        if (task.Tile.QueryCount == 0) return;
        int width = 2 * S.Count;
        scratch = task.Place(scratch, (task.Tile.QueryCount + width - 1) / width * width, width);
        term.Attach<S, V>(scratch, head, call, call.Scale * Log2E);
        PackQueries(call, ref task, ref term);

        for (int key = 0; key < task.GlobalCount; key += AttentionCall.KeyBlock)
            KeyBlocks<S, V, P>.Add(call, ref task, ref term, task.Globals + key, 0, Math.Min(AttentionCall.KeyBlock, task.GlobalCount - key), window: -1);
        task.FindBand(call.Window);
        for (int key = task.FirstKey, end; key < task.EndKey; key = end)
        {
            end = task.EndOfBlock(key);
            KeyBlocks<S, V, P>.Add(call, ref task, ref term, null, key, end - key, call.Window);
        }
        WriteOutput(call, task);
    }

    /// <summary>Queries, transposed and scaled, with their columns; maximum, sum and output at their start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackQueries(in AttentionCall call, ref AttentionTask task, ref P term)
    {
        int d = call.HeadSize, stride = task.Tile.Stride, width = 2 * S.Count, count = task.Tile.QueryCount, lanes = task.Lanes;
        for (int lane = 0; lane < lanes; lane += width)
        {
            for (int l = 0; l < width; l++)
            {
                int query = Math.Min(lane + l, count - 1), column = task.QueryColumn(query);   // lanes beyond the last repeat it; nobody reads their results
                float* row = call.Q + task.QueryRow(query) * call.QStride + task.Head * d;
                term.PackRow<S, V>(row, task.Rows + l * stride, d, task.QueryPosition(query), call.Scale * Log2E);
                if (task.Head + 1 < call.Heads) HeadRows.Prefetch(row + d, d);
                (task.Tile.QueryColumns[lane + l], task.QueryPlaces[lane + l]) = (column, column);
                (task.Maximum[lane + l], task.Sum[lane + l]) = (float.MinValue, 0);
            }
            for (int x = 0; x < stride; x += S.Count)
                for (int l = 0; l < width; l += S.Count)
                    S.Transpose(task.Rows + l * stride + x, stride, task.Tile.Queries + lane * stride + x * width + l, width);
        }
        NativeMemory.Clear(task.Output, (nuint)(lanes * stride) * sizeof(float));
        task.Tile.IsContiguous = task.Tile.QueryColumns[count - 1] - task.Tile.QueryColumns[0] == count - 1;
    }

    /// <summary>Output / sum, row by row, and the log-sum where it is asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WriteOutput(in AttentionCall call, in AttentionTask task)
    {
        int d = call.HeadSize, stride = task.Tile.Stride, width = 2 * S.Count;
        for (int lane = 0; lane < task.Lanes; lane += width)
        {
            for (int x = 0; x < stride; x += S.Count)
                for (int l = 0; l < width; l += S.Count) S.Transpose(task.Output + lane * stride + x * width + l, width, task.Rows + l * stride + x, stride);
            for (int l = 0; l < width && lane + l < task.Tile.QueryCount; l++)
            {
                nint row = task.QueryRow(lane + l);
                HeadRows.Copy<S, V>(task.Rows + l * stride, call.Output + row * call.OutputStride + task.Head * d, d, 1 / task.Sum[lane + l]);
                if (call.LogSum != null) call.LogSum[row * call.Heads + task.Head] = (float)((task.Maximum[lane + l] + Math.Log2(task.Sum[lane + l])) / Log2E);
            }
        }
    }
}
