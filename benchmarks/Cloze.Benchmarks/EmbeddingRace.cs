using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Cloze.Pipelines;
using Cloze.Tokenizers;
using Microsoft.ML.OnnxRuntime;
namespace Cloze.Benchmarks;

/// <summary>The 2758 sentences of STS-B's test set through all-MiniLM-L6-v2 in float32: Cloze against ONNX Runtime, rounds in turn.</summary>
/// <remarks>Both see the same tokens, sort by length and use the batch size that is best for them (tried first). Their embeddings are compared before anything is timed.</remarks>
internal static class EmbeddingRace
{
    public static int Run(string[] args, bool smoke)
    {
        if (args is [OnnxPeer.Argument, .. string[] rest]) return OnnxPeer.Serve(rest);
        int threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2, rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : smoke ? 1 : 5;
        string shared = Path.Combine(Machine.Repository, "..", "shared"), folder = Path.Combine(shared, "data/models/all-MiniLM-L6-v2");
        if (!Directory.Exists(shared))
        {
            Console.WriteLine($"skipped: needs the graph, the weights and the sentences in {Path.GetFullPath(shared)}");
            return 0;
        }
        string[] texts = Sentences(Path.Combine(shared, "data/tasks/glue/STS-B/test.tsv"), smoke ? 50 : int.MaxValue);
        string work = Path.Combine(Machine.Repository, "artifacts", "embedding-race");
        string graph = Graph(Path.Combine(shared, "peers/onnx"), folder, work);
        string textFile = Path.Combine(work, "texts.txt"), answerFile = Path.Combine(work, "answer");
        File.WriteAllLines(textFile, texts);

        using OnnxPeerProcess peer = new(graph, Path.Combine(folder, "tokenizer.json"), threads);
        using ClozeSide cloze = new(folder, texts, threads);
        peer.Ask("texts", textFile);
        peer.Ask("tokens", answerFile);
        int different = File.ReadLines(answerFile).Zip(cloze.Tokens()).Count(pair => pair.First != pair.Second);
        File.WriteAllLines(answerFile, cloze.Tokens());
        peer.Ask("ids", answerFile);

        int batchSize = Best([8, 16, 32, 64], size => peer.Ask("embed", size)), batchTokens = Best([1024, 4096, 16384], cloze.Embed);
        peer.Ask("write", answerFile);
        float[] expected = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(answerFile)).ToArray();
        double worst = cloze.WorstCosine(expected);
        Console.WriteLine($"# all-MiniLM-L6-v2, float32, {texts.Length} sentences of STS-B test, {threads} threads\n");
        Console.WriteLine(Machine.Describe($"embedding-race {threads} {rounds}", $"ONNX Runtime {Machine.Version(typeof(InferenceSession).Assembly)}, all graph optimizations, a process of its own"));
        Console.WriteLine($"- {cloze.TokenCount} tokens; smallest cosine between the two embeddings of a sentence, from the same tokens: {worst:F7}");
        Console.WriteLine($"- best batch: Cloze {batchTokens} tokens, ONNX Runtime {batchSize} sentences; {rounds} rounds in turn, medians");
        Console.WriteLine($"- tokenization included: ONNX Runtime beside FastBertTokenizer, which tokenizes {different} of the sentences differently\n");
        if (worst < 0.99999) return 1;

        Console.WriteLine("| | Cloze, sentences/s | ONNX Runtime, sentences/s | ratio | lowest … highest ratio of a round |");
        Console.WriteLine("| --- | ---: | ---: | ---: | --- |");
        Report("tokenization excluded", () => cloze.Embed(batchTokens), () => peer.Ask("embed", batchSize));
        Report("tokenization included", () => cloze.TokenizeAndEmbed(batchTokens), () => peer.Ask("tokenize-and-embed", batchSize));
        double fastest = Enumerable.Range(0, rounds).Min(_ => cloze.Embed(batchTokens)), peak = Enumerable.Range(0, 20).Max(_ => Timing.MeasurePeak()) * threads;
        double rate = cloze.MatrixFlops / fastest / 1e9;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nThe roof: matrix products and attention are {cloze.MatrixFlops / 1e9:F0} GFLOP; in the fastest round Cloze did {rate:F0} GFLOP/s, {100 * rate / peak:F0} % of {peak:F0} GFLOP/s, the peak of {threads} threads measured in this run."));
        return 0;

        void Report(string name, Func<double> ours, Func<double> theirs)
        {
            double[] mine = new double[rounds], others = new double[rounds], ratios = new double[rounds];
            for (int round = 0; round < rounds; round++)
            {
                if (round % 2 == 0) (mine[round], others[round]) = (ours(), theirs());
                else (others[round], mine[round]) = (theirs(), ours());
                ratios[round] = others[round] / mine[round];
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {texts.Length / Median(mine):F0} | {texts.Length / Median(others):F0} | {Median(ratios):F2} | {ratios.Min():F2} … {ratios.Max():F2} |"));
        }
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The fastest of some sizes, each tried once after a run that warms up.</summary>
    private static int Best(int[] sizes, Func<int, double> seconds)
    {
        seconds(sizes[0]);
        return sizes.MinBy(seconds);
    }

    /// <summary>Both sentences of each pair, in order.</summary>
    private static string[] Sentences(string path, int limit)
    {
        string[][] rows = [.. File.ReadLines(path).Select(line => line.Split('\t'))];
        int first = Array.IndexOf(rows[0], "sentence1"), second = Array.IndexOf(rows[0], "sentence2");
        return [.. rows.Skip(1).SelectMany(row => (string[])[row[first], row[second]]).Take(limit)];
    }

    /// <summary>The peer's graph with real weights beside it, written once.</summary>
    private static string Graph(string peers, string model, string work)
    {
        string graph = Path.Combine(work, "model.onnx");
        if (File.Exists(Path.Combine(work, "weights.bin"))) return graph;
        string[] arguments = [Path.Combine(peers, "make_weights.py"), Path.Combine(peers, "minilm"), work, "--safetensors", Path.Combine(model, "model.safetensors")];
        using Process process = Process.Start("python3", arguments);
        process.WaitForExit();
        return process.ExitCode == 0 ? graph : throw new InvalidOperationException($"python3 {string.Join(' ', arguments)} failed.");
    }

    /// <summary>Cloze's side, with tokens made before or within what is timed.</summary>
    private sealed class ClozeSide : IDisposable
    {
        private readonly string[] _texts;
        private readonly TextEmbedder _embedder;
        private readonly LoadedModel _model;
        private readonly EmbeddingPipeline _pipeline;
        private readonly EmbedPlan _plan;
        private readonly TokenWindow _window = new();
        private ReadOnlyMemory<float>[] _vectors;

        public ClozeSide(string folder, string[] texts, int threads)
        {
            _texts = texts;
            _vectors = new ReadOnlyMemory<float>[texts.Length];
            _embedder = TextEmbedder.Load(folder, new() { Threads = threads });
            SentenceTransformerFolder settings = SentenceTransformerFolder.Read(folder);
            _model = LoadedModel.Load(folder, threads: threads);
            _pipeline = new(_model, Tokenizer.Load(folder), settings);
            _plan = _pipeline.Plan(new(), new(settings.Prompts, settings.DefaultPrompt));
            foreach (string text in texts) _pipeline.Tokenize(text, _plan, _window);
        }

        public int TokenCount => Enumerable.Range(0, _texts.Length).Sum(i => _window.Length(i));

        public IEnumerable<string> Tokens() => Enumerable.Range(0, _texts.Length).Select(i => string.Join(' ', _window.Ids(i).ToArray()));

        /// <summary>6 layers of 4·H² + 2·H·I products a token, and 2·H for each pair of tokens of a text; a multiply-add is two.</summary>
        public double MatrixFlops
        {
            get
            {
                const double H = 384, I = 1536, Layers = 6;
                return Layers * Enumerable.Range(0, _texts.Length).Sum(i => (double)_window.Length(i) * (2 * (4 * H * H + 2 * H * I) + 4 * H * _window.Length(i)));
            }
        }

        /// <returns>Seconds.</returns>
        public double Embed(int batchTokens)
        {
            long start = Stopwatch.GetTimestamp();
            _pipeline.Forward(_window, _plan with { Options = new() { BatchTokens = batchTokens } }, _vectors, CancellationToken.None);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        /// <returns>Seconds.</returns>
        public double TokenizeAndEmbed(int batchTokens)
        {
            long start = Stopwatch.GetTimestamp();
            _vectors = _embedder.Embed(_texts, new() { BatchTokens = batchTokens });
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        public double WorstCosine(float[] others)
        {
            double worst = 1;
            for (int i = 0; i < _vectors.Length; i++)
            {
                ReadOnlySpan<float> mine = _vectors[i].Span;
                double dot = 0;
                for (int j = 0; j < mine.Length; j++) dot += (double)mine[j] * others[i * mine.Length + j];
                worst = Math.Min(worst, dot);
            }
            return worst;
        }

        public void Dispose()
        {
            _model.Dispose();
            _embedder.Dispose();
        }
    }
}
