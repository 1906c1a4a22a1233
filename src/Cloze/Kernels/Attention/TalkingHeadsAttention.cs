using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>Constants of <see cref="TalkingHeadsAttention{S,V,P}"/>.</summary>
internal static class TalkingHeads
{
    /// <summary>Columns of queries that a task covers: whole panels at every width.</summary>
    public const int QueryTile = 32;
}

/// <summary>out_f[i] = Σ_j p_f(i,j) v_f[j] with p = M·softmax_j(L·s): heads are mixed before (L) and after (M) the softmax, pair by pair.</summary>
/// <remarks>
/// A path of its own: what a head gives depends on all heads, so their scores meet before any is exponentiated, and the softmax has ended before
/// the values are summed. A task is a tile of 32 query columns with all heads. It holds their scores against every key of the sequence, [panel][A][n][2W], in a
/// thread's own memory, which is linear in length: (1) products and position terms, head by head, blocks of keys as in
/// <see cref="KeyBlocks{S,V,P}"/>; (2) for each panel L, softmax and M in place; (3) values, head by head.
/// <para>
/// Bits: lanes never meet; a score is one chain over d, a mix one chain over heads, sums and outputs one chain over the keys of a block and one over blocks,
/// which begin at multiples of 48 columns from the sequence's first. Hence tile, query subset, batch, threads and vector width leave no trace.
/// Work: 4·d + 4·A flops a pair and head. No window and no global keys: the caller refuses them.
/// </para>
/// Shazeer et al. 2020, arXiv:2003.02436; transformers modeling_deberta.py, talking_head.
/// </remarks>
internal static unsafe class TalkingHeadsAttention<S, V, P> where S : struct, ISimd<V> where V : struct where P : struct, IPositionTerm
{
    private static int Width => 2 * S.Count;

    /// <summary>Floats of a thread's own memory that <see cref="Run"/> needs.</summary>
    public static int ScratchFloats(in AttentionCall call, in P term)
    {
        int longest = 0, lanes = Lanes(call.QueryTile);
        for (int sequence = 0; sequence < call.Sequences; sequence++) longest = Math.Max(longest, call.Starts[sequence + 1] - call.Starts[sequence]);
        return checked(Rounded(call.Heads * longest * lanes) + Rounded(call.Heads * Width)
            + AttentionTask.Floats(lanes, call.HeadSize, Width) + term.ScratchFloats<S, V>(call.QueryTile));
    }

    /// <summary>All heads of one tile; any thread, any order.</summary>
    /// <param name="term">The task's own copy.</param>
    /// <param name="scratch">The thread's own, 64-byte aligned; its contents do not matter.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in AttentionCall call, P term, int sequence, int tile, float* scratch)
    {
        int queries = new AttentionTask(call, sequence, tile, head: 0).Tile.QueryCount, keys = call.Starts[sequence + 1] - call.Starts[sequence];
        if (queries == 0) return;
        int lanes = Lanes(queries);
        nint ofHead = (nint)keys * Width;   // scores of a panel: from one head to the next
        float* scores = scratch, heads = scores + Rounded(call.Heads * keys * lanes), memory = heads + Rounded(call.Heads * Width);

        for (int head = 0; head < call.Heads; head++)
        {
            AttentionTask task = new(call, sequence, tile, head);
            term.Attach<S, V>(task.Place(memory, lanes, Width), head, call, call.Scale * OnlineSoftmaxAttention<S, V, P>.Log2E);
            OnlineSoftmaxAttention<S, V, P>.PackQueries(call, ref task, ref term);
            task.FindBand(call.Window);
            for (int key = 0, end; key < keys; key = end) AddScores(call, task, ref term, key, end = task.EndOfBlock(key), ofHead, scores);
        }

        AttentionTask any = new(call, sequence, tile, head: 0);
        any.Place(memory, lanes, Width);
        any.FindBand(window: -1);
        for (int panel = 0; panel < lanes / Width; panel++)
        {
            float* ofPanel = scores + panel * call.Heads * ofHead;
            Mix(call.ScoreMix, call.Heads, keys, ofPanel, heads);
            for (int head = 0; head < call.Heads; head++) Softmax(any, keys, ofPanel + head * ofHead);
            Mix(call.ProbabilityMix, call.Heads, keys, ofPanel, heads);
        }

        for (int head = 0; head < call.Heads; head++)
        {
            AttentionTask task = new(call, sequence, tile, head);
            task.Place(memory, lanes, Width);
            task.FindBand(window: -1);
            SumValues(call, task, ref term, keys, ofHead, scores);
            OnlineSoftmaxAttention<S, V, P>.WriteOutput(call, task);
        }
    }

    /// <summary>(1) Scores of one head with the keys of a block, in units of log2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScores(in AttentionCall call, in AttentionTask task, ref P term, int first, int end, nint ofHead, float* scores)
    {
        int w = S.Count, stride = task.Tile.Stride, count = end - first;
        KeyBlocks<S, V, P>.Pack(call, task, ref term, null, first, count);
        term.Block<S, V>(task.Tile, count);
        for (int lane = 0; lane < task.Tile.QueryCount; lane += Width)
        {
            float* s = scores + (lane / Width * call.Heads + task.Head) * ofHead + first * Width;
            PanelProduct<S, V>.Multiply(task.Tile.Keys, stride, 1, task.Tile.Queries + lane * stride, Width, s, Width, count, call.HeadSize, null);
            term.Panel<S, V>(task.Tile, lane, 0, count);
            V query0 = S.Load(task.QueryPlaces + lane), query1 = S.Load(task.QueryPlaces + lane + w);
            for (int key = 0; key < count; key++, s += Width)
            {
                S.Store(term.Score<S, V>(S.Load(s), query0, task.KeyPlaces[key], task.Tile, key, lane), s);
                S.Store(term.Score<S, V>(S.Load(s + w), query1, task.KeyPlaces[key], task.Tile, key, lane + w), s + w);
            }
        }
    }

    /// <summary>(2) x_g = Σ_h mix[g,h] · x_h for each key of a panel, in place.</summary>
    /// <param name="x">[A][keys][2W].</param>
    /// <param name="old">[A][2W].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* mix, int heads, int keys, float* x, float* old)
    {
        int w = S.Count;
        nint ofHead = (nint)keys * Width;
        for (int key = 0; key < keys; key++, x += Width)
        {
            for (int head = 0; head < heads; head++)
            {
                S.Store(S.Load(x + head * ofHead), old + head * Width);
                S.Store(S.Load(x + head * ofHead + w), old + head * Width + w);
            }
            for (int head = 0; head < heads; head++)
            {
                V sum0 = default, sum1 = default;
                for (int other = 0; other < heads; other++)
                {
                    V factor = S.All(mix[head * heads + other]);
                    sum0 = S.MulAdd(factor, S.Load(old + other * Width), sum0);
                    sum1 = S.MulAdd(factor, S.Load(old + other * Width + w), sum1);
                }
                S.Store(sum0, x + head * ofHead);
                S.Store(sum1, x + head * ofHead + w);
            }
        }
    }

    /// <summary>(2) Powers of 2 of a head's scores, divided by their sum over the keys.</summary>
    /// <param name="x">[keys][2W].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(in AttentionTask task, int keys, float* x)
    {
        int w = S.Count;
        V max0 = S.All(float.MinValue), max1 = max0, sum0 = default, sum1 = default;
        for (float* s = x, last = x + (nint)keys * Width; s < last; s += Width) (max0, max1) = (S.Max(max0, S.Load(s)), S.Max(max1, S.Load(s + w)));
        for (int key = 0, end; key < keys; key = end)
        {
            end = task.EndOfBlock(key);
            V block0 = default, block1 = default;
            for (float* s = x + (nint)key * Width, last = x + (nint)end * Width; s < last; s += Width)
            {
                V p0 = VectorMath<S, V>.Exp2(S.Sub(S.Load(s), max0)), p1 = VectorMath<S, V>.Exp2(S.Sub(S.Load(s + w), max1));
                (block0, block1) = (S.Add(block0, p0), S.Add(block1, p1));
                S.Store(p0, s);
                S.Store(p1, s + w);
            }
            (sum0, sum1) = (S.Add(sum0, block0), S.Add(sum1, block1));
        }
        V factor0 = S.Div(S.All(1), sum0), factor1 = S.Div(S.All(1), sum1);
        for (float* s = x, last = x + (nint)keys * Width; s < last; s += Width)
        {
            S.Store(S.Mul(S.Load(s), factor0), s);
            S.Store(S.Mul(S.Load(s + w), factor1), s + w);
        }
    }

    /// <summary>(3) Oᵀ = Vᵀ·Pᵀ of one head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumValues(in AttentionCall call, in AttentionTask task, ref P term, int keys, nint ofHead, float* scores)
    {
        int stride = task.Tile.Stride;
        for (int l = 0; l < Width; l++) task.Factors[l] = 1;
        for (int l = 0; l < task.Lanes; l++) task.Sum[l] = 1;   // probabilities are divided already
        for (int key = 0, end; key < keys; key = end)
        {
            end = task.EndOfBlock(key);
            KeyBlocks<S, V, P>.Pack(call, task, ref term, null, key, end - key);
            for (int lane = 0; lane < task.Lanes; lane += Width)
            {
                float* p = scores + (lane / Width * call.Heads + task.Head) * ofHead + key * Width;
                PanelProduct<S, V>.Multiply(task.Values, 1, stride, p, Width, task.Output + lane * stride, Width, call.HeadSize, end - key,
                    key == 0 ? null : task.Factors);
            }
        }
    }

    private static int Lanes(int queries) => (queries + Width - 1) / Width * Width;

    private static int Rounded(int count) => (count + 15) & ~15;
}
