using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>y = (x − mean) · factor · scale + shift, row by row, factor = 1 / √(variance + epsilon). Ba et al. 2016, arXiv:1607.06450, eq. 4.</summary>
/// <remarks>
/// x and y [N,H] at any alignment and stride; y may be x. scale [H], shift [H] or null. Three passes over the row for the moments (the mean, what
/// rounding left out of it, squared distances from it: a mean that is off moves the whole row, which deep trained models amplify) and one for the result;
/// sums by <see cref="RowSums{S,V}"/>, so the bits depend neither on the width nor on other rows. Within
/// 3e-6 of max|y| of the float64 reference for rows that have a mean of up to ten standard deviations. About 10·N·H flops, 2·N·H floats moved.
/// </remarks>
internal static unsafe class LayerNorm<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <param name="moments">[N,2] mean and factor of each row, for a backward pass; null: not wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in Matrix x, float* scale, float* shift, float epsilon, in Matrix y, float* moments)
    {
        int n = x.Columns;
        for (int row = 0; row < x.Rows; row++)
        {
            float* from = x[row];
            float rough = RowSums<S, V>.Sum(from, n) / n, mean = rough + RowSums<S, V>.Distances(from, n, rough) / n;
            float factor = (float)(1 / Math.Sqrt((double)RowSums<S, V>.Squares(from, n, mean) / n + epsilon));
            if (moments is not null) (moments[2 * row], moments[2 * row + 1]) = (mean, factor);
            Scale(from, mean, factor, scale, shift, y[row], n);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* x, float mean, float factor, float* scale, float* shift, float* y, int n)
    {
        V means = S.All(mean), factors = S.All(factor);
        int i = 0;
        for (; i <= n - S.Count; i += S.Count)
            S.Store(Element(S.Load(x + i), means, factors, S.Load(scale + i), shift is null ? S.All(0) : S.Load(shift + i)), y + i);
        for (; i < n; i++) y[i] = LayerNorm<SimdScalar, float>.Element(x[i], mean, factor, scale[i], shift is null ? 0 : shift[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Element(V x, V mean, V factor, V scale, V shift) => S.MulAdd(S.Mul(S.Sub(x, mean), factor), scale, shift);
}
