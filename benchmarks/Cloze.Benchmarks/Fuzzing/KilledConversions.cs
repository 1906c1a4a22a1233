using System.Diagnostics;
using Cloze.Checkpoints;
namespace Cloze.Fuzzing;

/// <summary>Kills <c>cloze convert</c> at random moments: under the final name stands nothing, the old folder, or the whole new one.</summary>
internal static class KilledConversions
{
    private const int MostRuns = 20; // for one kill

    /// <param name="command">The built command.</param>
    /// <param name="folder">An empty folder to work in.</param>
    /// <param name="rows">Rows of the model's table, of 64 columns: what there is to write.</param>
    /// <param name="kills">Runs that are killed before they have ended; others do not count.</param>
    /// <returns>One line for each fault.</returns>
    public static IReadOnlyList<string> Run(string command, string folder, int kills, int rows, int seed)
    {
        string model = Path.Combine(folder, "model"), output = Path.Combine(folder, "output"), expected = Path.Combine(folder, "expected");
        WriteModel(model, rows);
        string[] arguments = ["convert", "--model", model, "--weights", "bf16", "--shard-size", "1MB", "--force", "--output"];
        long started = Stopwatch.GetTimestamp();
        End(command, [.. arguments, expected]);
        double whole = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        Random random = new(seed);
        List<string> faults = [];
        int killed = 0;
        for (int run = 0; killed < kills; run++)
        {
            if (run > MostRuns * kills) throw new InvalidOperationException($"{command} ends too soon to be killed {kills} times.");
            started = Stopwatch.GetTimestamp();
            using Process process = Start(command, [.. arguments, output]);
            if (!process.WaitForExit((int)(whole * random.NextDouble())))
            {
                process.Kill(); // SIGKILL
                killed++;
            }
            else whole = Math.Min(whole, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            process.WaitForExit();
            if (Directory.Exists(output) && !IsSame(output, expected)) faults.Add($"{run}: half a folder under the final name");
        }
        End(command, [.. arguments, output]);
        if (!IsSame(output, expected)) faults.Add("the run after them did not finish");
        return faults;
    }

    private static Process Start(string command, string[] arguments) =>
        Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{command} did not start.");

    private static void End(string command, string[] arguments)
    {
        using Process process = Start(command, arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{command} ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
    }

    private static bool IsSame(string found, string expected)
    {
        string[] names = [.. Directory.GetFiles(expected).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        return names.SequenceEqual(Directory.GetFiles(found).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal))
            && names.All(name => File.ReadAllBytes(Path.Combine(found, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(expected, name))));
    }

    /// <summary>A BERT of one layer whose tables are large.</summary>
    private static void WriteModel(string folder, int rows)
    {
        const int h = 64;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
            {"architectures":["BertModel"],"model_type":"bert","vocab_size":{{rows}},"hidden_size":{{h}},"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":{{h}},
            "max_position_embeddings":8}
            """);
        List<NewTensor> tensors = [Tensor("embeddings.word_embeddings.weight", rows, h), Tensor("embeddings.position_embeddings.weight", 8, h),
            Tensor("embeddings.token_type_embeddings.weight", 2, h), .. Pair("embeddings.LayerNorm", h)];
        const string layer = "encoder.layer.0";
        foreach (string linear in (string[])["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"])
            tensors.AddRange(Pair($"{layer}.{linear}", h, h));
        tensors.AddRange([.. Pair($"{layer}.attention.output.LayerNorm", h), .. Pair($"{layer}.output.LayerNorm", h)]);
        SafetensorsWriter.Write(Path.Combine(folder, WeightFiles.SingleName), tensors);

        static NewTensor[] Pair(string name, params int[] shape) => [Tensor($"{name}.weight", shape), Tensor($"{name}.bias", shape[0])];

        static NewTensor Tensor(string name, params int[] shape)
        {
            float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
            for (int i = 0; i < values.Length; i++) values[i] = i % 1000 / 1000f;
            return NewTensor.Of(name, shape, values);
        }
    }
}
