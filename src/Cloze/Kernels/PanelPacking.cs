using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>Turns rows of W into a panel of <see cref="PackedMatrix"/>: panel[k][j] = w[j][k], zeros beyond the last row.</summary>
/// <remarks>
/// Values move, nothing is computed. Rows at any alignment and stride; the panel is a vector's multiple long. 8 bytes an element: memory bounds it.
/// </remarks>
internal static unsafe class PanelPacking<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <param name="w">Up to P rows of K.</param>
    /// <param name="panel">[K][P], P = 2 vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in Matrix w, float* panel)
    {
        int width = 2 * S.Count, whole = w.Columns / S.Count * S.Count;
        if (w.Rows < width) new Span<float>(panel, width * w.Columns).Clear();
        for (int half = 0; half < width; half += S.Count)
        {
            if (half + S.Count > w.Rows)
            {
                for (int row = half; row < w.Rows; row++) Column(w[row], 0, w.Columns, panel + row, width);
                continue;
            }
            for (int k = 0; k < whole; k += S.Count) S.Transpose(w[half] + k, w.Stride, panel + (nint)k * width + half, width);
            for (int row = half; row < half + S.Count; row++) Column(w[row], whole, w.Columns, panel + row, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Column(float* row, int from, int to, float* panel, int width)
    {
        for (int k = from; k < to; k++) panel[(nint)k * width] = row[k];
    }
}
