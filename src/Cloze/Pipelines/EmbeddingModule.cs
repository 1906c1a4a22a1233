using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>What a module after pooling is; exactly one of the nested records.</summary>
internal abstract record EmbeddingModuleSettings
{
    private EmbeddingModuleSettings() { }

    /// <summary>activation(W·x + b) [+ x, or R·x].</summary>
    public sealed record Dense(string Folder, int Inputs, int Outputs, bool Bias, Activation Activation, bool Residual) : EmbeddingModuleSettings;

    public sealed record LayerNorm(string Folder, int Width) : EmbeddingModuleSettings;

    /// <summary>x / max(‖x‖, 1e-12).</summary>
    public sealed record Normalize : EmbeddingModuleSettings;

    /// <summary>Null: it does nothing in inference (Dropout).</summary>
    /// <exception cref="CheckpointException">The module, or one of its settings, is not supported.</exception>
    public static EmbeddingModuleSettings? Read(ModuleEntry module) => module.Kind switch
    {
        "Dense" => ReadDense(module.Folder),
        "LayerNorm" => new LayerNorm(module.Folder, Config(module.Folder).Int32("dimension")),
        "Normalize" => new Normalize(),
        "Dropout" => null,
        _ => throw module.Refused("after pooling, Dense, LayerNorm, Dropout and Normalize are"),
    };

    private static Dense ReadDense(string folder)
    {
        ConfigFields config = Config(folder);
        foreach (string end in (string[])["module_input_name", "module_output_name"])
            if (config.Text(end) is { } tensor and not "sentence_embedding") throw config.Unsupported(end, tensor, "sentence_embedding");
        string activation = config.Text("activation_function") ?? "torch.nn.modules.activation.Tanh";
        return new(folder, config.Int32("in_features"), config.Int32("out_features"), config.Flag("bias", true), activation switch
        {
            "torch.nn.modules.linear.Identity" => Activation.Linear,
            "torch.nn.modules.activation.Tanh" => Activation.Tanh,
            "torch.nn.modules.activation.ReLU" => Activation.Relu,
            "torch.nn.modules.activation.GELU" => Activation.Gelu,
            "torch.nn.modules.activation.SiLU" => Activation.Silu,
            "torch.nn.modules.activation.Sigmoid" => Activation.Sigmoid,
            "torch.nn.modules.activation.Mish" => Activation.Mish,
            _ => throw config.Unsupported("activation_function", activation, "Identity, Tanh, ReLU, GELU, SiLU, Sigmoid and Mish of torch.nn.modules"),
        }, config.Flag("use_residual", false));
    }

    private static ConfigFields Config(string folder) => SentenceTransformerFolder.Json(Path.Combine(folder, "config.json"));
}

/// <summary>A loaded module after pooling: [B,inputs] → [B,outputs].</summary>
internal sealed class EmbeddingModule
{
    private readonly Func<CpuOps, CpuTensor, CpuTensor> _forward;

    private EmbeddingModule(int outputs, Func<CpuOps, CpuTensor, CpuTensor> forward) => (Outputs, _forward) = (outputs, forward);

    public int Outputs { get; }

    public CpuTensor Forward(CpuOps ops, CpuTensor x) => _forward(ops, x);

    /// <exception cref="CheckpointException">Its weights are missing or do not fit.</exception>
    public static EmbeddingModule Load(EmbeddingModuleSettings settings, int inputs, CpuRuntime runtime)
    {
        switch (settings)
        {
            case EmbeddingModuleSettings.Dense dense:
                {
                    Fits(dense.Folder, "in_features", dense.Inputs, inputs);
                    Weights<CpuTensor> weights = Open(dense.Folder, runtime);
                    LinearWeights<CpuTensor> linear = weights.Linear("linear", dense.Outputs, dense.Inputs, dense.Bias);
                    bool isProjected = dense.Residual && dense.Inputs != dense.Outputs;
                    LinearWeights<CpuTensor>? residual = isProjected ? weights.Linear("residual", dense.Outputs, dense.Inputs, bias: false) : null;
                    weights.ThrowIfFaulty(dense.Folder);
                    return new(dense.Outputs, (ops, x) =>
                        ops.Linear(x, linear, dense.Activation, residual: residual is { } projection ? ops.Linear(x, projection) : dense.Residual ? x : null));
                }
            case EmbeddingModuleSettings.LayerNorm norm:
                {
                    Fits(norm.Folder, "dimension", norm.Width, inputs);
                    Weights<CpuTensor> weights = Open(norm.Folder, runtime);
                    NormWeights<CpuTensor> norms = weights.Norm("norm", norm.Width, epsilon: 1e-5);
                    weights.ThrowIfFaulty(norm.Folder);
                    return new(norm.Width, (ops, x) => ops.LayerNorm(x, norms));
                }
            default:
                return new(inputs, static (ops, x) => ops.Normalize(x));
        }
    }

    /// <summary>The weights of a module, copied: its file is closed again.</summary>
    private static Weights<CpuTensor> Open(string folder, CpuRuntime runtime)
    {
        using WeightFiles file = WeightFiles.Open(folder);
        Dictionary<string, StoredTensor> tensors = [];
        foreach (FileTensor tensor in file.Tensors.Values)
        {
            float[] values = tensor.ReadFloats();
            tensors.Add(tensor.Name, new(tensor.Name, tensor.Shape, () => values));
        }
        return new(new Tensors(tensors), new CpuWeights(runtime));
    }

    private sealed class Tensors(Dictionary<string, StoredTensor> byName) : ITensorSource
    {
        public StoredTensor? Find(TensorRequest request) => byName.GetValueOrDefault(request.Name);
    }

    private static void Fits(string folder, string field, int found, int inputs)
    {
        if (found != inputs)
            throw new CheckpointException($"{Path.Combine(folder, "config.json")}: {field} is {found}; the vectors that reach it have {inputs} numbers.");
    }
}
