using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>One tile of a product: some rows of x against one panel, or up to three.</summary>
internal unsafe struct GemmTile
{
    public float* X, Panel, Bias, Y, Other;
    public nint XStride, YStride, OtherStride;
    public int Inputs;
    public Combination Combination;
}

/// <summary>The micro-kernels of <see cref="PackedGemm{S,V}"/>: 1 to 6 rows and 12 rows by a panel, 1 to 3 rows by two, 1 to 4 rows by three.</summary>
/// <remarks>
/// A step of k loads a row of the panel (2 vectors) and for each row of x broadcasts one element into 2 fused multiply-adds: 6 rows are 12 sums, 2 vectors
/// of W and one of x in 15 of 16 registers. What the JIT needs, read from its output: V is the raw vector; the offsets of the rows of x live in registers;
/// k is unrolled by 4; the loop's end is a pointer.
/// </remarks>
internal static unsafe class GemmTiles<S, V> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in GemmTile tile, int rows, int panels)
    {
        switch (rows, panels)
        {
            case (1, 2): Wide<N1>(tile); break;
            case (2, 2): Wide<N2>(tile); break;
            case (3, 2): Wide<N3>(tile); break;
            case (1, 3): Triple<N1>(tile); break;
            case (2, 3): Triple<N2>(tile); break;
            case (3, 3): Triple<N3>(tile); break;
            case (4, 3): Triple<N4>(tile); break;
            case (1, _): Narrow<N1>(tile); break;
            case (2, _): Narrow<N2>(tile); break;
            case (3, _): Narrow<N3>(tile); break;
            case (4, _): Narrow<N4>(tile); break;
            case (5, _): Narrow<N5>(tile); break;
            case (6, _): Narrow<N6>(tile); break;
            default: Tall(tile); break;
        }
    }

    /// <summary>1 to 6 rows by one panel.</summary>
    /// <typeparam name="R">How many rows.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow<R>(in GemmTile tile) where R : struct, INumber
    {
        Pair<V> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default;
        nint l1 = tile.XStride, l2 = 2 * l1, l3 = 3 * l1, l4 = 4 * l1, l5 = 5 * l1, width = 2 * S.Count, panel = width * tile.Inputs;
        float* a = tile.X, b = tile.Panel, end = b + panel, end4 = b + width * (tile.Inputs & ~3);
        for (; b < end4; b += 4 * width, a += 4)
        {
            Step<R>(a, l1, l2, l3, l4, l5, b, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<R>(a + 1, l1, l2, l3, l4, l5, b + width, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<R>(a + 2, l1, l2, l3, l4, l5, b + 2 * width, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<R>(a + 3, l1, l2, l3, l4, l5, b + 3 * width, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
        }
        for (; b < end; b += width, a++) Step<R>(a, l1, l2, l3, l4, l5, b, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);

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
            Step<N6>(a, l1, l2, l3, l4, l5, b, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6>(a6, l1, l2, l3, l4, l5, b, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
            Step<N6>(a + 1, l1, l2, l3, l4, l5, b + width, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6>(a6 + 1, l1, l2, l3, l4, l5, b + width, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
            Step<N6>(a + 2, l1, l2, l3, l4, l5, b + 2 * width, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6>(a6 + 2, l1, l2, l3, l4, l5, b + 2 * width, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
            Step<N6>(a + 3, l1, l2, l3, l4, l5, b + 3 * width, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6>(a6 + 3, l1, l2, l3, l4, l5, b + 3 * width, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
        }
        for (; b < end; b += width, a++, a6++)
        {
            Step<N6>(a, l1, l2, l3, l4, l5, b, ref r0, ref r1, ref r2, ref r3, ref r4, ref r5);
            Step<N6>(a6, l1, l2, l3, l4, l5, b, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5);
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

    /// <summary>
    /// Up to 4 rows by three panels, as two tiles of 3 vectors: 4 rows are 12 sums, where one panel has 8, as many as the latency of a multiply-add takes,
    /// so that whatever delays one of them is lost.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Triple<R>(in GemmTile tile) where R : struct, INumber
    {
        nint panel = 2 * S.Count * tile.Inputs;
        float* b = tile.Panel;
        Vectors<R>(tile, 0, b, S.Count, panel);
        Vectors<R>(tile, 3 * S.Count, b + panel + S.Count, panel - S.Count, panel);
    }

    /// <summary>Up to 4 rows by 3 vectors.</summary>
    /// <param name="column">Of y, from the tile's first.</param>
    /// <param name="b">The first vector's column of W.</param>
    /// <param name="second">Floats from it to the second vector's; <paramref name="third"/>: to the third's.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vectors<R>(in GemmTile tile, int column, float* b, nint second, nint third) where R : struct, INumber
    {
        V c00 = default, c10 = default, c20 = default, c30 = default;
        V c01 = default, c11 = default, c21 = default, c31 = default;
        V c02 = default, c12 = default, c22 = default, c32 = default;
        nint l1 = tile.XStride, l2 = 2 * l1, l3 = 3 * l1, width = 2 * S.Count;
        float* a = tile.X, end = b + width * tile.Inputs;
        for (; b < end; b += width, a++)
        {
            V w0 = S.Load(b), w1 = S.Load(b + second), w2 = S.Load(b + third);
            Row(a, w0, w1, w2, ref c00, ref c01, ref c02);
            if (R.Value > 1) Row(a + l1, w0, w1, w2, ref c10, ref c11, ref c12);
            if (R.Value > 2) Row(a + l2, w0, w1, w2, ref c20, ref c21, ref c22);
            if (R.Value > 3) Row(a + l3, w0, w1, w2, ref c30, ref c31, ref c32);
        }
        FinishColumn<R>(tile, column, c00, c10, c20, c30);
        FinishColumn<R>(tile, column + S.Count, c01, c11, c21, c31);
        FinishColumn<R>(tile, column + 2 * S.Count, c02, c12, c22, c32);
    }

    /// <summary>One k for up to 6 rows. Rows that are not there are dropped by the compiler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<R>(
        float* a, nint l1, nint l2, nint l3, nint l4, nint l5, float* b,
        ref Pair<V> r0, ref Pair<V> r1, ref Pair<V> r2, ref Pair<V> r3, ref Pair<V> r4, ref Pair<V> r5) where R : struct, INumber
    {
        V left = S.Load(b), right = S.Load(b + S.Count);
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
    private static void Row(float* a, V w0, V w1, V w2, ref V c0, ref V c1, ref V c2)
    {
        V x = S.All(*a);
        c0 = S.MulAdd(x, w0, c0);
        c1 = S.MulAdd(x, w1, c1);
        c2 = S.MulAdd(x, w2, c2);
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

    /// <summary>One vector of columns of up to 4 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FinishColumn<R>(in GemmTile tile, int column, V c0, V c1, V c2, V c3) where R : struct, INumber
    {
        V bias = tile.Bias is null ? S.All(0) : S.Load(tile.Bias + column);
        float* y = tile.Y + column, other = tile.Other + column;
        nint yStride = tile.YStride, otherStride = tile.OtherStride;
        Finish(tile.Combination, S.Add(c0, bias), other, y);
        if (R.Value > 1) Finish(tile.Combination, S.Add(c1, bias), other + otherStride, y + yStride);
        if (R.Value > 2) Finish(tile.Combination, S.Add(c2, bias), other + 2 * otherStride, y + 2 * yStride);
        if (R.Value > 3) Finish(tile.Combination, S.Add(c3, bias), other + 3 * otherStride, y + 3 * yStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Combination combination, V left, V right, float* other, float* y)
    {
        Finish(combination, left, other, y);
        Finish(combination, right, other + S.Count, y + S.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Combination combination, V sum, float* other, float* y)
    {
        if (combination == Combination.Add) sum = S.Add(S.Load(other), sum);
        else if (combination == Combination.Multiply) sum = S.Mul(S.Load(other), sum);
        S.Store(sum, y);
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

internal readonly struct N1 : INumber { public static int Value => 1; }
internal readonly struct N2 : INumber { public static int Value => 2; }
internal readonly struct N3 : INumber { public static int Value => 3; }
internal readonly struct N4 : INumber { public static int Value => 4; }
internal readonly struct N5 : INumber { public static int Value => 5; }
internal readonly struct N6 : INumber { public static int Value => 6; }
