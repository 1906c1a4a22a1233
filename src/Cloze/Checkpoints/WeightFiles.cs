namespace Cloze.Checkpoints;

/// <summary>
/// All tensors of a folder's weights: <c>model.safetensors</c>, else the shards that <c>model.safetensors.index.json</c> lists, else <c>pytorch_model.bin</c>,
/// else the shards of <c>pytorch_model.bin.index.json</c>.
/// </summary>
/// <remarks>Whoever opens it disposes it. Safe for concurrent use.</remarks>
public sealed class WeightFiles : IDisposable
{
    public const string SingleName = "model.safetensors", IndexName = "model.safetensors.index.json";
    internal const string TorchName = "pytorch_model.bin", TorchIndexName = "pytorch_model.bin.index.json";
    /// <summary>In the order in which they are preferred, as in the reference.</summary>
    internal static readonly string[] Names = [SingleName, IndexName, TorchName, TorchIndexName];
    private static readonly string[] s_otherFormats = ["tf_model.h5", "flax_model.msgpack", "rust_model.ot", Adapter.WeightsName];

    private readonly Dictionary<string, FileTensor> _tensors = [];
    private readonly List<IWeightsFile> _files = [];

    private WeightFiles(string path) => Path = path;

    /// <summary>The file that names all tensors, for messages: the weights themselves or the index.</summary>
    public string Path { get; }

    /// <summary>By name as stored, in the files' order.</summary>
    public IReadOnlyDictionary<string, FileTensor> Tensors => _tensors;

    /// <summary>The files that hold values, in ordinal order.</summary>
    public IEnumerable<string> Files => _files.Select(file => file.Path);

    /// <summary>Whether a folder has weights that can be tried.</summary>
    public static bool Exist(string folder) => Array.Exists(Names, name => File.Exists(System.IO.Path.Combine(folder, name)));

    /// <summary>The single file wins over an index, and safetensors over .bin, as in the reference.</summary>
    /// <exception cref="CheckpointException">There are no weights that can be read, a file is broken, or index and shards contradict each other.</exception>
    public static WeightFiles Open(string folder)
    {
        string? found = Names.FirstOrDefault(name => System.IO.Path.Combine(folder, name) is var path && (File.Exists(path) || Directory.Exists(path)));
        if (found is null) throw Missing(folder);
        string path = System.IO.Path.Combine(folder, found);
        return IsIndex(found) ? OpenShards(folder, path) : OpenFile(path);
    }

    /// <summary>One file of any name: of torch.save if it ends in .bin, .pt, .pth or .ckpt, else safetensors.</summary>
    /// <exception cref="CheckpointException">It is not there, not readable, or breaks a rule of the format.</exception>
    public static WeightFiles OpenFile(string path)
    {
        WeightFiles weights = new(path);
        IWeightsFile file = OpenAny(path);
        weights._files.Add(file);
        foreach ((string name, FileTensor tensor) in file.Tensors) weights._tensors.Add(name, tensor);
        return weights;
    }

    private static IWeightsFile OpenAny(string path) => TorchFile.IsNamedSo(path) ? TorchFile.Open(path) : Safetensors.Open(path);

    /// <summary>Keeps all files mapped until the result is disposed: for a call that uses values in place.</summary>
    /// <exception cref="ObjectDisposedException">The weights are closed.</exception>
    public IDisposable Hold() => HeldFiles.Of(_files, static file => file.Hold());

    public void Dispose()
    {
        foreach (IWeightsFile file in _files) file.Dispose();
    }

    private static CheckpointException Missing(string folder)
    {
        if (!Directory.Exists(folder)) return new($"{folder} {(File.Exists(folder) ? "is a file; a checkpoint folder is needed" : "does not exist")}.");
        string? other = s_otherFormats.FirstOrDefault(name => File.Exists(System.IO.Path.Combine(folder, name)));
        return new(other switch
        {
            null => $"{folder} has no weights: none of {string.Join(", ", Names)} is there.",
            Adapter.WeightsName => $"{folder} holds an adapter only ({other}); give the folder of its base model as --model, and this one as --adapter.",
            _ => $"{folder} has its weights as {other} only, which is not supported: save them as {SingleName} (transformers: model.save_pretrained).",
        });
    }

    private static WeightFiles OpenShards(string folder, string index)
    {
        Dictionary<string, string> shardOf = ShardIndex.Read(index);
        WeightFiles weights = new(index);
        try
        {
            foreach (string shard in shardOf.Values.Distinct().Order(StringComparer.Ordinal))
            {
                string path = System.IO.Path.Combine(folder, shard);
                if (!File.Exists(path)) throw new CheckpointException($"{index} names {FileFault.Shown(shard)}, which is not in the folder. Get it, too.");
                if (!FolderBounds.Hold(folder, path))
                    throw new CheckpointException(
                        $"{index} names {FileFault.Shown(shard)}, a link that leaves the folder and is not followed; put the file itself there.");
                IWeightsFile file = OpenAny(path);
                weights._files.Add(file);
                foreach ((string name, FileTensor tensor) in file.Tensors)
                {
                    if (!weights._tensors.TryAdd(name, tensor))
                        throw Contradiction($"{FileFault.Shown(name)} stands in {weights._tensors[name].Path} and again in {path}");
                    string listed = shardOf.GetValueOrDefault(name, "nothing");
                    if (listed != shard) throw Contradiction($"{FileFault.Shown(name)} stands in {path}, the index says {FileFault.Shown(listed)}");
                }
            }
            if (shardOf.Keys.FirstOrDefault(name => !weights._tensors.ContainsKey(name)) is { } absent)
                throw Contradiction($"{FileFault.Shown(absent)} is not in {FileFault.Shown(shardOf[absent])}, as the index says");
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }

        CheckpointException Contradiction(string what) => new($"{index}: {what}. Index and shards do not belong together; copy or download them again.");
    }

    internal static bool IsIndex(string name) => name is IndexName or TorchIndexName;
}
