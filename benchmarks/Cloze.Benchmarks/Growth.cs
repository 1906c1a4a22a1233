using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Benchmarks;

/// <summary>
/// One sequence of 1k to 16k tokens through encoders with windows, random weights, one thread: what a token costs in the local layers, and in memory.
/// </summary>
/// <remarks>
/// Both must stay flat: time within 15 %, the block pool's peak (all activations and scratch; weights and runtime are not in it) within 10 %. Global layers,
/// whose time grows with the length, are listed beside them.
/// </remarks>
internal static class Growth
{
    private const double TimeSpread = 0.15, MemorySpread = 0.10;   // of the lowest figure
    private static readonly int[] s_lengths = [1024, 2048, 4096, 8192, 16384];

    // ModernBERT's every third layer, from the first on, sees everything; each layer of Longformer has a window, and its first token is global.
    private static readonly Subject[] s_subjects =
    [
        new("modernbert-base", [("max_position_embeddings", 16384)], IsLocal: layer => layer % 3 != 0, GlobalRules.None),
        new("longformer-base", [("max_position_embeddings", 16386)], IsLocal: _ => true, GlobalRules.First),
    ];

    private static readonly (string Field, int Value)[] s_smokeSize =
        [("hidden_size", 128), ("num_hidden_layers", 3), ("num_attention_heads", 2), ("intermediate_size", 128), ("vocab_size", 512)];

    private sealed record Subject(string Shape, (string Field, int Value)[] Changes, Func<int, bool> IsLocal, GlobalRule Globals);

    /// <param name="Local">Microseconds of local layers a token; the lowest of some passes.</param>
    private readonly record struct Result(int Tokens, double Local, double Global, double PeakBytes);

    public static int Run(string[] args, bool smoke)
    {
        int most = args is [string given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : s_lengths[^1], failures = 0;
        int[] lengths = smoke ? [256, 512] : [.. s_lengths.Where(length => length <= most)];
        Console.WriteLine("# What a token costs as sequences grow, one thread, random weights\n");
        Console.WriteLine(Machine.Describe(string.Join(' ', args.Prepend("growth"))));
        foreach (Subject subject in s_subjects)
        {
            List<Result> results = Measure(subject, lengths, smoke);
            Console.WriteLine($"\n{subject.Shape}{(smoke ? ", tiny" : "")}: {string.Join(", ", subject.Changes.Select(change => $"{change.Field} {change.Value}"))}\n");
            Console.WriteLine("| tokens | local layers, µs a token | global layers, µs a token | peak of the pool, MB | KB a token |");
            Console.WriteLine("| ---: | ---: | ---: | ---: | ---: |");
            foreach (Result result in results)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {result.Tokens} | {result.Local:F1} | {result.Global:F1} "
                    + $"| {result.PeakBytes / 1e6:F1} | {result.PeakBytes / result.Tokens / 1e3:F2} |"));
            }
            (double time, double memory) = (Spread(results.Select(result => result.Local)), Spread(results.Select(result => result.PeakBytes / result.Tokens)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"\nFrom the lowest to the highest: time of local layers {100 * time:F1} % (at most {100 * TimeSpread:F0}), memory {100 * memory:F1} % (at most {100 * MemorySpread:F0})."));
            if (!smoke && (time > TimeSpread || memory > MemorySpread)) failures++;
        }
        return failures == 0 ? 0 : 1;
    }

    private static List<Result> Measure(Subject subject, int[] lengths, bool smoke)
    {
        (_, IArchitecture architecture, _) = ModelRegistry.Shape(subject.Shape);
        JsonNode json = JsonNode.Parse(architecture.Shapes[subject.Shape])!;
        foreach ((string field, int value) in smoke ? subject.Changes.Concat(s_smokeSize) : subject.Changes) json[field] = value;
        object config = architecture.Configure(ConfigFields.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), subject.Shape), file: null);
        using CpuRuntime runtime = new(threads: 1);
        Weights<CpuTensor> weights = new(new RandomStart(1, request => architecture.Initial(config, request)), new CpuWeights(runtime));
        IEncoder<CpuTensor> encoder = architecture.Build(config, ModelTask.Base, labels: 0, weights).Encoder;
        Pass(subject, encoder, runtime, 64);   // compiles
        List<Result> results = [];
        foreach (int tokens in lengths)
        {
            const int LeastTokens = 4096;
            Result best = Pass(subject, encoder, runtime, tokens);
            for (int done = tokens; !smoke && done < LeastTokens; done += tokens)
            {
                Result next = Pass(subject, encoder, runtime, tokens);
                best = best with { Local = Math.Min(best.Local, next.Local), Global = Math.Min(best.Global, next.Global) };
            }
            results.Add(best);
        }
        return results;
    }

    private static Result Pass(Subject subject, IEncoder<CpuTensor> encoder, CpuRuntime runtime, int tokens)
    {
        const int FirstWord = 100, Words = 400;   // no special token of either
        int[] ids = [.. Enumerable.Range(0, tokens).Select(i => FirstWord + i * 7 % Words)];
        TokenBatch batch = TokenBatchBuilder.Pack(new(1, tokens, ids), encoder.Positions, subject.Globals).Batch;
        using CpuOps ops = new(runtime);
        TimedOps<CpuTensor> timed = new(ops, new ThreadClock());
        CpuTensor states = encoder.Forward(timed, batch);
        for (int row = 0; row < tokens; row += tokens / 8)
            foreach (float value in states.Row(row))
                if (!float.IsFinite(value)) throw new InvalidOperationException($"{subject.Shape}: {value} in row {row} of {tokens}.");
        double local = 0, global = 0;
        foreach (TimedLine line in timed.Lines)
        {
            if (Layer(line.Path) is not { } layer) continue;
            if (subject.IsLocal(layer)) local += line.Time.TotalMicroseconds; else global += line.Time.TotalMicroseconds;
        }
        return new(tokens, local / tokens, global / tokens, runtime.Pool.PeakBytes);   // lengths ascend, so the peak is this one's
    }

    /// <summary>3 of "layers.3" and of "encoder.layer.3"; null: no layer's path.</summary>
    private static int? Layer(string path) =>
        path.Split('/')[0] is { } name && name.Contains("layer", StringComparison.Ordinal) && int.TryParse(name[(name.LastIndexOf('.') + 1)..], out int layer)
            ? layer
            : null;

    private static double Spread(IEnumerable<double> figures) => figures.Max() / figures.Min() - 1;

    /// <summary>CPU time of this thread.</summary>
    private sealed class ThreadClock : TimeProvider
    {
        public override long TimestampFrequency => 1_000_000_000;
        public override long GetTimestamp() => (long)(Timing.ThreadSeconds() * TimestampFrequency);
    }
}
