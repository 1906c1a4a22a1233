using Cloze.Cpu;
using Cloze.Kernels;
namespace Cloze.Benchmarks;

/// <summary>Float32 products at the shapes of encoders, one thread: per cent of the peak that was measured in the same rounds.</summary>
internal static unsafe class GemmBenchmark
{
    private static readonly (int Outputs, int Inputs)[] s_shapes = [(384, 384), (1152, 384), (1536, 384), (384, 1536), (768, 768), (2304, 768), (3072, 768), (768, 3072)];
    private static readonly int[] s_rows = [1, 2, 4, 6, 16, 64, 192, 1024, 4096];

    public static int Run(string[] args, bool smoke)
    {
        int rounds = smoke ? 1 : args is [string given, ..] ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : 12;
        IKernels kernels = VectorKernels.Chosen;
        Console.WriteLine(Machine.Describe("gemm"));
        Console.WriteLine();
        Console.WriteLine("| rows | " + string.Join(" | ", s_shapes.Select(shape => $"{shape.Outputs}x{shape.Inputs}")) + " | mean | GB/s |");
        foreach (int rows in smoke ? [1, 6, 64] : s_rows)
        {
            List<string> cells = [];
            double sum = 0, bytes = 0;
            foreach ((int outputs, int inputs) in s_shapes)
            {
                using Block x = Random(rows, inputs), w = Random(outputs, inputs), y = Random(rows, outputs), panels = new(PackingWork.PanelFloats(kernels, outputs, inputs));
                GemmCall call = new() { X = new(x.Data, rows, inputs, CpuTensor.StrideOf(inputs)), Weight = new(panels.Data, outputs, inputs), Y = new(y.Data, rows, outputs, CpuTensor.StrideOf(outputs)) };
                int count = call.Weight.PanelCount(kernels.PanelColumns);
                for (int p = 0; p < count; p++)
                    kernels.Pack(new Matrix(w.Data, outputs, inputs, CpuTensor.StrideOf(inputs)).Slice(p * kernels.PanelColumns, Math.Min(kernels.PanelColumns, outputs - p * kernels.PanelColumns)), panels.Data + (nint)p * kernels.PanelColumns * inputs);
                double flops = 2.0 * rows * outputs * inputs;
                int repeats = Math.Max(1, (int)(2e-3 * 60e9 / flops));
                List<double> shares = [], rates = [];
                for (int round = 0; round < rounds; round++)
                {
                    double peak = Timing.MeasurePeak(), start = Timing.ThreadSeconds();
                    for (int i = 0; i < repeats; i++) kernels.Multiply(call, 0, rows, 0, count);
                    double seconds = (Timing.ThreadSeconds() - start) / repeats;
                    shares.Add(flops / seconds / 1e9 / peak);
                    rates.Add(4.0 * outputs * inputs / seconds / 1e9);
                }
                double best = Timing.Percentile(shares, 0.9);
                sum += best;
                bytes += Timing.Percentile(rates, 0.9);
                cells.Add($"{best * 100:F0} ({Timing.Percentile(shares, 0.5) * 100:F0})");
            }
            Console.WriteLine($"| {rows} | {string.Join(" | ", cells)} | {sum / s_shapes.Length * 100:F0} | {bytes / s_shapes.Length:F0} |");
        }
        return 0;
    }

    private static Block Random(int rows, int columns)
    {
        Block block = new((long)rows * CpuTensor.StrideOf(columns));
        System.Random random = new(1);
        for (long i = 0; i < block.Floats; i++) block.Data[i] = random.NextSingle() - 0.5f;
        return block;
    }
}
