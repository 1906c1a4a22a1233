using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>A checkpoint folder loaded for inference on the CPU: its model, its head, and what they share between calls.</summary>
/// <remarks>Immutable and shared between threads; each call takes an ops object of its own from <see cref="NewCall"/>. Owns the mapped files: dispose it last.</remarks>
public sealed class LoadedModel : IDisposable
{
    private readonly CpuDerived _derived = new();

    private LoadedModel(IArchitecture architecture, EncoderModel<CpuTensor> model, Pooler<CpuTensor>? pooler, TaskConfig about) =>
        (Architecture, Model, Pooler, About) = (architecture, model, pooler, about);

    public IArchitecture Architecture { get; }
    public EncoderModel<CpuTensor> Model { get; }
    /// <summary>The model's own pooler, whatever the task; null where the file holds none.</summary>
    public Pooler<CpuTensor>? Pooler { get; }
    /// <summary>Names of the classes and the kind of problem.</summary>
    public TaskConfig About { get; }

    /// <param name="folder">config.json and the weights.</param>
    /// <exception cref="CheckpointException">The folder cannot be read as a model for that task.</exception>
    public static LoadedModel Load(string folder, ModelTask task = ModelTask.Base)
    {
        string configPath = Path.Combine(folder, "config.json"), weightsPath = Path.Combine(folder, "model.safetensors");
        ConfigFields config = ConfigFields.Parse(File.ReadAllBytes(configPath), configPath);
        Safetensors tensors = Safetensors.Read(weightsPath);
        IArchitecture architecture = ModelRegistry.Find(config, [.. tensors.Tensors.Keys]);
        Checkpoint file = new(tensors, architecture.Names);
        object settings = architecture.Configure(config, file);
        TaskConfig about = TaskConfig.Read(config);
        ModelRegistry.Check(architecture, settings, task, about.Labels.Count, file, weightsPath);
        Weights<CpuTensor> weights = new(file, new CpuWeights());
        return new(architecture, architecture.Build(settings, task, about.Labels.Count, weights), architecture.BuildPooler(settings, weights), about);
    }

    /// <summary>For one call; not to be shared between threads.</summary>
    public CpuOps NewCall() => new(_derived);

    public void Dispose() { }
}
