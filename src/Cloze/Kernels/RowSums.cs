using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>Sums along a row whose bits do not depend on the vector width.</summary>
/// <remarks>
/// 32 lanes, whatever the width: element i is added to lane i mod 32 in ascending order, and the lanes are added by halves (16 and 16, 8 and 8, …). So a
/// sum of n terms rounds ⌈n/32⌉ + 5 times at most.
/// </remarks>
internal static unsafe class RowSums<S, V> where S : struct, ISimd<V> where V : struct
{
    private const int Lanes = 32;

    /// <summary>Σ x.</summary>
    public static float Sum(float* x, int n) => Run<Identity<S, V>, Identity<SimdScalar, float>>(x, n, 0);

    /// <summary>Σ (x − shift).</summary>
    public static float Distances(float* x, int n, float shift) => Run<Distance<S, V>, Distance<SimdScalar, float>>(x, n, shift);

    /// <summary>Σ (x − shift)².</summary>
    public static float Squares(float* x, int n, float shift) => Run<SquaredDistance<S, V>, SquaredDistance<SimdScalar, float>>(x, n, shift);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run<F, Rest>(float* x, int n, float argument) where F : struct, ITerm<V> where Rest : struct, ITerm<float>
    {
        float* lanes = stackalloc float[Lanes];
        int whole = n / Lanes * Lanes, pair = 2 * S.Count;
        V shift = S.All(argument);
        if (S.Count == 1) Scalar<Rest>(x, whole, argument, lanes);
        else
            for (int lane = 0; lane < Lanes; lane += pair)
            {
                V left = S.All(0), right = S.All(0);
                for (float* p = x + lane, end = x + whole; p < end; p += Lanes)
                {
                    left = F.AddTo(left, S.Load(p), shift);
                    right = F.AddTo(right, S.Load(p + S.Count), shift);
                }
                S.Store(left, lanes + lane);
                S.Store(right, lanes + lane + S.Count);
            }
        for (int i = whole; i < n; i++) lanes[i - whole] = Rest.AddTo(lanes[i - whole], x[i], argument);

        for (int half = Lanes / 2; half > 0; half /= 2)
            for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
        return lanes[0];
    }

    private static void Scalar<Rest>(float* x, int whole, float argument, float* lanes) where Rest : struct, ITerm<float>
    {
        new Span<float>(lanes, Lanes).Clear();
        for (int i = 0; i < whole; i++) lanes[i % Lanes] = Rest.AddTo(lanes[i % Lanes], x[i], argument);
    }
}

/// <summary>What an element adds to its lane.</summary>
internal interface ITerm<V>
{
    static abstract V AddTo(V sum, V x, V argument);
}

/// <summary>x.</summary>
internal readonly struct Identity<S, V> : ITerm<V> where S : struct, ISimd<V> where V : struct
{
    public static V AddTo(V sum, V x, V argument) => S.Add(sum, x);
}

/// <summary>x − argument.</summary>
internal readonly struct Distance<S, V> : ITerm<V> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V AddTo(V sum, V x, V argument) => S.Add(sum, S.Sub(x, argument));
}

/// <summary>(x − argument)².</summary>
internal readonly struct SquaredDistance<S, V> : ITerm<V> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V AddTo(V sum, V x, V argument)
    {
        V distance = S.Sub(x, argument);
        return S.MulAdd(distance, distance, sum);
    }
}
