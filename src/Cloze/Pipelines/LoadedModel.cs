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

    private readonly Checkpoint _file;

    private LoadedModel(Checkpoint file, EncoderModel<CpuTensor> model, Pooler<CpuTensor>? pooler, TaskConfig about) =>
        (_file, Model, Pooler, About) = (file, model, pooler, about);

    public IArchitecture Architecture => _file.Architecture;
    public EncoderModel<CpuTensor> Model { get; }
    /// <summary>The model's own pooler, whatever the task; null where the file holds none.</summary>
    public Pooler<CpuTensor>? Pooler { get; }
    /// <summary>Names of the classes and the kind of problem.</summary>
    public TaskConfig About { get; }

    /// <param name="folder">config.json and the weights.</param>
    /// <exception cref="CheckpointException">The folder cannot be read as a model for that task.</exception>
    public static LoadedModel Load(string folder, ModelTask task = ModelTask.Base)
    {
        Checkpoint file = Checkpoint.Open(folder);
        try
        {
            object settings = file.Architecture.Configure(file.Config, file);
            TaskConfig about = TaskConfig.Read(file.Config);
            LoadReport.Of(file, settings, task, about.Labels.Count).ThrowIfFaulty();
            Weights<CpuTensor> weights = new(file, new CpuWeights());
            return new(file, file.Architecture.Build(settings, task, about.Labels.Count, weights), file.Architecture.BuildPooler(settings, weights), about);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>For one call; not to be shared between threads.</summary>
    public CpuOps NewCall() => new(_derived);

    public void Dispose() => _file.Dispose();
}
