using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>How the rows of a sequence become one.</summary>
internal enum PoolingKind { First, Mean, Max, MeanSqrtLength, WeightedMean, Last }

/// <summary>One row of a sequence's rows.</summary>
/// <remarks>
/// With w the weight of a row (1, or its column + 1): Mean Σx / n, MeanSqrtLength Σx / √n, WeightedMean Σw·x / Σw; Max column by column, NaN if there is
/// one. Sums ascend by blocks of 32 rows: a block from 0, then the block onto the total, so that a long sequence rounds like a short one; lanes never meet,
/// so the bits are the same at every width. Within 1e-6 of max|x|. Reads x once.
/// </remarks>
internal static unsafe class PoolingKernels<S, V> where S : struct, ISimd<V> where V : struct
{
    private const int BlockRows = 32, PartColumns = 512;

    /// <param name="x">[n,H], n ≥ 1.</param>
    /// <param name="columns">Place of each row in its sequence; read by <see cref="PoolingKind.WeightedMean"/> only.</param>
    /// <param name="y">[H], apart from x.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(PoolingKind kind, in Matrix x, int* columns, float* y)
    {
        switch (kind)
        {
            case PoolingKind.First: RowKernels<S, V>.Copy(x[0], y, x.Columns); break;
            case PoolingKind.Last: RowKernels<S, V>.Copy(x[x.Rows - 1], y, x.Columns); break;
            case PoolingKind.Max:
                RowKernels<S, V>.Copy(x[0], y, x.Columns);
                for (int row = 1; row < x.Rows; row++) RowKernels<S, V>.Maximum(x[row], y, x.Columns);
                break;
            case PoolingKind.Mean: Sum(x, null, x.Rows, y); break;
            case PoolingKind.MeanSqrtLength: Sum(x, null, MathF.Sqrt(x.Rows), y); break;
            case PoolingKind.WeightedMean:
                double total = 0;
                for (int row = 0; row < x.Rows; row++) total += columns[row] + 1;
                Sum(x, columns, (float)total, y);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    private static void Sum(in Matrix x, int* columns, float divisor, float* y)
    {
        float* block = stackalloc float[PartColumns];
        for (int column = 0; column < x.Columns; column += PartColumns)
        {
            int part = Math.Min(PartColumns, x.Columns - column);
            new Span<float>(y + column, part).Clear();
            for (int first = 0; first < x.Rows; first += BlockRows)
            {
                new Span<float>(block, part).Clear();
                for (int row = first; row < Math.Min(x.Rows, first + BlockRows); row++)
                    RowKernels<S, V>.AddScaled(x[row] + column, columns is null ? 1 : columns[row] + 1, block, part);
                RowKernels<S, V>.AddScaled(block, 1, y + column, part);
            }
            RowKernels<S, V>.Divide(y + column, divisor, y + column, part);
        }
    }
}
