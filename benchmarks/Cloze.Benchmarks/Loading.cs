using System.Diagnostics;
using System.Globalization;
using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Benchmarks;

/// <summary>From opening a checkpoint in a warm file cache to its first forward pass: time, private memory, and the pages that two processes share.</summary>
internal static class Loading
{
    private const string Child = "--child";
    private const string BertBase = """
        {"architectures":["BertModel"],"model_type":"bert","vocab_size":30522,"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,
        "intermediate_size":3072,"max_position_embeddings":512,"type_vocab_size":2}
        """;
    private const string Tiny = """
        {"architectures":["BertModel"],"model_type":"bert","vocab_size":1000,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":256,
        "max_position_embeddings":64,"type_vocab_size":2}
        """;

    public static int Run(string[] args, bool smoke)
    {
        if (args is [Child, string model]) return Measure(model);
        int runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : smoke ? 1 : 5;
        string folder = Path.Combine(Machine.Repository, "artifacts", "loading", smoke ? "tiny" : "bert-base");
        if (!File.Exists(Path.Combine(folder, WeightFiles.SingleName))) WriteModel(folder, smoke ? Tiny : BertBase);
        using (FileStream warm = File.OpenRead(Path.Combine(folder, WeightFiles.SingleName))) warm.CopyTo(Stream.Null);
        Console.WriteLine($"# Loading {(smoke ? "a small BERT" : "BERT-base, float32 (random weights)")}, warm file cache\n");
        Console.WriteLine(Machine.Describe($"loading {runs}"));
        Console.WriteLine($"- two processes at once, {runs} times; 8 tokens; memory by /proc/PID/smaps after the first pass\n");
        Console.WriteLine("| process | opened and checked, ms | weights packed, ms | first pass, ms | private memory, MB | of the file: in memory, MB | shared with the other, MB |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        for (int run = 0; run < runs; run++)
        {
            using Process first = Start(folder), second = Start(folder);
            string[] times = [first.StandardOutput.ReadLine() ?? "", second.StandardOutput.ReadLine() ?? ""];
            string[] memory = [Memory(first.Id), Memory(second.Id)];
            foreach (Process process in (Process[])[first, second])
            {
                process.StandardInput.Close();
                process.WaitForExit();
            }
            for (int i = 0; i < 2; i++) Console.WriteLine($"| {run + 1}{"ab"[i]} | {times[i]} | {memory[i]} |");
        }
        Console.WriteLine("""

            Private memory is the matrices of the layers, packed for the product (BERT-base: 85 million weights, 340 MB of 438); the embedding tables, 94 MB, stay in the mapping, and of
            the mapping nothing is copied before it is packed. Both processes share its pages.
            """);
        return 0;
    }

    private static Process Start(string folder) =>
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["loading", Child, folder]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;

    /// <summary>In a process of its own: loads, runs, says how long it took, and stays until its input ends.</summary>
    private static int Measure(string folder)
    {
        long started = Stopwatch.GetTimestamp();
        using (Checkpoint checkpoint = Checkpoint.Open(folder))
            LoadReport.Of(checkpoint, checkpoint.Architecture.Configure(checkpoint.Config, checkpoint), ModelTask.Base, labels: 2).ThrowIfFaulty();
        double opened = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        started = Stopwatch.GetTimestamp();
        using LoadedModel model = LoadedModel.Load(folder);
        double loaded = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        started = Stopwatch.GetTimestamp();
        PackedTokens packed = model.Model.Pack(new(1, 8, [1, 2, 3, 4, 5, 6, 7, 8]));
        using (CpuOps ops = model.NewCall()) model.Model.Encoder.Forward(ops, packed.Batch);
        double first = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{opened:F0} | {loaded:F0} | {first:F0}"));
        Console.In.ReadToEnd();
        return 0;
    }

    /// <summary>Private memory of a process, and what it has of the mapped weights, in columns.</summary>
    private static string Memory(int process)
    {
        double all = 0, resident = 0, shared = 0;
        bool isWeights = false;
        foreach (string line in File.ReadLines($"/proc/{process}/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0].Contains('-') && !words[0].EndsWith(':')) isWeights = line.EndsWith(WeightFiles.SingleName, StringComparison.Ordinal);
            if (words.Length < 3 || words[^1] != "kB") continue;
            double megabytes = double.Parse(words[1], CultureInfo.InvariantCulture) / 1024;
            if (words[0] is "Private_Dirty:" or "Private_Clean:") all += megabytes;
            if (isWeights && words[0] == "Rss:") resident += megabytes;
            if (isWeights && words[0] is "Shared_Clean:" or "Shared_Dirty:") shared += isWeights ? megabytes : 0;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{all:F0} | {resident:F0} | {shared:F0}");
    }

    /// <summary>A model of random weights.</summary>
    private static void WriteModel(string folder, string config)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        ConfigFields fields = Checkpoint.ReadConfig(folder);
        BertArchitecture architecture = new();
        Weights<Shape> schema = ShapeFactory.Schema();
        architecture.Build(architecture.Configure(fields, null), ModelTask.Base, labels: 2, schema);
        Random random = new(1);
        SafetensorsWriter.Write(Path.Combine(folder, WeightFiles.SingleName), schema.Tensors.Select(tensor =>
        {
            float[] values = new float[tensor.Elements];
            for (int i = 0; i < values.Length; i++) values[i] = (float)(random.NextDouble() - 0.5) * 0.07f;
            return NewTensor.Of(tensor.Name, tensor.Dimensions, values);
        }));
    }
}
