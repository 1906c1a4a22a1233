using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>A LoRA adapter as PEFT saves it: what it adds to the weights of a base model, and what it has instead of them.</summary>
/// <remarks>
/// Hu et al. 2021, arXiv:2106.09685: W' = W + s · B·A. In files a module's name follows <c>base_model.model.</c>; an adapted layer's own bias is
/// <c>M.base_layer.bias</c>, and a module that was trained whole keeps its plain names (peft 0.21, utils/save_and_load.py). Its values are copied: the files are
/// closed again. Safe for concurrent use.
/// </remarks>
internal sealed class Adapter
{
    public const string WeightsName = "adapter_model.safetensors", TorchWeightsName = "adapter_model.bin";
    private const string Root = "base_model.model.";
    private const string A = ".lora_A.weight", B = ".lora_B.weight", BaseBias = ".base_layer.bias";
    private readonly AdapterConfig _config;
    private readonly Dictionary<string, LowRank> _modules = [];
    private readonly Dictionary<string, StoredTensor> _replaced = [];

    private Adapter(AdapterConfig config, string path) => (_config, Path) = (config, path);

    /// <summary>The file of its weights.</summary>
    public string Path { get; }

    /// <summary>Whether a folder is an adapter, and no model.</summary>
    public static bool IsAdapter(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, AdapterConfig.FileName)) && !File.Exists(System.IO.Path.Combine(folder, "config.json"));

    /// <exception cref="CheckpointException">It is broken, or of a form that is not read.</exception>
    public static Adapter Read(string folder) => Read(folder, AdapterConfig.Read(folder));

    /// <param name="config">That of the folder.</param>
    /// <exception cref="CheckpointException">It is broken.</exception>
    public static Adapter Read(string folder, AdapterConfig config)
    {
        string? path = ((string[])[WeightsName, TorchWeightsName]).Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is null) throw new CheckpointException($"{folder} has no {WeightsName}, the weights of an adapter as PEFT saves it. Get it, too.");
        Adapter adapter = new(config, path);
        using WeightFiles weights = WeightFiles.OpenFile(path);
        adapter.Take(weights);
        return adapter;
    }

    /// <summary>Checks that everything in the adapter has its place in the base model, and everything that it is said to adapt is in it.</summary>
    /// <exception cref="CheckpointException">A tensor has no place, or one is missing.</exception>
    public void Require(StoredNames stored, TensorNames names)
    {
        foreach ((string module, LowRank low) in _modules)
        {
            if (Find(stored, $"{module}.weight", names) is not { } weight) throw Misfit($"{FileFault.Shown(module)} is no module of the base model");
            if (!_config.IsTarget(module)) throw Fault($"{FileFault.Shown(module)} is adapted, but target_modules of {_config.Source} do not name it");
            if (!weight.Shape.SequenceEqual([low.Rows, low.Columns]))
                throw Misfit($"{FileFault.Shown(module)} is [{low.Rows},{low.Columns}]; in the base model it is {weight}");
        }
        foreach ((string name, StoredTensor tensor) in _replaced)
        {
            FileTensor? own = Find(stored, name, names);
            if (own is not null && !own.Shape.SequenceEqual(tensor.Dimensions)) throw Misfit($"{tensor} is {own} in the base model");
            if (own is null && !IsSaved(name)) throw Misfit($"{FileFault.Shown(name)} is no tensor of the base model");
        }
        HashSet<string> adapted = [.. _modules.Keys.Select(module => Short(module, names))];
        foreach (FileTensor tensor in stored.Tensors)
        {
            const string weight = ".weight";
            string name = stored.Plain(tensor);
            if (tensor.Shape.Count != 2 || !name.EndsWith(weight, StringComparison.Ordinal)) continue;
            string module = name[..^weight.Length];
            if (adapted.Contains(Short(module, names))) continue;
            bool isEmbedding = name.Contains("embeddings.", StringComparison.Ordinal);
            if (!isEmbedding && !_replaced.ContainsKey(name) && !IsSaved(name) && _config.IsTarget(module) && !_config.IsAllLinear)
                throw Fault($"{FileFault.Shown(module)} is named by target_modules of {_config.Source}, but its {A[1..]} and {B[1..]} are missing");
        }
        if (_modules.Count == 0) throw Fault("target_modules match nothing");
        RequireReplaced(stored, names, adapted);
    }

    /// <summary>Checks that what is to stand instead of the base model's own is there: modules_to_save, and biases.</summary>
    /// <exception cref="CheckpointException">A tensor is missing.</exception>
    private void RequireReplaced(StoredNames stored, TensorNames names, HashSet<string> adapted)
    {
        const string bias = ".bias", pooler = "pooler.";
        HashSet<string> replaced = [.. _replaced.Keys.Select(name => Short(name, names))];
        string[] all = [.. stored.Tensors.Select(stored.Plain)];
        bool isPrefixed = all.Any(name => Short(name, names) != name);
        foreach (string name in all)
        {
            string own = Short(name, names), module = own[..Math.Max(own.LastIndexOf('.'), 0)];
            if (replaced.Contains(own)) continue;
            if (adapted.Contains(module) ? own.EndsWith(bias, StringComparison.Ordinal) && _config.HasAdaptedBiases : IsSaved(name, _config.Saved) && IsPlain(own))
                throw Fault($"{FileFault.Shown(name)} is missing, though {_config.Source} says that it is stored ({(adapted.Contains(module) ? "bias" : "modules_to_save")})");
            // a base model may hold heads and a pooler that the adapted model has not
            bool isEncoder = (own != name || !isPrefixed) && !own.StartsWith(pooler, StringComparison.Ordinal);
            if (_config.HasAllBiases && isEncoder && own.EndsWith(bias, StringComparison.Ordinal))
                throw Fault($"{FileFault.Shown(name)} is missing, though {_config.Source} says that it is stored (bias)");
        }

        static bool IsPlain(string name) => name.EndsWith(".weight", StringComparison.Ordinal) || name.EndsWith(bias, StringComparison.Ordinal);
    }

    /// <summary>A tensor of the base model as the adapter makes it.</summary>
    /// <param name="name">As model files use it.</param>
    /// <param name="own">The base model's; null: it has none.</param>
    public StoredTensor? Apply(string name, StoredTensor? own, TensorNames names)
    {
        if ((_replaced.GetValueOrDefault(name) ?? _replaced.GetValueOrDefault(Short(name, names))) is { } replaced) return replaced;
        const string weight = ".weight";
        if (own is null || !name.EndsWith(weight, StringComparison.Ordinal)) return own;
        string module = name[..^weight.Length];
        return (_modules.GetValueOrDefault(module) ?? _modules.GetValueOrDefault(Short(module, names))) is { } low
            ? new(own.Name, own.Dimensions, new LowRankValues(own.Values, low)) : own;
    }

    private void Take(WeightFiles weights)
    {
        foreach (FileTensor tensor in weights.Tensors.Values)
        {
            if (!tensor.Name.StartsWith(Root, StringComparison.Ordinal)) throw Fault($"{tensor} has no place: its name does not begin with {Root}");
            string name = tensor.Name[Root.Length..];
            if (name.EndsWith(A, StringComparison.Ordinal)) AddModule(name[..^A.Length], weights, tensor);
            else if (name.EndsWith(B, StringComparison.Ordinal))
            {
                if (!weights.Tensors.ContainsKey($"{Root}{name[..^B.Length]}{A}")) throw Fault($"{FileFault.Shown(name[..^B.Length])} has {B[1..]}, but no {A[1..]}");
            }
            else if (name.Contains(".lora_", StringComparison.Ordinal)) throw Fault($"{tensor} is of a form of LoRA that is not read; {A[1..]} and {B[1..]} are");
            else if (name.EndsWith(BaseBias, StringComparison.Ordinal)) Replace($"{name[..^BaseBias.Length]}.bias", tensor);
            else if (!name.Contains(".original_module.", StringComparison.Ordinal)) // the base model's, saved again
            {
                string plain = name.Replace(".modules_to_save.", ".", StringComparison.Ordinal);
                if (plain == name || !weights.Tensors.ContainsKey(Root + plain)) Replace(plain, tensor); // else the same again
            }
        }
    }

    private void Replace(string name, FileTensor tensor)
    {
        float[] values = tensor.ReadFloats();
        if (!_replaced.TryAdd(name, new(name, tensor.Shape, () => values))) throw Fault($"{FileFault.Shown(name)} is stored twice");
    }

    private void AddModule(string module, WeightFiles weights, FileTensor a)
    {
        if (weights.Tensors.GetValueOrDefault($"{Root}{module}{B}") is not { } b) throw Fault($"{FileFault.Shown(module)} has {A[1..]}, but no {B[1..]}");
        int rank = _config.Rank(module);
        if (a.Shape is not [var rankOfA, var columns] || b.Shape is not [var rows, var rankOfB] || rankOfA != rank || rankOfB != rank)
            throw Fault($"{FileFault.Shown(module)} has {A[1..]} {FileFault.Shown(a.Shape)} and {B[1..]} {FileFault.Shown(b.Shape)}; rank {rank} is needed");
        if (a.Elements > int.MaxValue || b.Elements > int.MaxValue)
            throw Fault($"{FileFault.Shown(module)} has more than {int.MaxValue} elements, which is not supported");
        _modules.Add(module, new((int)rows, (int)columns, rank, _config.Scale(module), a.ReadFloats(), b.ReadFloats()));
    }

    /// <summary>Whether a tensor is of a module that is stored whole: by modules_to_save, and a classifier's always.</summary>
    private bool IsSaved(string name) => IsSaved(name, _config.Saved.Append("classifier"));

    private static bool IsSaved(string name, IEnumerable<string> modules) => modules.Any(saved =>
        name.StartsWith($"{saved}.", StringComparison.Ordinal) || name.Contains($".{saved}.", StringComparison.Ordinal));

    /// <summary>A tensor of the base model; an adapter of a bare encoder has not the encoder's prefix.</summary>
    private static FileTensor? Find(StoredNames stored, string name, TensorNames names) =>
        stored.Find(name) ?? (names.Prefixes is [var prefix, ..] ? stored.Find($"{prefix}.{name}") : null);

    private static string Short(string name, TensorNames names) =>
        names.Prefixes is [var prefix, ..] && name.StartsWith($"{prefix}.", StringComparison.Ordinal) ? name[(prefix.Length + 1)..] : name;

    private CheckpointException Fault(string what) =>
        new($"{Path}: {what}. It is broken, or of a form that is not read: save it again by PEFT, or merge it there (merge_and_unload).");

    private CheckpointException Misfit(string what) =>
        new($"{Path}: {what}. Give the base model that it was trained on{(_config.BaseModel is { Length: > 0 } named ? $" ({FileFault.Shown(named)})" : "")}.");
}
