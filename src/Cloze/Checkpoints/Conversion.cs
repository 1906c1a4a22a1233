using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>What a conversion wrote.</summary>
/// <param name="Tensors">In the new file, scales and zero points of int8 not counted.</param>
/// <param name="Quantized">Of these, as int8.</param>
/// <param name="Bytes">Of the new weights files.</param>
/// <param name="LeftOut">Files that were not copied: the same weights in other formats.</param>
public sealed record ConversionResult(int Tensors, int Quantized, long Bytes, IReadOnlyList<string> LeftOut);

/// <summary>What a conversion is to do.</summary>
public sealed record ConversionOptions
{
    /// <summary>How weights are stored; null: as they are.</summary>
    public WeightFormat? Weights { get; init; }
    /// <summary>A LoRA adapter as PEFT saves it, which is merged into the weights; null: none.</summary>
    public string? Adapter { get; init; }
    /// <summary>The adapter's own files (modules.json and what it names, tokenizer) take the place of the model's; else they are not written.</summary>
    public bool WithAdapterFiles { get; init; }
    /// <summary>The most bytes of tensors in one file, at least 1; more is split into shards with an index. Null: one file.</summary>
    public long? ShardBytes { get; init; }
    /// <summary>
    /// Makes a plain encoder's folder one of sentence-transformers (modules.json and what it names): how the tokens of a text become one vector, in the order in
    /// which that library concatenates (cls, max, mean, mean_sqrt_len, weightedmean, lasttoken). Null: the folder says what it said.
    /// </summary>
    public IReadOnlyList<Pooling>? Pooling { get; init; }
    /// <summary>With <see cref="Pooling"/>: vectors get length 1.</summary>
    public bool Normalize { get; init; }
    /// <summary>Replace a checkpoint folder that is there.</summary>
    public bool Force { get; init; }
}

/// <summary>Writes a checkpoint folder again: weights in another format, of an adapter and its base model, in one file or in shards.</summary>
/// <remarks>
/// The same input gives the same bytes. The weights become safetensors under the reference's names; config.json says their format; the model card says what was
/// done, from which files and by which version; every other file is copied byte for byte, but not the same weights in another format.
/// </remarks>
public static class Conversion
{
    private const string Card = "README.md";

    private const string Int8Section = "\nThe weight of every linear layer and every embedding, [rows, columns], is stored as 8-bit integers q "
        + "with one float32 scale a row: scale = max|row| / 127\n(1 for a row of zeros), q = x / scale rounded half to even, value = q · scale. "
        + "Everything else is float32. `config.json` says so in\n`quantization_config` (the layout of compressed-tensors, which transformers reads too).";
    private static readonly string[] s_weightExtensions = [".h5", ".msgpack", ".ot", ".onnx", ".onnx_data", ".gguf"];

    /// <param name="model">The folder to read: a checkpoint, or an adapter.</param>
    /// <param name="output">The folder to write: appears whole or not at all.</param>
    /// <param name="progress">Told the share that is done, 0 … 1.</param>
    /// <exception cref="CheckpointException">The folder cannot be read as a model, or a weight does not fit the format.</exception>
    /// <exception cref="IOException">The output cannot be written, or exists.</exception>
    public static ConversionResult Convert(
        string model, string output, ConversionOptions options, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using Checkpoint checkpoint = Checkpoint.Open(model, adapter: options.Adapter);
        return Write(checkpoint, output, options, progress, cancellation);
    }

    internal static ConversionResult Write(
        Checkpoint checkpoint, string output, ConversionOptions options, Action<double>? progress, CancellationToken cancellation)
    {
        string model = checkpoint.Folder;
        if (options.ShardBytes < 1) throw new ArgumentOutOfRangeException(nameof(options), options.ShardBytes, "A shard has at least 1 byte.");
        if (options.Normalize && options.Pooling is null) throw new ArgumentException("Normalize needs Pooling: vectors of what, is not said.", nameof(options));
        // int8 as it was made, which need not be by rows, stays as it is
        if (options.Weights == WeightFormat.Int8 && checkpoint.IsQuantized && !checkpoint.IsAdapted) options = options with { Weights = null };
        if (options.Weights is null && checkpoint.IsQuantized && checkpoint.IsAdapted)
            throw new CheckpointException($"{model} is stored as int8, which what an adapter adds does not fit: choose f32, f16, bf16, or int8 to round again.");
        foreach (string input in options.Adapter is { } onTop ? [model, onTop] : new[] { model })
        {
            if (Overlap(OutputFolder.RealPath(input), OutputFolder.RealPath(output)))
                throw new IOException($"{output} and {input} lie in each other; name an output folder beside the input.");
        }

        string? over = options.WithAdapterFiles ? options.Adapter : null;
        ConvertedModel converted = ConvertedModel.Of(checkpoint, options.Weights, isEmbedder: options.Pooling is not null);
        IReadOnlyList<NewTensor> tensors = converted.Tensors;
        IReadOnlyList<(string Name, byte[] Content)> added = options.Pooling is { } pooling
            ? EmbedderFiles.Of(over ?? model, converted.Encoder, pooling, options.Normalize) : [];
        HashSet<string> files = [.. Files(model)];
        using OutputFolder folder = OutputFolder.Create(output, options.Force, [.. files, .. over is null ? [] : Files(over)]);
        List<string> leftOut = [];
        HashSet<string> own = over is null ? [] : [.. Files(over).Where(file =>
            !IsWeights(file) && file is not (AdapterConfig.FileName or Adapter.TorchWeightsName or "config.json" or Card))];
        foreach (string file in own) folder.Write(file, stream => Copy(over!, file, stream));
        foreach (string file in files.Where(file => !own.Contains(file)).Order(StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            bool isRead = checkpoint.Weights.Files.Contains(Path.Combine(model, file));
            if (IsWeights(file) && !isRead) leftOut.Add(file);
            else if (!isRead && file is not ("config.json" or Card) && added.All(written => written.Name != file.Replace('\\', '/')))
                folder.Write(file, stream => Copy(model, file, stream));
        }
        leftOut.RemoveAll(file => file is WeightFiles.IndexName or WeightFiles.TorchIndexName);
        foreach ((string name, byte[] content) in added) folder.Write(name, stream => stream.Write(content));
        folder.Write("config.json", stream => stream.Write(converted.Config));
        if (ModelCard(checkpoint, options.Weights) is { } card) folder.Write(Card, stream => stream.Write(card));
        long bytes = WriteWeights(folder, Shards(tensors, options.ShardBytes), progress, cancellation);
        cancellation.ThrowIfCancellationRequested();
        folder.Commit();
        HashSet<string> names = [.. tensors.Select(tensor => tensor.Name)];
        int quantized = tensors.Count(tensor => tensor.Type == TensorType.I8 && names.Contains(tensor.Name + Quantization.ScaleSuffix));
        int parts = tensors.Count(tensor => OfInt8(tensor.Name, Quantization.ScaleSuffix) || OfInt8(tensor.Name, Quantization.ZeroPointSuffix));
        return new(tensors.Count - parts, quantized, bytes, leftOut);

        bool OfInt8(string name, string suffix) => (options.Weights == WeightFormat.Int8 || checkpoint.IsQuantized)
            && name.EndsWith(suffix, StringComparison.Ordinal) && names.Contains(name[..^suffix.Length]);
    }

    /// <summary>The version of this library, without what names a build.</summary>
    public static string Version { get; } =
        typeof(Conversion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>In the order in which they stand, each shard as full as the limit lets it be.</summary>
    private static List<List<NewTensor>> Shards(IReadOnlyList<NewTensor> tensors, long? most)
    {
        List<List<NewTensor>> shards = [[]];
        long bytes = 0;
        foreach (NewTensor tensor in tensors)
        {
            if (shards[^1].Count > 0 && bytes + tensor.Bytes > (most ?? long.MaxValue))
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(tensor);
            bytes += tensor.Bytes;
        }
        return shards;
    }

    private static long WriteWeights(OutputFolder folder, List<List<NewTensor>> shards, Action<double>? progress, CancellationToken cancellation)
    {
        long written = 0, all = shards.Sum(shard => shard.Sum(tensor => tensor.Bytes)), bytes = 0;
        SortedDictionary<string, string> shardOf = new(StringComparer.Ordinal);
        for (int i = 0; i < shards.Count; i++)
        {
            string name = shards.Count == 1 ? WeightFiles.SingleName : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors");
            folder.Write(name, stream =>
            {
                SafetensorsWriter.Write(stream, shards[i].Select(Watched));
                bytes += stream.Position;
            });
            foreach (NewTensor tensor in shards[i]) shardOf.Add(tensor.Name, name);
        }
        if (shards.Count > 1) folder.Write(WeightFiles.IndexName, stream => WriteIndex(stream, shardOf, all));
        return bytes;

        NewTensor Watched(NewTensor tensor) => tensor with
        {
            Write = stream =>
            {
                cancellation.ThrowIfCancellationRequested();
                tensor.Write(stream);
                progress?.Invoke((double)(written += tensor.Bytes) / all);
            },
        };
    }

    private static void WriteIndex(Stream stream, SortedDictionary<string, string> shardOf, long bytes)
    {
        using Utf8JsonWriter json = new(stream, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", bytes);
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach ((string tensor, string shard) in shardOf) json.WriteString(tensor, shard);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The card that was there, byte for byte, and a section on what was done. Null: there was none, and nothing was done to the values.</summary>
    private static byte[]? ModelCard(Checkpoint checkpoint, WeightFormat? format)
    {
        string path = Path.Combine(checkpoint.Folder, Card);
        byte[]? before = File.Exists(path) ? FileFault.ReadSmall(path) : null;
        if (format is null && !checkpoint.IsAdapted) return before;
        string name = format?.ToString().ToLowerInvariant() ?? "they were";
        StringBuilder section = new(before is not { Length: > 0 } ? "" : before[^1] == '\n' ? "\n" : "\n\n");
        string how = format is null ? "" : $" --weights {name}";
        section.Append($"## Weights stored as {name}\n\n`model.safetensors` was written by `cloze convert{how}` (Cloze {Version}) from\n\n");
        foreach (string file in checkpoint.Weights.Files) section.Append($"- `{Path.GetFileName(file)}`, sha256 {Sha256(file)}\n");
        foreach (string file in checkpoint.AdapterFiles)
            section.Append($"- the LoRA adapter `{Path.GetFileName(file)}`, sha256 {Sha256(file)}, merged: W + s · B·A in float32\n");
        section.Append(format switch
        {
            WeightFormat.Int8 => Int8Section,
            WeightFormat.F32 => "\nEvery weight is stored as float32.",
            null => "\nEvery weight is stored in the type that it had.",
            _ => $"\nEvery weight is stored as {(format == WeightFormat.F16 ? "float16" : "bfloat16")}, rounded to nearest even.",
        });
        section.Append(" All files but the weights, `config.json` and this card are unchanged.\n");
        return [.. before ?? [], .. Encoding.UTF8.GetBytes(section.ToString())];
    }

    private static string Sha256(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return System.Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>All files of a folder, relative, in ordinal order; what version control and download tools keep for themselves is not the model's.</summary>
    /// <exception cref="CheckpointException">A folder in it is a link.</exception>
    private static IEnumerable<string> Files(string folder)
    {
        List<string> files = [];
        Walk(new(folder), "");
        return files.Order(StringComparer.Ordinal);

        void Walk(DirectoryInfo from, string prefix)
        {
            foreach (FileInfo file in from.EnumerateFiles()) files.Add(prefix + file.Name);
            foreach (DirectoryInfo inner in from.EnumerateDirectories())
            {
                if (prefix.Length == 0 && inner.Name is (".git" or ".cache")) continue;
                if (inner.LinkTarget is not null)
                    throw new CheckpointException($"{inner.FullName} is a link to a folder, which is not followed; put the folder itself there.");
                Walk(inner, Path.Combine(prefix, inner.Name) + Path.DirectorySeparatorChar);
            }
        }
    }

    /// <summary>The weights, their index, or the same weights in another format, by the names that the reference saves them under; other tensors are none of them.</summary>
    private static bool IsWeights(string file)
    {
        if (s_weightExtensions.Contains(Path.GetExtension(file)) || file == Adapter.WeightsName) return true;
        return Path.GetFileName(file) == file && (Is("model", ".safetensors") || Is("pytorch_model", ".bin"));

        // name.bin, name.fp16.bin, name-00001-of-00002.bin and their indexes
        bool Is(string name, string extension) => (file.StartsWith($"{name}.", StringComparison.Ordinal) || file.StartsWith($"{name}-", StringComparison.Ordinal))
            && (file.EndsWith(extension, StringComparison.Ordinal) || file.EndsWith(extension + ".index.json", StringComparison.Ordinal));
    }

    /// <exception cref="CheckpointException">It leads out of the folder, or is no file with an end.</exception>
    private static void Copy(string folder, string file, Stream to)
    {
        string from = Path.Combine(folder, file);
        if (!FolderBounds.Hold(folder, from))
            throw new CheckpointException($"{from} is a link that leaves the folder, and is not copied; put the file itself there.");
        FileInfo behind = WholeFile.Behind(from);
        if (WholeFile.IsPipeOrDevice(behind)) throw new CheckpointException($"{from} is a pipe or a device, and cannot be copied; take it out of the folder.");
        if (behind is { Exists: true, Length: 0 }) return;
        using FileStream stream = new(from, FileMode.Open, FileAccess.Read, FileShare.Read);
        stream.CopyTo(to);
    }

    private static bool Overlap(string a, string b) => IsWithin(a, b) || IsWithin(b, a);

    private static bool IsWithin(string inner, string outer) =>
        inner == outer || inner.StartsWith(outer + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
