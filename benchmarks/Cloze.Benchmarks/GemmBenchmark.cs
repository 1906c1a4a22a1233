using System.Globalization;
using Cloze.Cpu;
using Cloze.Kernels;
namespace Cloze.Benchmarks;

/// <summary>
/// Float32 products at the shapes of encoders on one thread, as per cent of the peak that was measured in the same rounds, with ONNX Runtime's beside them.
/// </summary>
internal static class GemmBenchmark
{
    private static readonly (int Outputs, int Inputs)[] s_shapes =
        [(384, 384), (1152, 384), (1536, 384), (384, 1536), (768, 768), (2304, 768), (3072, 768), (768, 3072)];

    private static readonly int[] s_rows = [1, 2, 3, 4, 5, 6, 8, 16, 64, 192, 1024, 4096];

    public static int Run(string[] args, bool smoke)
    {
        int rounds = smoke ? 1 : args is [string given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 12;
        int[] rowCounts = smoke ? [1, 4, 6, 64] : args.Length > 1 ? [.. args.Skip(1).Select(rows => int.Parse(rows, CultureInfo.InvariantCulture))] : s_rows;
        (int Outputs, int Inputs)[] shapes = smoke ? [(384, 384), (768, 3072)] : s_shapes;
        Console.WriteLine(Machine.Describe(string.Join(' ', args.Prepend("gemm")), OrtProduct.Version));
        Console.WriteLine($"""

            Cloze / ONNX Runtime, per cent of the measured peak of multiply-adds, the 90th percentile of {rounds} interleaved rounds;
            the last column is the rate at which Cloze reads weights.

            | rows | {string.Join(" | ", shapes.Select(shape => $"{shape.Outputs}x{shape.Inputs}"))} | mean | GB/s |
            |---|{string.Concat(Enumerable.Repeat("---|", shapes.Length + 2))}
            """);
        foreach (int rows in rowCounts)
        {
            List<Result> results = [.. shapes.Select(shape => Measure(rows, shape.Outputs, shape.Inputs, rounds))];
            string cells = string.Join(" | ", results.Select(result => $"{Percent(result.Cloze)} / {Percent(result.Ort)}"));
            string mean = $"**{Percent(results.Average(result => result.Cloze))} / {Percent(results.Average(result => result.Ort))}**";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {rows} | {cells} | {mean} | {results.Average(result => result.GigaBytes):F0} |"));
        }
        return 0;
    }

    private static string Percent(double share) => (100 * share).ToString("F0", CultureInfo.InvariantCulture);

    private readonly record struct Result(double Cloze, double Ort, double GigaBytes);

    private static Result Measure(int rows, int outputs, int inputs, int rounds)
    {
        using BenchmarkMatrices matrices = new(rows, outputs, inputs);
        using OrtProduct ort = new(matrices.X, matrices.Transposed(), rows, outputs, inputs);
        matrices.Multiply();
        ort.Run();
        matrices.MustBe(ort.Y);

        double flops = 2.0 * rows * outputs * inputs;
        int repeats = Math.Max(1, (int)(2e-3 * 60e9 / flops));
        List<double> cloze = [], other = [], rates = [];
        for (int round = 0; round < rounds; round++)
        {
            double peak = Timing.MeasurePeak() * 1e9, seconds = Timing.Seconds(repeats, matrices.Multiply);
            cloze.Add(flops / seconds / peak);
            rates.Add(sizeof(float) * (double)outputs * inputs / seconds / 1e9);
            other.Add(flops / Timing.Seconds(repeats, ort.Run) / peak);
        }
        return new(Timing.Percentile(cloze, 0.9), Timing.Percentile(other, 0.9), Timing.Percentile(rates, 0.9));
    }
}

/// <summary>Operands of a product, packed as the product packs them.</summary>
internal sealed unsafe class BenchmarkMatrices : IDisposable
{
    private readonly IKernels _kernels = VectorKernels.Chosen;
    private readonly float[] _w;
    private readonly Block _x, _y, _panels;
    private readonly GemmCall _call;
    private readonly int _panelCount;

    public BenchmarkMatrices(int rows, int outputs, int inputs)
    {
        (X, _w) = (Random(1, rows * inputs), Random(2, outputs * inputs));
        (int xStride, int yStride) = (CpuTensor.StrideOf(inputs), CpuTensor.StrideOf(outputs));
        (_x, _y, _panels) = (new((long)rows * xStride), new((long)rows * yStride), new(PackingWork.PanelFloats(_kernels, outputs, inputs)));
        for (int row = 0; row < rows; row++) X.AsSpan(row * inputs, inputs).CopyTo(new(_x.Data + (nint)row * xStride, inputs));
        _call = new() { X = new(_x.Data, rows, inputs, xStride), Weight = new(_panels.Data, outputs, inputs), Y = new(_y.Data, rows, outputs, yStride) };
        _panelCount = _call.Weight.PanelCount(_kernels.PanelColumns);
        fixed (float* w = _w)
            for (int panel = 0, width = _kernels.PanelColumns; panel < _panelCount; panel++)
            {
                nint at = (nint)panel * width * inputs;
                _kernels.Pack(new(w + at, Math.Min(width, outputs - panel * width), inputs, inputs), _panels.Data + at);
            }
    }

    public float[] X { get; }

    public void Multiply() => _kernels.Multiply(_call, 0, _call.X.Rows, 0, _panelCount);

    /// <summary>W as [inputs, outputs].</summary>
    public float[] Transposed()
    {
        (int outputs, int inputs) = (_call.Weight.Outputs, _call.Weight.Inputs);
        float[] transposed = new float[outputs * inputs];
        for (int m = 0; m < outputs; m++) for (int k = 0; k < inputs; k++) transposed[k * outputs + m] = _w[m * inputs + k];
        return transposed;
    }

    public void MustBe(float[] y)
    {
        for (int row = 0; row < _call.Y.Rows; row++)
            for (int column = 0; column < _call.Y.Columns; column++)
            {
                float distance = Math.Abs(_call.Y[row][column] - y[row * _call.Y.Columns + column]);
                if (!(distance <= 1e-3f)) throw new InvalidOperationException($"The products differ at [{row},{column}] by {distance}.");
            }
    }

    public void Dispose()
    {
        _x.Dispose();
        _y.Dispose();
        _panels.Dispose();
    }

    public static float[] Random(int seed, int count)
    {
        System.Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = random.NextSingle() - 0.5f;
        return values;
    }
}
