using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Matrix products and what is fused to them, in plain loops with double sums.</summary>
internal static class BlockKernels
{
    /// <summary>y = residual + activation(x · weightᵀ + bias).</summary>
    public static void Linear(ReadOnlyMatrix x, ReadOnlyMatrix weight, ReadOnlyMatrix bias, ReadOnlyMatrix residual, Activation activation, Matrix y)
    {
        Multiply(x, weight, bias, y);
        if (activation != Activation.Linear) RowKernels.Activate(y, activation, y);
        if (!residual.IsNone) for (int n = 0; n < y.Rows; n++) RowKernels.Add(y[n], residual[n]);
    }

    /// <summary>y = x · weightᵀ + bias.</summary>
    public static void Multiply(ReadOnlyMatrix x, ReadOnlyMatrix weight, ReadOnlyMatrix bias, Matrix y)
    {
        for (int n = 0; n < y.Rows; n++)
            for (int m = 0; m < y.Columns; m++) y[n][m] = (float)(RowKernels.Dot(x[n], weight[m]) + (bias.IsNone ? 0 : bias[0][m]));
    }

    /// <summary>y = residual + inner · outᵀ + bias; inner = activation(x · inᵀ + bias), or of its first half, times the second.</summary>
    public static void FeedForward(
        ReadOnlyMatrix x, ReadOnlyMatrix weightIn, ReadOnlyMatrix biasIn, ReadOnlyMatrix weightOut, ReadOnlyMatrix biasOut, ReadOnlyMatrix residual,
        in FeedForwardSpec spec, Matrix y)
    {
        (Activation activation, bool gated, _, _) = spec;
        Matrix z = Matrix.Scratch(x.Rows, weightIn.Rows), inner = Matrix.Scratch(x.Rows, weightOut.Columns);
        Multiply(x, weightIn, biasIn, z);
        for (int n = 0; n < inner.Rows; n++)
            for (int i = 0; i < inner.Columns; i++) inner[n][i] = (float)(ActivationFunctions.Value(activation, z[n][i]) * (gated ? z[n][inner.Columns + i] : 1));
        Linear(inner, weightOut, biasOut, residual, Activation.Linear, y);
    }

    /// <summary>y = activation(bias + Σ kernel · neighbours).</summary>
    /// <param name="kernel">[outputs, inputs of a group · width].</param>
    public static void Convolution(
        ReadOnlyMatrix x, ReadOnlyMatrix kernel, ReadOnlyMatrix bias, int width, int groups, TokenBatch batch, Activation activation, Matrix y)
    {
        int inputs = x.Columns / groups, outputs = y.Columns / groups;
        for (int n = 0; n < y.Rows; n++)
        {
            int?[] neighbours = Neighbours(batch, n, width);
            for (int m = 0; m < y.Columns; m++)
            {
                double sum = bias.IsNone ? 0 : bias[0][m];
                for (int tap = 0; tap < width; tap++)
                    if (neighbours[tap] is { } row)
                        for (int c = 0; c < inputs; c++) sum += (double)kernel[m][c * width + tap] * x[row][m / outputs * inputs + c];
                y[n][m] = (float)sum;
            }
        }
        if (activation != Activation.Linear) RowKernels.Activate(y, activation, y);
    }

    /// <summary>The rows under the taps of a kernel; null beyond an end and at a hole.</summary>
    private static int?[] Neighbours(TokenBatch batch, int n, int width)
    {
        int?[] rows = new int?[width];
        foreach (int row in batch.All[batch.SequenceOfRow.Span[n]])
        {
            int tap = batch.Columns.Span[row] - batch.Columns.Span[n] + width / 2;
            if (tap >= 0 && tap < width) rows[tap] = row;
        }
        return rows;
    }
}
