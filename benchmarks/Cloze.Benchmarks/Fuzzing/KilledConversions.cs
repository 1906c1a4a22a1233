using Cloze.Checkpoints;
namespace Cloze.Fuzzing;

/// <summary>
/// Kills what writes a checkpoint folder at random moments: under the final name stands nothing, the old folder, or the whole new one; the next run finishes
/// and leaves nothing else.
/// </summary>
internal static class KilledConversions
{
    /// <param name="program">What writes: <c>cloze</c>, or a process that saves.</param>
    /// <param name="arguments">Of a run: the model's folder and the one to be written.</param>
    /// <param name="folder">An empty folder to work in.</param>
    /// <param name="rows">Rows of the model's table, of 64 columns: what there is to write.</param>
    /// <param name="kills">Runs that are killed before they have ended; others do not count.</param>
    /// <returns>One line for each fault.</returns>
    public static IReadOnlyList<string> Run(string program, Func<string, string, string[]> arguments, string folder, int kills, int rows, int seed)
    {
        string model = Path.Combine(folder, "model"), output = Path.Combine(folder, "output"), expected = Path.Combine(folder, "expected");
        WriteModel(model, rows);
        double whole = KilledRuns.End(program, arguments(model, expected));
        List<string> faults = [.. KilledRuns.Run(program, arguments(model, output), [], kills, whole, seed,
            () => Directory.Exists(output) && !IsSame(output, expected) ? "half a folder under the final name" : null)];
        KilledRuns.End(program, arguments(model, output));
        if (!IsSame(output, expected)) faults.Add("the run after them did not finish");
        foreach (string left in Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Where(name => name.StartsWith('.'))) faults.Add($"{left} is left");
        return faults;
    }

    /// <summary>The arguments of <c>cloze convert</c>.</summary>
    public static string[] Convert(string model, string output) =>
        ["convert", "--model", model, "--weights", "bf16", "--shard-size", "1MB", "--force", "--output", output];

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

        static NewTensor[] Pair(string name, params long[] shape) => [Tensor($"{name}.weight", shape), Tensor($"{name}.bias", shape[0])];

        static NewTensor Tensor(string name, params long[] shape)
        {
            float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
            for (int i = 0; i < values.Length; i++) values[i] = i % 1000 / 1000f;
            return NewTensor.Of(name, shape, values);
        }
    }
}
