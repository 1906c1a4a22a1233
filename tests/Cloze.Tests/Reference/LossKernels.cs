using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Losses: the mean over what has a label, NaN where nothing has one.</summary>
internal static class LossKernels
{
    public static double CrossEntropy(ReadOnlyMatrix logits, Labels labels, in CrossEntropyOptions options)
    {
        double sum = 0;
        double[] target = new double[logits.Columns];
        for (int r = 0; r < labels.Count; r++)
        {
            if (labels.Span[r] == Labels.Ignored) continue;
            Target(labels.Span[r], options, target);
            double logSum = LogSumExp(logits[r]);
            for (int c = 0; c < target.Length; c++) if (target[c] != 0) sum += target[c] * (logSum - logits[r][c]);
        }
        return sum / Divisor(labels, options);
    }

    /// <summary>What each class of a row weighs: (1 − ε)·w on the label + ε/C·w on every class.</summary>
    private static void Target(int label, in CrossEntropyOptions options, Span<double> target)
    {
        (float smoothing, ReadOnlyMemory<float> weights) = options;
        for (int c = 0; c < target.Length; c++)
            target[c] = (weights.IsEmpty ? 1 : weights.Span[c]) * (smoothing / target.Length + (c == label ? 1 - smoothing : 0));
    }

    /// <summary>The sum of the labels' weights; 0 where there is none, and the mean is then 0/0.</summary>
    private static double Divisor(Labels labels, in CrossEntropyOptions options)
    {
        (_, ReadOnlyMemory<float> weights) = options;
        double total = 0;
        foreach (int label in labels.Span) if (label != Labels.Ignored) total += weights.IsEmpty ? 1 : weights.Span[label];
        return total;
    }

    public static double GroupCrossEntropy(ReadOnlyMatrix logits, RowSet groups, Labels labels)
    {
        double sum = 0;
        for (int g = 0; g < labels.Count; g++)
        {
            if (labels.Span[g] == Labels.Ignored) continue;
            float[] x = Group(logits, groups, g);
            sum += LogSumExp(x) - x[labels.Span[g]];
        }
        return sum / labels.Labelled;
    }

    /// <summary>The column of one group.</summary>
    private static float[] Group(ReadOnlyMatrix logits, RowSet groups, int group)
    {
        float[] x = new float[groups[group].Length];
        for (int i = 0; i < x.Length; i++) x[i] = logits[groups[group][i]][0];
        return x;
    }

    public static double SoftCrossEntropy(ReadOnlyMatrix logits, ReadOnlySpan<float> targets)
    {
        double sum = 0;
        for (int r = 0; r < logits.Rows; r++)
        {
            double logSum = LogSumExp(logits[r]);
            for (int c = 0; c < logits.Columns; c++) sum += targets[r * logits.Columns + c] * (logSum - logits[r][c]);
        }
        return sum / logits.Rows;
    }

    public static double BinaryCrossEntropy(ReadOnlyMatrix x, ReadOnlySpan<float> targets) =>
        Mean(x, targets, (value, target) => ActivationFunctions.Softplus(value) - target * value);

    public static double MeanSquaredError(ReadOnlyMatrix x, ReadOnlySpan<float> targets) =>
        Mean(x, targets, (value, target) => (value - target) * (value - target));

    /// <summary>log Σ exp(x).</summary>
    private static double LogSumExp(ReadOnlySpan<float> x)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float value in x) largest = Math.Max(largest, value);
        foreach (float value in x) sum += Math.Exp(value - largest);
        return largest + Math.Log(sum);
    }

    private static double Mean(ReadOnlyMatrix x, ReadOnlySpan<float> targets, Func<double, double, double> term)
    {
        double sum = 0;
        for (int r = 0; r < x.Rows; r++) for (int c = 0; c < x.Columns; c++) sum += term(x[r][c], targets[r * x.Columns + c]);
        return sum / targets.Length;
    }
}
