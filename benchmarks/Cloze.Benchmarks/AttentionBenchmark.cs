using System.Globalization;
namespace Cloze.Benchmarks;

/// <summary>The attention kernel on one thread: microseconds a token of one layer, and per cent of the peak that was measured in the same rounds.</summary>
/// <remarks>
/// Flops are 4·d for each pair that is seen, whatever the position term costs beside it. Results are checked against float64 before they are timed.
/// </remarks>
internal static class AttentionBenchmark
{
    private const int LongestSmoke = 128;

    // The last figure: the mark, per cent of peak (median) that the kernel has to hold on a Zen 3.
    private static readonly AttentionShape[] s_shapes =
    [
        .. Shapes("none", 64, null, (16, 28), (128, 57), (512, 67), (2048, 62), (8192, 61)),
        .. Shapes("rotary", 64, null, (16, 28), (128, 59), (512, 69), (2048, 63), (8192, 59)),
        .. Shapes("ALiBi", 64, null, (16, 29), (128, 57), (512, 67), (2048, 57), (8192, 41)),
        .. Shapes("relative_key", 64, null, (16, 0), (128, 0), (512, 0)),
        .. Shapes("relative_key_query", 64, null, (16, 0), (128, 0), (512, 0)),
        .. Shapes("disentangled", 64, null, (16, 12), (128, 22), (512, 30), (2048, 39), (8192, 31)),
        .. Shapes("disentangled, linear", 64, null, (16, 0), (128, 0), (512, 0), (2048, 0), (8192, 0)),
        .. Shapes("none", 32, null, (16, 25), (128, 49), (512, 55), (2048, 47), (8192, 39)),
        .. Shapes("disentangled", 32, null, (16, 10), (128, 19), (512, 21), (2048, 23)),
        .. Shapes("rotary", 64, 64, (512, 43), (2048, 48), (8192, 47)),
        .. Shapes("none", 64, 256, (512, 40), (2048, 53), (8192, 57)),
        .. Shapes("global rows", 64, null, (512, 0), (2048, 0), (8192, 0)),
    ];

    public static int Run(string[] args, bool smoke)
    {
        int rounds = smoke ? 1 : args is [string given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 9;
        Console.WriteLine(Machine.Describe("attention"));
        Console.WriteLine($"""

            Batches of at least 512 tokens of {rounds} interleaved rounds: the median, and the best quarter in brackets.
            Mark: the per cent of peak to hold on a Zen 3 (0: none is set). disentangled: 256 logarithmic buckets (DeBERTa v2 and v3), as the first
            kernel of this layout was measured, whose figures the marks are; linear: DeBERTa v1, which it was not measured with.
            global rows: the first 16 tokens alone see all others (Longformer).

            | heads | term | window | n | µs a token | % of peak | GFLOP/s | mark, % |
            |---|---|---|---|---|---|---|---|
            """);
        List<(AttentionShape Shape, AttentionRun Run, List<double> Seconds)> cases =
            [.. s_shapes.Where(shape => !smoke || shape.Length <= LongestSmoke).Select(shape => (shape, new AttentionRun(shape), new List<double>()))];
        foreach ((_, AttentionRun run, _) in cases) run.Check();

        _ = Timing.MeasurePeak();   // compiles it
        List<double> peaks = [];
        for (int round = 0; round < rounds; round++)
        {
            peaks.Add(Timing.MeasurePeak() * 1e9);
            foreach ((AttentionShape shape, AttentionRun run, List<double> seconds) in cases)
                seconds.Add(Timing.Seconds(Math.Max(1, (int)(20e-3 * 40e9 / shape.Flops)), run.Attend));
        }
        double peak = Timing.Percentile(peaks, 0.5);
        foreach ((AttentionShape shape, AttentionRun run, List<double> seconds) in cases)
        {
            (double median, double best) = (Timing.Percentile(seconds, 0.5), Timing.Percentile(seconds, 0.25));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {shape.Heads} x {shape.HeadSize} | {shape.Term} | {shape.Window} | {shape.Length} "
                + $"| {median / shape.Tokens * 1e6:F2} ({best / shape.Tokens * 1e6:F2}) "
                + $"| {100 * shape.Flops / median / peak:F0} ({100 * shape.Flops / best / peak:F0}) "
                + $"| {shape.Flops / median / 1e9:F1} | {shape.Mark} |"));
            run.Dispose();
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nPeak: {peak / 1e9:F1} GFLOP/s (median of {rounds}; {peaks.Min() / 1e9:F1} to {peaks.Max() / 1e9:F1})."));
        return 0;
    }

    private static IEnumerable<AttentionShape> Shapes(string term, int headSize, int? window, params (int Length, int Percent)[] lengths) =>
        lengths.Select(one => new AttentionShape(term, 12, headSize, window, one.Length, one.Percent));
}

/// <param name="Window">Columns seen on each side.</param>
/// <param name="Length">Tokens of each sequence.</param>
internal sealed record AttentionShape(string Term, int Heads, int HeadSize, int? Window, int Length, int Mark)
{
    private const int LeastTokens = 512, GlobalRows = 16;

    public int Sequences => Math.Max(1, LeastTokens / Length);
    public int Tokens => Sequences * Length;

    /// <summary>Tokens of each sequence that see others, from its first on.</summary>
    public int Queries => Term == "global rows" ? GlobalRows : Length;

    /// <summary>4·d for each pair that is seen.</summary>
    public double Flops
    {
        get
        {
            double pairs = 0;
            for (int i = 0; i < Queries; i++) pairs += Window is { } w ? Math.Min(Length - 1, i + w) - Math.Max(0, i - w) + 1 : Length;
            return 4.0 * HeadSize * Heads * pairs * Sequences;
        }
    }
}
