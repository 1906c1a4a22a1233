using Cloze.Kernels;
using Cloze.Kernels.Simd;
namespace Cloze.Tests.Kernels;

/// <summary>Row kernels at every length from 0 to 257 on memory that ends at a protected page, against double sums.</summary>
public unsafe class RowKernelTests
{
    private const int Rows = 3, Longest = 257;

    public static TheoryData<int> Lanes => [1, 4, 8, 16];

    [Theory]
    [MemberData(nameof(Lanes))]
    public void LayerNorm_IsTheFloat64Formula_AtEveryLength(int lanes)
    {
        IKernels kernels = VectorKernels.At((SimdWidth)lanes), scalar = VectorKernels.At(SimdWidth.Scalar);
        for (int n = 1; n <= Longest; n++)
        {
            using Buffer x = new([.. Numbers.Even(n, Rows * n).Select(value => value + n % 5)]);
            using Buffer scale = new(Numbers.Even(n + 1, n)), shift = new(Numbers.Even(n + 2, n));
            using Buffer y = new(Rows * n), z = new(Rows * n), moments = new(2 * Rows);
            float* added = n % 2 == 0 ? null : shift.Data;
            kernels.LayerNorm(x.Rows(n), scale.Data, added, 1e-5f, y.Rows(n), moments.Data);
            scalar.LayerNorm(x.Rows(n), scale.Data, added, 1e-5f, z.Rows(n));
            Assert.True(Numbers.SameBits(y.Span, z.Span));
            for (int row = 0; row < Rows; row++)
            {
                double[] from = [.. x.Span.Slice(row * n, n).ToArray().Select(value => (double)value)];
                double mean = from.Average(), factor = 1 / Math.Sqrt(from.Average(value => (value - mean) * (value - mean)) + 1e-5f);
                Assert.Equal(mean, moments.Data[2 * row], 1e-6);
                Assert.Equal(1, moments.Data[2 * row + 1] / factor, 1e-4);   // n = 2 may be nearly constant
                for (int i = 0; i < n; i++)
                {
                    double expected = (from[i] - mean) * factor * scale.Data[i] + (added is null ? 0 : added[i]);
                    Assert.Equal(expected, y.Data[row * n + i], Math.Max(1e-5, 1e-6 * factor));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Lanes))]
    public void Normalize_GivesLengthOne_AndZerosForZeros(int lanes)
    {
        IKernels kernels = VectorKernels.At((SimdWidth)lanes), scalar = VectorKernels.At(SimdWidth.Scalar);
        for (int n = 0; n <= Longest; n++)
        {
            using Buffer x = new([.. Numbers.Even(n, n), .. Numbers.Even(n + 1, n, 1e-3f), .. new float[n]]), y = new(Rows * n), z = new(Rows * n);
            kernels.Normalize(new(x.Data, Rows, n, n), new(y.Data, Rows, n, n));
            scalar.Normalize(new(x.Data, Rows, n, n), new(z.Data, Rows, n, n));
            Assert.True(Numbers.SameBits(y.Span, z.Span));
            for (int row = 0; row < Rows && n > 0; row++)
            {
                double length = Math.Sqrt(x.Span.Slice(row * n, n).ToArray().Sum(value => (double)value * value));
                for (int i = 0; i < n; i++) Assert.Equal(row == 2 ? 0 : x.Data[row * n + i] / length, y.Data[row * n + i], 4e-7);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Lanes))]
    public void ElementwiseKernels_AreExactAtEveryLength(int lanes)
    {
        IKernels kernels = VectorKernels.At((SimdWidth)lanes);
        for (int n = 0; n <= Longest; n++)
        {
            using Buffer a = new(Numbers.Even(n, Rows * n)), b = new(Numbers.Even(n + 1, Rows * n)), y = new(Rows * n);
            Matrix left = new(a.Data, Rows, n, n), right = new(b.Data, Rows, n, n), result = new(y.Data, Rows, n, n);
            kernels.Add(left, right, result);
            for (int i = 0; i < Rows * n; i++) Assert.Equal(a.Data[i] + b.Data[i], y.Data[i]);
            kernels.Scale(left, -1.7f, result);
            for (int i = 0; i < Rows * n; i++) Assert.Equal(a.Data[i] * -1.7f, y.Data[i]);
            kernels.Activate(ActivationKind.Relu, left, result);
            for (int i = 0; i < Rows * n; i++) Assert.Equal(Math.Max(a.Data[i], 0), y.Data[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Lanes))]
    public void Embedding_AddsTheRowsThatAreNamed_FromFloatsAndFromBytes(int lanes)
    {
        IKernels kernels = VectorKernels.At((SimdWidth)lanes);
        int* rows = stackalloc int[] { 2, 0, 2 };
        for (int n = 0; n <= Longest; n++)
        {
            using Buffer table = new(Numbers.Even(n, 3 * n)), add = new(Numbers.Even(n + 1, Rows * n)), y = new(Rows * n);
            using Buffer bytes = new((3 * n + 3) / 4), scales = new([0.01f, 0.5f, 0.03f]);
            sbyte* q = (sbyte*)(bytes.Data + bytes.Length) - 3 * n;
            for (int i = 0; i < 3 * n; i++) q[i] = (sbyte)(i * 37 % 255 - 127);
            Matrix values = new(table.Data, 3, n, n), given = new(add.Data, Rows, n, n), result = new(y.Data, Rows, n, n);
            for (int added = 0; added < 2; added++)
            {
                kernels.Embedding(values, rows, added == 0 ? default : given, result);
                for (int i = 0; i < Rows * n; i++) Assert.Equal((added == 0 ? 0 : add.Data[i]) + table.Data[rows[i / n] * n + i % n], y.Data[i]);
                kernels.Embedding(q, scales.Data, rows, added == 0 ? default : given, result);
                for (int i = 0; i < Rows * n; i++)
                {
                    float widened = q[rows[i / n] * n + i % n] * scales.Data[rows[i / n]];
                    Assert.Equal((added == 0 ? 0 : add.Data[i]) + widened, y.Data[i]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Lanes))]
    public void Pooling_IsTheFloat64Formula_AtEveryLength(int lanes)
    {
        IKernels kernels = VectorKernels.At((SimdWidth)lanes), scalar = VectorKernels.At(SimdWidth.Scalar);
        for (int n = 1; n <= Longest; n += 4)
            foreach (int rows in (int[])[1, 2, 70])
            {
                using Buffer x = new(Numbers.Even(n + rows, rows * n)), y = new(n), z = new(n);
                int[] places = [.. Enumerable.Range(0, rows).Select(i => 2 * i)];
                foreach (PoolingKind kind in Enum.GetValues<PoolingKind>())
                    fixed (int* columns = places)
                    {
                        kernels.Pool(kind, x.Rows(n), columns, y.Data);
                        scalar.Pool(kind, x.Rows(n), columns, z.Data);
                        Assert.True(Numbers.SameBits(y.Span, z.Span));
                        for (int i = 0; i < n; i++)
                        {
                            double[] column = [.. Enumerable.Range(0, rows).Select(row => (double)x.Data[row * n + i])];
                            double expected = kind switch
                            {
                                PoolingKind.First => column[0],
                                PoolingKind.Last => column[^1],
                                PoolingKind.Max => column.Max(),
                                PoolingKind.Mean => column.Average(),
                                PoolingKind.MeanSqrtLength => column.Sum() / Math.Sqrt(rows),
                                _ => column.Select((value, row) => value * (places[row] + 1)).Sum() / places.Sum(place => place + 1.0),
                            };
                            Assert.Equal(expected, y.Data[i], 1e-6);
                        }
                    }
            }
    }

    [Fact]
    public void MaxPooling_KeepsANaN_WhereverItStands()
    {
        foreach (SimdWidth width in SimdWidths.All)
            for (int at = 0; at < 3; at++)
            {
                using Buffer x = new(new float[3 * 17]), y = new(17);
                x.Data[at * 17 + 5] = x.Data[at * 17 + 16] = float.NaN;
                VectorKernels.At(width).Pool(PoolingKind.Max, x.Rows(17), null, y.Data);
                for (int i = 0; i < 17; i++) Assert.Equal(i is 5 or 16 ? float.NaN : 0, y.Data[i]);
            }
    }

    [Theory]
    [MemberData(nameof(Lanes))]
    public void Packing_PutsEveryElementInItsPlace_AndZerosBeyond(int lanes)
    {
        IKernels kernels = VectorKernels.At((SimdWidth)lanes);
        int width = kernels.PanelColumns;
        foreach (int rows in (int[])[width, width - 1, width / 2, 1])
            for (int n = 1; n <= Longest; n += n < 40 ? 1 : 31)
            {
                using Buffer w = new(Numbers.Even(n, (rows - 1) * (n + 2) + n)), panel = new(width * n);
                Matrix from = new(w.Data, rows, n, n + 2);
                kernels.Pack(from, panel.Data);
                for (int k = 0; k < n; k++)
                    for (int j = 0; j < width; j++) Assert.Equal(j < rows ? from[j][k] : 0, panel.Data[k * width + j]);
            }
    }
}
