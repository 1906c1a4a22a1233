using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>C = A·B, or C·f + A·B, for a panel B of 2W columns: the one product of attention.</summary>
/// <remarks>
/// A(r,p) = a[r·rowStride + p·stepStride] is read by broadcast, so A may lie either way round. B is [k] rows and C [rows] rows of 2W floats;
/// c does not overlap a or b.
/// Each element is one chain of fused steps over p, ascending, from 0; old values are added after it, which costs no instruction more than before it
/// and makes sums over many blocks two-level: a fifth of the error at 2048 keys.
/// 6 rows are 12 sums, 2 vectors of B and 1 of A: 15 of 16 registers.
/// </remarks>
internal static unsafe class PanelProduct<S, V> where S : struct, ISimd<V> where V : struct
{
    // Numbers at compile time: one kernel for each, without what it does not use.
    private interface ICount
    {
        static abstract int Value { get; }
    }

    private readonly struct One : ICount { public static int Value => 1; }
    private readonly struct Two : ICount { public static int Value => 2; }
    private readonly struct Four : ICount { public static int Value => 4; }
    private readonly struct Six : ICount { public static int Value => 6; }

    /// <param name="factors">2W floats f, one for each column; null: C is written, not read.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* a, nint rowStride, nint stepStride, float* b, nint bStride, float* c, nint cStride, int rows, int k, float* factors)
    {
        for (int step; rows > 0; rows -= step, a += step * rowStride, c += step * cStride)
        {
            step = rows >= 6 ? 6 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
            switch (step)
            {
                case 6: Tile<Six>(a, rowStride, stepStride, b, bStride, c, cStride, k, factors); break;
                case 4: Tile<Four>(a, rowStride, stepStride, b, bStride, c, cStride, k, factors); break;
                case 2: Tile<Two>(a, rowStride, stepStride, b, bStride, c, cStride, k, factors); break;
                default: Tile<One>(a, rowStride, stepStride, b, bStride, c, cStride, k, factors); break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tile<R>(float* a, nint rowStride, nint stepStride, float* b, nint bStride, float* c, nint cStride, int k, float* factors)
        where R : struct, ICount
    {
        int w = S.Count;
        V c00 = default, c10 = default, c20 = default, c30 = default, c40 = default, c50 = default;
        V c01 = default, c11 = default, c21 = default, c31 = default, c41 = default, c51 = default;
        float* a1 = a + rowStride, a2 = a1 + rowStride, a3 = a2 + rowStride, a4 = a3 + rowStride, a5 = a4 + rowStride;
        V x, y, z;
        for (nint i = 0, end = k * stepStride; i < end; i += stepStride, b += bStride)
        {
            y = S.Load(b);
            z = S.Load(b + w);
            x = S.All(a[i]);
            c00 = S.MulAdd(x, y, c00);
            c01 = S.MulAdd(x, z, c01);
            if (R.Value > 1)
            {
                x = S.All(a1[i]);
                c10 = S.MulAdd(x, y, c10);
                c11 = S.MulAdd(x, z, c11);
            }
            if (R.Value > 2)
            {
                x = S.All(a2[i]);
                c20 = S.MulAdd(x, y, c20);
                c21 = S.MulAdd(x, z, c21);
                x = S.All(a3[i]);
                c30 = S.MulAdd(x, y, c30);
                c31 = S.MulAdd(x, z, c31);
            }
            if (R.Value > 4)
            {
                x = S.All(a4[i]);
                c40 = S.MulAdd(x, y, c40);
                c41 = S.MulAdd(x, z, c41);
                x = S.All(a5[i]);
                c50 = S.MulAdd(x, y, c50);
                c51 = S.MulAdd(x, z, c51);
            }
        }
        if (factors != null)
        {
            y = S.Load(factors);
            z = S.Load(factors + w);
            AddOld(ref c00, ref c01, c, y, z);
            if (R.Value > 1) AddOld(ref c10, ref c11, c + cStride, y, z);
            if (R.Value > 2)
            {
                AddOld(ref c20, ref c21, c + 2 * cStride, y, z);
                AddOld(ref c30, ref c31, c + 3 * cStride, y, z);
            }
            if (R.Value > 4)
            {
                AddOld(ref c40, ref c41, c + 4 * cStride, y, z);
                AddOld(ref c50, ref c51, c + 5 * cStride, y, z);
            }
        }
        Store(c00, c01, c);
        if (R.Value > 1) Store(c10, c11, c += cStride);
        if (R.Value > 2)
        {
            Store(c20, c21, c += cStride);
            Store(c30, c31, c += cStride);
        }
        if (R.Value > 4)
        {
            Store(c40, c41, c += cStride);
            Store(c50, c51, c + cStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddOld(ref V x, ref V y, float* c, V factor0, V factor1)
    {
        x = S.MulAdd(S.Load(c), factor0, x);
        y = S.MulAdd(S.Load(c + S.Count), factor1, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(V x, V y, float* c)
    {
        S.Store(x, c);
        S.Store(y, c + S.Count);
    }
}
