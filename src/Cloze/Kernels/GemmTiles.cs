using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>One tile of a product: some rows of x against one panel or two.</summary>
internal unsafe struct GemmTile
{
    public float* X, Panel, Bias, Y, Other;
    public nint XStride, YStride, OtherStride;
    public int Inputs;
    public Combination Combination;
}

/// <summary>The micro-kernels of <see cref="PackedGemm{S,V}"/>: 1 to 6 rows and 12 rows by a panel, 1 to 3 rows by two.</summary>
/// <remarks>
/// A step of k loads a row of the panel (2 vectors) and for each row of x broadcasts one element into 2 fused multiply-adds: 6 rows are 12 sums, 2 vectors
/// of W and one of x in 15 of 16 registers. What the JIT needs, read from its output: V is the raw vector; the offsets of the rows of x live in registers;
/// k is unrolled by 4; the loop's end is a pointer.
/// </remarks>
internal static unsafe class GemmTiles<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <param name="isLast">Whether no other tile follows in this panel: the next one is fetched meanwhile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in GemmTile tile, int rows, int panels, bool isLast)
    {
        switch (rows, panels)
        {
            case (1, 2): Wide<N1>(tile); break;
            case (2, 2): Wide<N2>(tile); break;
            case (3, 2): Wide<N3>(tile); break;
            case (1, _): Narrow<N1, N1>(tile); break;
            case (2, _): Narrow<N2, N1>(tile); break;
            case (3, _): Narrow<N3, N1>(tile); break;
            case (4, _): Narrow<N4, N1>(tile); break;
            case (5, _): Narrow<N5, N1>(tile); break;
            case (6, _) when isLast: Narrow<N6, N1>(tile); break;
            case (6, _): Narrow<N6, N0>(tile); break;
            default: Tall(tile); break;
        }
    }

    /// <summary>1 to 6 rows by one panel.</summary>
    /// <typeparam name="R">How many rows.</typeparam>
    /// <typeparam name="Next">1: the next panel is fetched.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow<R, Next>(in GemmTile tile) where R : struct, INumber where Next : struct, INumber
    {
        Pair<V> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        nint l1 = tile.XStride, l2 = 2 * l1, l3 = 3 * l1, l4 = 4 * l1, l5 = 5 * l1, width = 2 * S.Count, panel = width * tile.Inputs;
        float* a = tile.X, b = tile.Panel, end = b + panel, end4 = b + width * (tile.Inputs & ~3);
        for (; b < end4; b += 4 * width, a += 4)
        {
            Step<R, Next>(a, l1, l2, l3, l4, l5, b, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<R, Next>(a + 1, l1, l2, l3, l4, l5, b + width, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<R, Next>(a + 2, l1, l2, l3, l4, l5, b + 2 * width, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<R, Next>(a + 3, l1, l2, l3, l4, l5, b + 3 * width, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
        }
        for (; b < end; b += width, a++) Step<R, Next>(a, l1, l2, l3, l4, l5, b, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);

        Finish<R>(tile, 0, r0, r1, r2, r3, r4, r5);
    }

    /// <summary>12 rows by one panel, for 32 registers: half the reads of W.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tall(in GemmTile tile)
    {
        Pair<V> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        Pair<V> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default;
        nint l1 = tile.XStride, l2 = 2 * l1, l3 = 3 * l1, l4 = 4 * l1, l5 = 5 * l1, width = 2 * S.Count, panel = width * tile.Inputs;
        float* a = tile.X, a6 = a + 6 * l1, b = tile.Panel, end = b + panel, end4 = b + width * (tile.Inputs & ~3);
        for (; b < end4; b += 4 * width, a += 4, a6 += 4)
        {
            Step<N6, N1>(a, l1, l2, l3, l4, l5, b, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6, N0>(a6, l1, l2, l3, l4, l5, b, panel, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
            Step<N6, N1>(a + 1, l1, l2, l3, l4, l5, b + width, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6, N0>(a6 + 1, l1, l2, l3, l4, l5, b + width, panel, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
            Step<N6, N1>(a + 2, l1, l2, l3, l4, l5, b + 2 * width, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6, N0>(a6 + 2, l1, l2, l3, l4, l5, b + 2 * width, panel, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
            Step<N6, N1>(a + 3, l1, l2, l3, l4, l5, b + 3 * width, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6, N0>(a6 + 3, l1, l2, l3, l4, l5, b + 3 * width, panel, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
        }
        for (; b < end; b += width, a++, a6++)
        {
            Step<N6, N1>(a, l1, l2, l3, l4, l5, b, panel, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6, N0>(a6, l1, l2, l3, l4, l5, b, panel, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
        }

        Finish<N6>(tile, 0, r0, r1, r2, r3, r4, r5);
        Finish<N6>(tile, 6, s0, s1, s2, s3, s4, s5);
    }

    /// <summary>1 to 3 rows by two panels: 4 chains a row hide the latency of a multiply-add while W streams from memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide<R>(in GemmTile tile) where R : struct, INumber
    {
        Pair<V> r0 = default, r1 = default, r2 = default, s0 = default, s1 = default, s2 = default;
        nint l1 = tile.XStride, l2 = 2 * l1, width = 2 * S.Count, panel = width * tile.Inputs;
        float* a = tile.X, b = tile.Panel, end = b + panel;
        for (; b < end; b += width, a++)
        {
            V x0 = S.All(*a), x1 = R.Value > 1 ? S.All(a[l1]) : x0, x2 = R.Value > 2 ? S.All(a[l2]) : x0;
            Column<R>(b, x0, x1, x2, ref r0.Left, ref r1.Left, ref r2.Left);
            Column<R>(b + S.Count, x0, x1, x2, ref r0.Right, ref r1.Right, ref r2.Right);
            Column<R>(b + panel, x0, x1, x2, ref s0.Left, ref s1.Left, ref s2.Left);
            Column<R>(b + panel + S.Count, x0, x1, x2, ref s0.Right, ref s1.Right, ref s2.Right);
        }

        Finish<R>(tile, 0, r0, r1, r2, r0, r0, r0);
        GemmTile second = tile;
        second.Y += width;
        if (second.Bias is not null) second.Bias += width;
        if (second.Other is not null) second.Other += width;
        Finish<R>(second, 0, s0, s1, s2, s0, s0, s0);
    }

    /// <summary>One k for up to 6 rows. Rows that are not there are dropped by the compiler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<R, Next>(
        float* a, nint l1, nint l2, nint l3, nint l4, nint l5, float* b, nint panel,
        ref Pair<V> r0, ref Pair<V> r1, ref Pair<V> r2, ref Pair<V> r3, ref Pair<V> r4, ref Pair<V> r5) where R : struct, INumber where Next : struct, INumber
    {
        V left = S.Load(b), right = S.Load(b + S.Count);
        if (Next.Value > 0) Fetch(b + panel);
        Row(a, left, right, ref r0);
        if (R.Value > 1) Row(a + l1, left, right, ref r1);
        if (R.Value > 2) Row(a + l2, left, right, ref r2);
        if (R.Value > 3) Row(a + l3, left, right, ref r3);
        if (R.Value > 4) Row(a + l4, left, right, ref r4);
        if (R.Value > 5) Row(a + l5, left, right, ref r5);
    }

    /// <summary>One k and one vector of W for up to 3 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column<R>(float* b, V x0, V x1, V x2, ref V c0, ref V c1, ref V c2) where R : struct, INumber
    {
        V w = S.Load(b);
        c0 = S.MulAdd(x0, w, c0);
        if (R.Value > 1) c1 = S.MulAdd(x1, w, c1);
        if (R.Value > 2) c2 = S.MulAdd(x2, w, c2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row(float* a, V left, V right, ref Pair<V> sum)
    {
        V x = S.All(*a);
        sum.Left = S.MulAdd(x, left, sum.Left);
        sum.Right = S.MulAdd(x, right, sum.Right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* next)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(next);
        if (S.Count == 16) Sse.Prefetch0(next + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<R>(in GemmTile tile, int row, Pair<V> r0, Pair<V> r1, Pair<V> r2, Pair<V> r3, Pair<V> r4, Pair<V> r5) where R : struct, INumber
    {
        V left = tile.Bias is null ? S.All(0) : S.Load(tile.Bias), right = tile.Bias is null ? S.All(0) : S.Load(tile.Bias + S.Count);
        float* y = tile.Y + row * tile.YStride, other = tile.Other + row * tile.OtherStride;
        nint yStride = tile.YStride, otherStride = tile.OtherStride;
        Combination combination = tile.Combination;
        Finish(combination, S.Add(r0.Left, left), S.Add(r0.Right, right), other, y);
        if (R.Value > 1) Finish(combination, S.Add(r1.Left, left), S.Add(r1.Right, right), other + otherStride, y + yStride);
        if (R.Value > 2) Finish(combination, S.Add(r2.Left, left), S.Add(r2.Right, right), other + 2 * otherStride, y + 2 * yStride);
        if (R.Value > 3) Finish(combination, S.Add(r3.Left, left), S.Add(r3.Right, right), other + 3 * otherStride, y + 3 * yStride);
        if (R.Value > 4) Finish(combination, S.Add(r4.Left, left), S.Add(r4.Right, right), other + 4 * otherStride, y + 4 * yStride);
        if (R.Value > 5) Finish(combination, S.Add(r5.Left, left), S.Add(r5.Right, right), other + 5 * otherStride, y + 5 * yStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Combination combination, V left, V right, float* other, float* y)
    {
        if (combination == Combination.Add)
        {
            left = S.Add(S.Load(other), left);
            right = S.Add(S.Load(other + S.Count), right);
        }
        else if (combination == Combination.Multiply)
        {
            left = S.Mul(S.Load(other), left);
            right = S.Mul(S.Load(other + S.Count), right);
        }
        S.Store(left, y);
        S.Store(right, y + S.Count);
    }
}

/// <summary>Two vectors side by side: a row of a tile.</summary>
internal struct Pair<V>
{
    public V Left, Right;
}

/// <summary>A number at compile time: the JIT makes one kernel of each and drops what it does not use.</summary>
internal interface INumber
{
    static abstract int Value { get; }
}

internal readonly struct N0 : INumber { public static int Value => 0; }
internal readonly struct N1 : INumber { public static int Value => 1; }
internal readonly struct N2 : INumber { public static int Value => 2; }
internal readonly struct N3 : INumber { public static int Value => 3; }
internal readonly struct N4 : INumber { public static int Value => 4; }
internal readonly struct N5 : INumber { public static int Value => 5; }
internal readonly struct N6 : INumber { public static int Value => 6; }
