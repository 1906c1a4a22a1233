using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>What a conversion wrote.</summary>
/// <param name="Tensors">In the new file, scales not counted.</param>
/// <param name="Quantized">Of these, as int8.</param>
/// <param name="Bytes">Of the new weights file.</param>
/// <param name="LeftOut">Files that were not copied: the same weights in other formats.</param>
public sealed record ConversionResult(int Tensors, int Quantized, long Bytes, IReadOnlyList<string> LeftOut);

/// <summary>Writes a checkpoint folder again with its weights in another format.</summary>
/// <remarks>
/// The same input gives the same bytes. The weights become one <c>model.safetensors</c>; config.json says their format; the model card says what was done,
/// from which files and by which version; every other file is copied byte for byte, but not the same weights in another format.
/// </remarks>
public static class Conversion
{
    private const string Card = "README.md";
    private const int LargestExact = 1 << 24;

    private const string Int8Section = "\nThe weight of every linear layer and every embedding, [rows, columns], is stored as 8-bit integers q "
        + "with one float32 scale a row: scale = max|row| / 127\n(1 for a row of zeros), q = x / scale rounded half to even, value = q · scale. "
        + "Everything else is float32. `config.json` says so in\n`quantization_config` (the layout of compressed-tensors, which transformers reads too).";
    private static readonly string[] s_weightExtensions = [".h5", ".msgpack", ".ot", ".onnx", ".onnx_data", ".gguf"];

    /// <param name="model">The folder to read.</param>
    /// <param name="output">The folder to write: appears whole or not at all.</param>
    /// <param name="force">Replace a checkpoint folder that is there.</param>
    /// <param name="progress">Told the share that is done, 0 … 1.</param>
    /// <exception cref="CheckpointException">The folder cannot be read as a model, or a weight does not fit the format.</exception>
    /// <exception cref="IOException">The output cannot be written, or exists.</exception>
    public static ConversionResult Convert(
        string model, string output, WeightFormat format, bool force = false, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using Checkpoint checkpoint = Checkpoint.Open(model);
        if (format == WeightFormat.Int8 && checkpoint.IsQuantized) throw new CheckpointException($"{model} is stored as int8 already.");
        if (Overlap(OutputFolder.RealPath(model), OutputFolder.RealPath(output)))
            throw new IOException($"{output} and {model} lie in each other; name an output folder beside the input.");

        List<NewTensor> tensors = Encode(checkpoint, model, format);
        using OutputFolder folder = OutputFolder.Create(output, force);
        List<string> leftOut = [];
        foreach (string file in Files(model))
        {
            cancellation.ThrowIfCancellationRequested();
            if (IsWeights(file)) leftOut.Add(file);
            else if (file is not ("config.json" or Card)) folder.Write(file, stream => Copy(Path.Combine(model, file), stream));
        }
        leftOut.RemoveAll(file => file == WeightFiles.IndexName || checkpoint.Weights.Files.Contains(Path.Combine(model, file)));
        folder.Write("config.json", stream => stream.Write(ConfigRewriter.For(format, FileFault.ReadSmall(Path.Combine(model, "config.json")))));
        folder.Write(Card, stream => stream.Write(ModelCard(Path.Combine(model, Card), format, checkpoint.Weights.Files)));
        long bytes = WriteWeights(folder, tensors, progress, cancellation);
        cancellation.ThrowIfCancellationRequested();
        folder.Commit();
        int quantized = tensors.Count(tensor => tensor.Type == TensorType.I8 && format == WeightFormat.Int8);
        return new(tensors.Count - quantized, quantized, bytes, leftOut);
    }

    /// <summary>The version of this library, without what names a build.</summary>
    public static string Version { get; } =
        typeof(Conversion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>Every stored tensor in its new form. A Linear or an Embedding is what the model of the folder's class uses as matrix or table.</summary>
    private static List<NewTensor> Encode(Checkpoint checkpoint, string model, WeightFormat format)
    {
        ModelTask task = File.Exists(Path.Combine(model, "modules.json")) ? ModelTask.Base : ModelRegistry.TaskOf(checkpoint.Config, checkpoint.Architecture);
        object settings = checkpoint.Architecture.Configure(checkpoint.Config, checkpoint);
        LoadReport report = LoadReport.Of(checkpoint, settings, task, TaskConfig.Read(checkpoint.Config, task).Labels.Count);
        report.ThrowIfFaulty();
        Dictionary<string, (WeightRole Role, StoredTensor Tensor)> roles = [];
        foreach ((TensorRequest request, StoredTensor stored) in report.Read)
        {
            roles[stored.Name] = (request.Role, stored);
            if (checkpoint.FindTied(request) is { } tied) roles.TryAdd(tied.Name, (request.Role, tied)); // stored twice: the same values again
        }
        List<NewTensor> tensors = [];
        foreach (FileTensor stored in checkpoint.Weights.Tensors.Values)
        {
            if (checkpoint.IsPartOfInt8(stored)) continue;
            if (roles.TryGetValue(stored.Name, out (WeightRole Role, StoredTensor Tensor) read))
            {
                bool isInt8 = format == WeightFormat.Int8 && read.Role is (WeightRole.Matrix or WeightRole.Table);
                if (isInt8) tensors.AddRange(WeightEncoder.Int8(stored.Name, read.Tensor));
                else tensors.Add(WeightEncoder.Float(stored.Name, read.Tensor, format));
                continue;
            }
            StoredTensor unread = checkpoint.Raw(stored);
            bool isWhole = ReferenceEquals(unread.Values, stored) && !TensorTypes.IsFloat(stored.Type); // a buffer of positions
            if (isWhole && format != WeightFormat.Int8) tensors.Add(new(stored.Name, stored.Type, stored.Shape, stored.CopyTo));
            else if (isWhole && Array.Exists(stored.ReadIntegers(), value => Math.Abs((long)value) > LargestExact))
                throw new CheckpointException($"{stored.Path}: {stored} holds whole numbers above {LargestExact}, which float32 cannot; take it out.");
            else tensors.Add(WeightEncoder.Float(stored.Name, unread, format));
        }
        return tensors;
    }

    private static long WriteWeights(OutputFolder folder, List<NewTensor> tensors, Action<double>? progress, CancellationToken cancellation)
    {
        long written = 0, all = tensors.Sum(tensor => tensor.Bytes);
        IEnumerable<NewTensor> watched = tensors.Select(tensor => tensor with
        {
            Write = stream =>
            {
                cancellation.ThrowIfCancellationRequested();
                tensor.Write(stream);
                progress?.Invoke((double)(written += tensor.Bytes) / all);
            },
        });
        long bytes = 0;
        folder.Write(WeightFiles.SingleName, stream =>
        {
            SafetensorsWriter.Write(stream, watched);
            bytes = stream.Position;
        });
        return bytes;
    }

    /// <summary>The card that was there, byte for byte, and a section on what was done.</summary>
    private static byte[] ModelCard(string path, WeightFormat format, IEnumerable<string> weights)
    {
        byte[] before = File.Exists(path) ? FileFault.ReadSmall(path) : [];
        string name = format.ToString().ToLowerInvariant();
        StringBuilder section = new(before.Length == 0 ? "" : before[^1] == '\n' ? "\n" : "\n\n");
        section.Append($"## Weights stored as {name}\n\n`model.safetensors` was written by `cloze convert --weights {name}` (Cloze {Version}) from\n\n");
        foreach (string file in weights) section.Append($"- `{Path.GetFileName(file)}`, sha256 {Sha256(file)}\n");
        section.Append(format switch
        {
            WeightFormat.Int8 => Int8Section,
            WeightFormat.F32 => "\nEvery weight is stored as float32.",
            _ => $"\nEvery weight is stored as {(format == WeightFormat.F16 ? "float16" : "bfloat16")}, rounded to nearest even.",
        });
        section.Append(" All files but the weights, `config.json` and this card are unchanged.\n");
        return [.. before, .. Encoding.UTF8.GetBytes(section.ToString())];
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

    /// <summary>The weights, their index, or the same weights in another format.</summary>
    private static bool IsWeights(string file)
    {
        if (s_weightExtensions.Contains(Path.GetExtension(file))) return true;
        return Path.GetFileName(file) == file && (Ends(".safetensors") || Ends(".safetensors.index.json")
            || file.StartsWith("pytorch_model", StringComparison.Ordinal) && (Ends(".bin") || Ends(".bin.index.json")));

        bool Ends(string extension) => file.EndsWith(extension, StringComparison.Ordinal);
    }

    private static void Copy(string from, Stream to)
    {
        using FileStream stream = new(from, FileMode.Open, FileAccess.Read, FileShare.Read);
        stream.CopyTo(to);
    }

    private static bool Overlap(string a, string b) => IsWithin(a, b) || IsWithin(b, a);

    private static bool IsWithin(string inner, string outer) =>
        inner == outer || inner.StartsWith(outer + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
