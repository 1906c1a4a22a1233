using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>What a block of keys adds to a tile of queries: one step of the online softmax, panel by panel.</summary>
internal static unsafe class KeyBlocks<S, V, P> where S : struct, ISimd<V> where V : struct where P : struct, IPositionTerm
{
    /// <summary>Keys <paramref name="first"/> … of the sequence without its global ones, or the rows of <paramref name="list"/>.</summary>
    /// <param name="window">Columns that a query sees on each side; negative: all keys of the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(in AttentionCall call, ref AttentionTask task, ref P term, int* list, int first, int count, int window)
    {
        bool hasGlobal = Pack(call, task, ref term, list, first, count);
        term.Block<S, V>(task.Tile, count);
        int width = 2 * S.Count;
        for (int lane = 0; lane < task.Tile.QueryCount; lane += width)
        {
            (int from, int end, int seenFrom, int seenEnd) = (0, count, 0, count);   // the panel's keys; those that every lane sees
            if (window >= 0)
            {
                int* columns = task.Tile.KeyColumns;
                int low = task.Tile.QueryColumns[lane], high = task.Tile.QueryColumns[Math.Min(lane + width, task.Tile.QueryCount) - 1];
                from = HeadRows.LowerBound(columns, count, low - window);
                end = HeadRows.LowerBound(columns, count, high + window + 1);
                if (from >= end) continue;
                seenFrom = Math.Clamp(HeadRows.LowerBound(columns, count, high - window), from, end);
                seenEnd = Math.Max(seenFrom, HeadRows.LowerBound(columns, count, low + window + 1));
            }
            if (hasGlobal) seenFrom = seenEnd = end;
            AddPanel(call, task, ref term, lane, from, end, seenFrom, seenEnd, window);
        }
    }

    /// <summary>K and V go to the task's memory: rows a multiple of 1 KB apart would share a few sets of the cache.</summary>
    /// <returns>Whether a key was seen as a global one.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Pack(in AttentionCall call, in AttentionTask task, ref P term, int* list, int first, int count)
    {
        int d = call.HeadSize, stride = task.Tile.Stride, head = task.Head * d;
        bool hasGlobal = false;
        for (int j = 0; j < count; j++)
        {
            int key = list == null ? first + j : task.KeyOfRow(list[j]), column = task.Column(key);
            nint row = task.KeyRow(key);
            term.PackRow<S, V>(call.K + row * call.KStride + head, task.Tile.Keys + j * stride, d, task.Position(key), 1);
            HeadRows.Copy<S, V>(call.V + row * call.VStride + head, task.Values + j * stride, d, 1);
            (task.Tile.KeyColumns[j], task.KeyPlaces[j]) = (column, column);
            if (list != null) continue;
            if (task.GlobalCount > 0 && task.IsGlobal(key)) (task.KeyPlaces[j], hasGlobal) = (float.PositiveInfinity, true);
            // what is packed next: the next block, else the first of the next head
            bool hasMore = key + AttentionCall.KeyBlock < task.EndKey;
            nint next = task.KeyRow(hasMore ? key + AttentionCall.KeyBlock : Math.Min(task.FirstKey + j, task.EndKey - 1));
            int column0 = Math.Min(hasMore ? task.Head : task.Head + 1, call.Heads - 1) * d;
            HeadRows.Prefetch(call.K + next * call.KStride + column0, d);
            HeadRows.Prefetch(call.V + next * call.VStride + column0, d);
        }
        return hasGlobal;
    }

    // m' = max(m, s); p = 2^(s − m'); l' = l·2^(m − m') + Σ p; Oᵀ' = Oᵀ·2^(m − m') + Vᵀ·Pᵀ
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddPanel(in AttentionCall call, in AttentionTask task, ref P term, int lane, int from, int end, int seenFrom, int seenEnd, int window)
    {
        int d = call.HeadSize, w = S.Count, width = 2 * w, stride = task.Tile.Stride;
        float* scores = task.Scores + from * width;
        PanelProduct<S, V>.Multiply(task.Tile.Keys + from * stride, stride, 1, task.Tile.Queries + lane * stride, width, scores, width, end - from, d, null);
        term.Panel<S, V>(task.Tile, lane, from, end);

        V old0 = S.Load(task.Maximum + lane), old1 = S.Load(task.Maximum + lane + w), max0 = old0, max1 = old1;
        if (from < seenFrom) Score(task, ref term, lane, from, seenFrom, isMasked: true, window, ref max0, ref max1);
        if (seenFrom < seenEnd) Score(task, ref term, lane, seenFrom, seenEnd, isMasked: false, window, ref max0, ref max1);
        if (seenEnd < end) Score(task, ref term, lane, seenEnd, end, isMasked: true, window, ref max0, ref max1);

        V sum0 = default, sum1 = default;
        for (float* s = scores, last = task.Scores + end * width; s < last; s += width)
        {
            V p0 = VectorMath<S, V>.Exp2(S.Sub(S.Load(s), max0)), p1 = VectorMath<S, V>.Exp2(S.Sub(S.Load(s + w), max1));
            sum0 = S.Add(sum0, p0);
            sum1 = S.Add(sum1, p1);
            S.Store(p0, s);
            S.Store(p1, s + w);
        }
        V factor0 = VectorMath<S, V>.Exp2(S.Sub(old0, max0)), factor1 = VectorMath<S, V>.Exp2(S.Sub(old1, max1));
        S.Store(factor0, task.Factors);
        S.Store(factor1, task.Factors + w);
        S.Store(max0, task.Maximum + lane);
        S.Store(max1, task.Maximum + lane + w);
        S.Store(S.MulAdd(S.Load(task.Sum + lane), factor0, sum0), task.Sum + lane);
        S.Store(S.MulAdd(S.Load(task.Sum + lane + w), factor1, sum1), task.Sum + lane + w);
        PanelProduct<S, V>.Multiply(task.Values + from * stride, 1, stride, scores, width, task.Output + lane * stride, width, d, end - from, task.Factors);
    }

    // The term, the mask and the running maximum of keys from … end−1.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(in AttentionTask task, ref P term, int lane, int from, int end, bool isMasked, int window, ref V max0, ref V max1)
    {
        int w = S.Count;
        AttentionTile tile = task.Tile;
        P own = term;
        float* places = task.KeyPlaces, s = task.Scores + from * 2 * w;
        V query0 = S.Load(task.QueryPlaces + lane), query1 = S.Load(task.QueryPlaces + lane + w), m0 = max0, m1 = max1;
        V reach = S.All(window < 0 ? float.MaxValue : window), unseen = S.All(float.NegativeInfinity);
        for (int key = from; key < end; key++, s += 2 * w)
        {
            V s0 = own.Score<S, V>(S.Load(s), query0, places[key], tile, key, lane);
            V s1 = own.Score<S, V>(S.Load(s + w), query1, places[key], tile, key, lane + w);
            if (isMasked)
            {
                V place = S.All(places[key]);
                s0 = S.Select(S.AtMost(S.Abs(S.Sub(query0, place)), reach), s0, unseen);
                s1 = S.Select(S.AtMost(S.Abs(S.Sub(query1, place)), reach), s1, unseen);
            }
            m0 = S.Max(m0, s0);
            m1 = S.Max(m1, s1);
            S.Store(s0, s);
            S.Store(s1, s + w);
        }
        max0 = m0;
        max1 = m1;
    }
}
