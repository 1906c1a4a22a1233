using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Operations on rows: plain loops, float32 storage, double sums.</summary>
internal static class RowKernels
{
    /// <summary>The least length that <see cref="Normalize"/> divides by.</summary>
    private const double LeastLength = 1e-12;

    /// <summary>y = addTo + table[rows].</summary>
    public static void Embedding(ReadOnlyMatrix table, Rows rows, ReadOnlyMatrix addTo, Matrix y)
    {
        SelectRows(table, rows, y);
        if (!addTo.IsNone) for (int r = 0; r < y.Rows; r++) Add(y[r], addTo[r]);
    }

    /// <summary>y = x[rows].</summary>
    public static void SelectRows(ReadOnlyMatrix x, Rows rows, Matrix y)
    {
        for (int r = 0; r < y.Rows; r++) x[rows.Span[r]].CopyTo(y[r]);
    }

    /// <summary>y = x, but y[rows] = values.</summary>
    public static void ReplaceRows(ReadOnlyMatrix x, Rows rows, ReadOnlyMatrix values, Matrix y)
    {
        Copy(x, y);
        for (int r = 0; r < rows.Count; r++) values[r].CopyTo(y[rows.Span[r]]);
    }

    /// <summary>y = a + b.</summary>
    public static void Add(ReadOnlyMatrix a, ReadOnlyMatrix b, Matrix y)
    {
        Copy(a, y);
        for (int n = 0; n < y.Rows; n++) Add(y[n], b[n]);
    }

    /// <summary>y = activation(x); y may be x.</summary>
    public static void Activate(ReadOnlyMatrix x, Activation activation, Matrix y)
    {
        for (int n = 0; n < y.Rows; n++)
            for (int c = 0; c < y.Columns; c++) y[n][c] = (float)ActivationFunctions.Value(activation, x[n][c]);
    }

    /// <summary>y = x / |x|, row by row.</summary>
    public static void Normalize(ReadOnlyMatrix x, Matrix y)
    {
        for (int n = 0; n < y.Rows; n++)
        {
            double length = Math.Max(Math.Sqrt(Dot(x[n], x[n])), LeastLength);
            for (int c = 0; c < y.Columns; c++) y[n][c] = (float)(x[n][c] / length);
        }
    }

    /// <summary>y = factor · x.</summary>
    public static void Scale(ReadOnlyMatrix x, float factor, Matrix y)
    {
        for (int n = 0; n < y.Rows; n++) for (int c = 0; c < y.Columns; c++) y[n][c] = factor * x[n][c];
    }

    /// <summary>y = (x − mean) / σ · scale + shift, row by row. Ba et al. 2016, arXiv:1607.06450, eq. 4.</summary>
    public static void LayerNorm(ReadOnlyMatrix x, ReadOnlyMatrix scale, ReadOnlyMatrix shift, float epsilon, Matrix y)
    {
        for (int n = 0; n < y.Rows; n++)
        {
            (double mean, double factor) = Moments(x[n], epsilon);
            for (int c = 0; c < y.Columns; c++) y[n][c] = (float)((x[n][c] - mean) * factor * scale[0][c] + (shift.IsNone ? 0 : shift[0][c]));
        }
    }

    /// <summary>Mean and 1/σ of a row.</summary>
    private static (double Mean, double Factor) Moments(ReadOnlySpan<float> x, float epsilon)
    {
        double mean = 0, variance = 0;
        foreach (float value in x) mean += value;
        mean /= x.Length;
        foreach (float value in x) variance += (value - mean) * (value - mean);
        return (mean, 1 / Math.Sqrt(variance / x.Length + epsilon));
    }

    /// <summary>y = one row for each sequence of x.</summary>
    public static void Pool(ReadOnlyMatrix x, TokenBatch batch, Pooling pooling, Matrix y)
    {
        double[] sums = new double[y.Columns];
        for (int b = 0; b < y.Rows; b++)
        {
            ReadOnlySpan<int> rows = batch.All[b];
            Array.Clear(sums);
            if (pooling == Pooling.Max) for (int c = 0; c < sums.Length; c++) sums[c] = x[Largest(x, c, rows)][c];
            else foreach (int n in rows) AddScaled(sums, PoolFactor(batch, pooling, rows, n), x[n]);
            for (int c = 0; c < sums.Length; c++) y[b][c] = (float)sums[c];
        }
    }

    /// <summary>What row n of a sequence weighs in a pooling that is a weighted sum.</summary>
    private static double PoolFactor(TokenBatch batch, Pooling pooling, ReadOnlySpan<int> rows, int n) => pooling switch
    {
        Pooling.First => n == rows[0] ? 1 : 0,
        Pooling.Last => n == rows[^1] ? 1 : 0,
        Pooling.Mean => 1.0 / rows.Length,
        Pooling.MeanSqrtLength => 1 / Math.Sqrt(rows.Length),
        Pooling.WeightedMean => (batch.Columns.Span[n] + 1.0) / Total(batch.Columns.Span, rows),
        _ => throw new ArgumentOutOfRangeException(nameof(pooling), pooling, null),
    };

    /// <summary>The row with the largest element of a column; the first of equals.</summary>
    private static int Largest(ReadOnlyMatrix x, int column, ReadOnlySpan<int> rows)
    {
        int largest = rows[0];
        foreach (int n in rows) if (x[n][column] > x[largest][column]) largest = n;
        return largest;
    }

    private static double Total(ReadOnlySpan<int> columns, ReadOnlySpan<int> rows)
    {
        double total = 0;
        foreach (int n in rows) total += columns[n] + 1;
        return total;
    }

    private static void Copy(ReadOnlyMatrix x, Matrix y)
    {
        for (int n = 0; n < y.Rows; n++) x[n].CopyTo(y[n]);
    }

    /// <summary>y += x.</summary>
    public static void Add(Span<float> y, ReadOnlySpan<float> x)
    {
        for (int i = 0; i < y.Length; i++) y[i] += x[i];
    }

    /// <summary>y += factor · x.</summary>
    public static void AddScaled(Span<double> y, double factor, ReadOnlySpan<float> x)
    {
        for (int i = 0; i < y.Length; i++) y[i] += factor * x[i];
    }

    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}
