using System.Globalization;
using Cloze.Cpu;
using Cloze.Kernels;
using Cloze.Ops;
namespace Cloze.Benchmarks;

/// <summary>
/// A feed-forward block in one operation against two products with an activation of all inner rows between them; the activations alone; packing.
/// </summary>
internal static class FeedForwardBenchmark
{
    public static int Run(string[] args, bool smoke)
    {
        int rounds = smoke ? 1 : args is [string given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 12;
        Console.WriteLine(Machine.Describe("feed-forward"));
        Console.WriteLine($"""

            GFLOP/s of the products on one thread, the 90th percentile (median) of {rounds} interleaved rounds, and the share of the measured peak.

            | hidden / inner, rows | two products, GELU between | FeedForward | share of peak |
            |---|---|---|---|
            """);
        foreach ((int hidden, int inner) in smoke ? [(384, 1536)] : ((int, int)[])[(384, 1536), (768, 3072)])
            foreach (int rows in smoke ? [64] : (int[])[16, 192, 1024, 4096])
                Blocks(hidden, inner, rows, rounds);

        Console.WriteLine("""

            | activation | ns an element |
            |---|---|
            """);
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>()) Activation(kind, rounds);

        Console.WriteLine("""

            | packing the matrices of all-MiniLM-L6-v2 (42 MB), threads | from float32, ms | from int8, ms |
            |---|---|---|
            """);
        foreach (int threads in smoke ? [1] : (int[])[1, 2])
        {
            (double floats, double bytes) = (Packing(threads, asInt8: false, rounds), Packing(threads, asInt8: true, rounds));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {threads} | {floats:F1} | {bytes:F1} |"));
        }
        return 0;
    }

    private static void Blocks(int hidden, int inner, int rows, int rounds)
    {
        using CpuRuntime runtime = new(threads: 1);
        Weights<CpuTensor> weights = new(new RandomStart(1), new CpuWeights(runtime));
        FeedForwardWeights<CpuTensor> both = new(weights.Linear("in", inner, hidden), weights.Linear("out", hidden, inner));
        CpuTensor x = weights.Table(rows, hidden, "x");
        using CpuOps ops = new(runtime);
        List<double> separate = [], fused = [], shares = [];
        for (int round = 0; round < rounds; round++)
        {
            double flops = 4.0 * rows * hidden * inner, peak = Timing.MeasurePeak();
            int repeats = Math.Max(1, (int)(2e-3 * 60e9 / flops));
            separate.Add(flops / 1e9 / Timing.Seconds(repeats, () =>
            {
                CpuTensor product = ops.Linear(x, both.In), activated = ops.Activate(product, Ops.Activation.Gelu), y = ops.Linear(activated, both.Out);
                foreach (CpuTensor made in (CpuTensor[])[product, activated, y]) ops.Release(made);
            }));
            fused.Add(flops / 1e9 / Timing.Seconds(repeats, () => ops.Release(ops.FeedForward(x, both, new(Ops.Activation.Gelu)))));
            shares.Add(fused[^1] / peak);
        }
        double share = 100 * Timing.Percentile(shares, 0.9);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {hidden} / {inner}, {rows} | {Both(separate)} | {Both(fused)} | {share:F0} % |"));
    }

    private static string Both(List<double> figures) =>
        string.Create(CultureInfo.InvariantCulture, $"{Timing.Percentile(figures, 0.9):F1} ({Timing.Percentile(figures, 0.5):F1})");

    private static unsafe void Activation(ActivationKind kind, int rounds)
    {
        const int Count = 1 << 14;
        using Block x = new(Count), y = new(Count);
        BenchmarkMatrices.Random(1, Count).Select(value => 6 * value).ToArray().CopyTo(new Span<float>(x.Data, Count));
        Matrix from = new(x.Data, 1, Count, Count), to = new(y.Data, 1, Count, Count);
        IKernels kernels = VectorKernels.Chosen;
        List<double> times = [.. Enumerable.Range(0, 4 * rounds).Select(_ => Timing.Seconds(8, () => kernels.Activate(kind, from, to)))];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {kind} | {Timing.Percentile(times, 0.1) / Count * 1e9:F2} |"));
    }

    /// <summary>Wall time, since all threads work: the 10th percentile.</summary>
    private static double Packing(int threads, bool asInt8, int rounds)
    {
        (int Outputs, int Inputs)[] layer = [(1152, 384), (384, 384), (1536, 384), (384, 1536)];
        StoredTensor[] stored =
            [.. layer.Select(shape => new StoredTensor("w", [shape.Outputs, shape.Inputs], new Stored(shape.Outputs, shape.Inputs, asInt8)))];
        List<double> times = [];
        for (int round = 0; round < rounds; round++)
        {
            using CpuRuntime runtime = new(threads);
            CpuWeights factory = new(runtime);
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            for (int i = 0; i < 6; i++)
                foreach (StoredTensor tensor in stored)
                    factory.Make(new(WeightRole.Matrix, new((int)tensor.Dimensions[0], (int)tensor.Dimensions[1]), [new(tensor, From: 0, At: 0, (int)tensor.Elements)]));
            times.Add(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        return Timing.Percentile(times, 0.1);
    }

    private sealed class Stored : IStoredValues
    {
        public Stored(int rows, int columns, bool asInt8)
        {
            float[] values = BenchmarkMatrices.Random(3, rows * columns);
            if (asInt8) Int8 = new Int8Rows(values.Select(value => (sbyte)(value * 254)).ToArray(), values.AsMemory(0, rows));
            else Floats = values;
        }

        public ReadOnlyMemory<float> Floats { get; }
        public Int8Rows? Int8 { get; }
        public void Read(long start, Span<float> destination) => throw new NotSupportedException("Read where it lies.");
    }
}
