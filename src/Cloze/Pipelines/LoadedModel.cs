using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>A checkpoint folder loaded for inference on the CPU: its model, its head, and what they share between calls.</summary>
/// <remarks>Immutable and shared between threads; each call takes an ops object of its own from <see cref="NewCall"/>. Owns the mapped files: dispose it last.</remarks>
public sealed class LoadedModel : IDisposable
{
    private readonly CpuDerived _derived = new();

    private LoadedModel(IArchitecture architecture, EncoderModel<CpuTensor> model) => (Architecture, Model) = (architecture, model);

    public IArchitecture Architecture { get; }
    public EncoderModel<CpuTensor> Model { get; }

    /// <param name="folder">config.json and the weights.</param>
    /// <exception cref="CheckpointException">The folder cannot be read as a model for that task.</exception>
    public static LoadedModel Load(string folder, ModelTask task = ModelTask.Base)
    {
        string configPath = Path.Combine(folder, "config.json");
        ConfigFields config = ConfigFields.Parse(File.ReadAllBytes(configPath), configPath);
        IArchitecture architecture = ModelRegistry.Find(config);
        Checkpoint file = new(Safetensors.Read(Path.Combine(folder, "model.safetensors")), architecture.Names);
        Weights<CpuTensor> weights = new(file, new CpuWeights());
        EncoderModel<CpuTensor> model = architecture.Build(architecture.Configure(config, file), task, labels: 2, weights);
        weights.ThrowIfFaulty();
        return new(architecture, model);
    }

    /// <summary>For one call; not to be shared between threads.</summary>
    public CpuOps NewCall() => new(_derived);

    public void Dispose() { }
}
