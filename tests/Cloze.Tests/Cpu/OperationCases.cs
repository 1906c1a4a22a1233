using Cloze.Ops;
namespace Cloze.Tests.Cpu;

/// <summary>What an operation is asked to do, for any reading.</summary>
internal interface IProgram
{
    T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class;
}

/// <summary>A program and how near its result must be to that of double sums.</summary>
/// <param name="Tolerance">Of the largest element.</param>
/// <param name="Reason">Why not less.</param>
internal sealed record OperationCase(string Name, IProgram Program, double Tolerance, string Reason)
{
    private const double Chain = 2e-6;
    private const string ChainReason = "a chain of up to 1537 float32 sums";

    /// <summary>Every operation with every option, at sizes that fill panels and vectors and at sizes that do not.</summary>
    public static IEnumerable<OperationCase> All()
    {
        foreach ((int inputs, int outputs) in ((int, int)[])[(16, 32), (31, 33), (384, 40), (1537, 17), (1, 1)])
            foreach ((bool bias, bool residual) in ((bool, bool)[])[(true, false), (false, true), (true, true)])
            {
                Linear program = new(inputs, outputs, Activation.Linear, bias, residual);
                yield return new($"Linear {inputs}→{outputs}, bias {bias}, residual {residual}", program, Chain, ChainReason);
            }
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            yield return new($"Linear 48→37 {activation}", new Linear(48, 37, activation, true, false), Chain, ChainReason);
            yield return new($"Linear 48→64 {activation}, residual", new Linear(48, 64, activation, true, true), Chain, ChainReason);
            yield return new($"Activate {activation}", new Activate(activation), 1e-6, "a few roundings of float32");
            yield return new($"FeedForward {activation}", new FeedForward(24, 72, activation, Gated: false), Chain, ChainReason);
            yield return new($"FeedForward {activation}, gated", new FeedForward(24, 70, activation, Gated: true), Chain, ChainReason);
        }
        yield return new("FeedForward 384→1536", new FeedForward(384, 1536, Activation.Gelu, Gated: false), Chain, ChainReason);
        foreach (Pooling pooling in Enum.GetValues<Pooling>()) yield return new($"Pool {pooling}", new Pool(pooling), 1e-6, "sums of float32 in blocks of 32");
        foreach (int width in (int[])[1, 7, 31, 32, 33, 65, 384, 1000])
        {
            yield return new($"LayerNorm {width}", new LayerNorm(width), 3e-6, "moments in float32");
            yield return new($"Normalize {width}", new Normalize(width), 1e-6, "a sum of squares in float32");
        }
        yield return new("Embedding", new Embedding(), 1e-6, "two float32 sums");
        yield return new("rows", new RowChoice(), 1e-6, "one float32 sum and product");
        yield return new("views", new Views(), Chain, ChainReason);
        yield return new("matrix of activations", new ActivationAsMatrix(), Chain, ChainReason);
        foreach ((int width, int groups) in ((int, int)[])[(1, 1), (3, 1), (5, 2), (3, 6)])
            yield return new($"Convolution {width}, {groups} groups", new Convolution(width, groups), Chain, ChainReason);
        yield return new("losses", new LossSum(), 1e-6, "a product in float32");
    }

    /// <summary>Sequences of 3, 1, 17, 40 and 5 tokens; the third and fourth have holes.</summary>
    public static TokenBatch Batch() => Packed(17, 3, 1, 17, 40, 5);

    public static TokenBatch Packed(int seed, params int[] lengths)
    {
        Random random = new(seed);
        int longest = lengths.Max() * 7 / 6 + 7;
        int[] ids = [.. Enumerable.Range(0, lengths.Length * longest).Select(_ => random.Next(50))], mask = new int[ids.Length], types = new int[ids.Length];
        for (int b = 0; b < lengths.Length; b++)
            for (int i = 0, placed = 0; placed < lengths[b]; i++)
                if (lengths[b] < 10 || i % 7 != 3)
                {
                    mask[b * longest + i] = 1;
                    types[b * longest + i] = i % 2;
                    placed++;
                }
        return TokenBatchBuilder.Pack(new PaddedTokens(lengths.Length, longest, ids) { Mask = mask, Types = types }, PositionRules.Columns, GlobalRules.None).Batch;
    }

    public override string ToString() => Name;

    private sealed record Linear(int Inputs, int Outputs, Activation Activation, bool Bias, bool Residual) : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class =>
            ops.Linear(Input(ops, weights, batch, Inputs), new(weights.Matrix(Outputs, Inputs, "w"), Bias ? weights.Bias(Outputs, "b") : null), Activation,
                Residual ? Input(ops, weights, batch, Outputs, "r") : null);
    }

    private sealed record FeedForward(int Hidden, int Inner, Activation Activation, bool Gated) : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class
        {
            int rows = Gated ? 2 * Inner : Inner;
            LinearWeights<T> first = weights.Linear("in", rows, Hidden), second = weights.Linear("out", Hidden, Inner);
            T x = Input(ops, weights, batch, Hidden);
            return ops.FeedForward(x, new(first, second), new(Activation, Gated), residual: Gated ? null : x);
        }
    }

    private sealed record LayerNorm(int Width) : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class =>
            ops.LayerNorm(Input(ops, weights, batch, Width), new(weights.Scale(Width, "scale"), Width % 2 == 0 ? weights.Bias(Width, "shift") : null, 1e-5f));
    }

    private sealed record Normalize(int Width) : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class => ops.Normalize(Input(ops, weights, batch, Width));
    }

    private sealed record Activate(Activation Activation) : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class =>
            ops.Activate(ops.Scale(Input(ops, weights, batch, 37), 3), Activation);
    }

    private sealed record Pool(Pooling Pooling) : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class => ops.Pool(Input(ops, weights, batch, 45), batch, Pooling);
    }

    private sealed record Embedding : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class
        {
            T x = ops.Embedding(weights.Table(50, 45, "words"), batch.Ids);
            x = ops.Embedding(weights.Table(2, 45, "types"), batch.Types, addTo: x);
            return ops.Embedding(weights.Table(60, 45, "positions"), batch.Positions, addTo: x);
        }
    }

    private sealed record RowChoice : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class
        {
            T x = Input(ops, weights, batch, 21), firsts = ops.SelectRows(x, batch.First.Rows);
            x = ops.ReplaceRows(x, batch.First.Rows, ops.Scale(firsts, 2));
            return ops.Add(x, ops.SelectRows(firsts, batch.SequenceOfRow));
        }
    }

    private sealed record Views : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class
        {
            LinearWeights<T> all = new(weights.Matrix(96, 40, "w"), weights.Bias(96, "b"));
            T x = ops.Columns(Input(ops, weights, batch, 61), 9, 40), tied = ops.Linear(x, new(weights.Table(48, 40, "tied"), null));
            T atPanel = ops.Linear(x, weights.Outputs(all, 32, 48)), between = ops.Linear(x, weights.Outputs(all, 13, 48));
            return ops.Add(ops.Add(atPanel, between), tied);
        }
    }

    private sealed record ActivationAsMatrix : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class
        {
            T x = Input(ops, weights, batch, 39);
            return ops.Linear(x, new(ops.SelectRows(x, batch.First.Rows), null));
        }
    }

    private sealed record Convolution(int Width, int Groups) : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class
        {
            ConvolutionWeights<T> convolution = new(weights.Kernel(30, 36 / Groups, Width, "w"), weights.Bias(30, "b"), Width, Groups);
            return ops.Convolution(Input(ops, weights, batch, 36), convolution, batch, Activation.Gelu);
        }
    }

    private sealed record LossSum : IProgram
    {
        public T Run<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch) where T : class
        {
            T x = Input(ops, weights, batch, 10), column = ops.Columns(x, 3, 1);
            int rows = batch.Tokens;
            Labels labels = new([.. Enumerable.Range(0, rows).Select(i => i % 3 == 0 ? Labels.Ignored : i % 10)]);
            float[] targets = [.. Enumerable.Range(0, rows * 10).Select(i => i % 4 / 4f)];
            Labels places = new([.. Enumerable.Range(0, batch.Sequences).Select(b => b == 1 ? Labels.Ignored : batch.All[b].Length / 2)]);
            return ops.WeightedSum(
            [
                (1, ops.CrossEntropy(x, labels)),
                (0.5f, ops.CrossEntropy(x, labels, new(0.1f, Enumerable.Range(1, 10).Select(c => c / 5f).ToArray()))),
                (0.25f, ops.GroupCrossEntropy(column, batch.All, places)),
                (2, ops.SoftCrossEntropy(x, targets)),
                (3, ops.BinaryCrossEntropy(x, targets)),
                (0.75f, ops.MeanSquaredError(x, targets)),
                (1, ops.CrossEntropy(x, new(Enumerable.Repeat(Labels.Ignored, rows).ToArray()))),
            ]);
        }
    }

    private static T Input<T>(ILosses<T> ops, IWeights<T> weights, TokenBatch batch, int columns, string name = "x") where T : class =>
        ops.SelectRows(weights.Table(200, columns, name), batch.All.Rows);
}
