using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>A checkpoint folder loaded for inference on the CPU: its model, its head, and what they share between calls.</summary>
/// <remarks>
/// Immutable and shared between threads; each call takes an ops object of its own from <see cref="NewCall"/>. It owns the mapped files, packed
/// weights and threads. <see cref="Dispose"/> may come while calls run: what they use ends with the last of them, when its ops object is disposed.
/// </remarks>
public sealed class LoadedModel : IDisposable
{
    private readonly Checkpoint _file;
    private readonly LoadReport _report;
    private readonly Lifetime _lifetime;

    private LoadedModel(Checkpoint file, LoadReport report, CpuRuntime runtime, EncoderModel<CpuTensor> model, Pooler<CpuTensor>? pooler, TaskConfig about)
    {
        (_file, _report, Runtime, LoadedTask, Model, Pooler, TaskConfig) = (file, report, runtime, report.Schema.Task, model, pooler, about);
        _lifetime = new(this, () =>
        {
            runtime.Dispose();
            file.Dispose();
        });
    }

    public IArchitecture Architecture => _file.Architecture;
    public EncoderModel<CpuTensor> Model { get; }
    /// <summary>The model's own pooler, whatever the task; null where the file holds none.</summary>
    public Pooler<CpuTensor>? Pooler { get; }
    /// <summary>Names of the classes and the kind of problem.</summary>
    public TaskConfig TaskConfig { get; }
    internal CpuRuntime Runtime { get; }

    /// <summary>What stands on the encoder.</summary>
    public ModelTask LoadedTask { get; }

    /// <summary>Tensors of the encoder itself that the file holds and the model does not read, as a layer beyond num_hidden_layers.</summary>
    public IEnumerable<FileTensor> UnreadOfEncoder => _report.UnexpectedOfEncoder;

    /// <summary>Keys of config.json that nobody reads, in the file's order.</summary>
    public IEnumerable<string> UnreadKeys => _file.Config.Unread;

    /// <param name="folder">config.json and the weights, or an adapter that names such a folder.</param>
    /// <param name="task">Null: the first of <c>architectures</c> in config.json tells, else the tensors that are there.</param>
    /// <param name="threads">Threads that one operation may use; null: the environment variable CLOZE_THREADS, else the number of cores.</param>
    /// <param name="adapter">A LoRA adapter as PEFT saves it, on top of the folder's weights; null: none.</param>
    /// <exception cref="CheckpointException">The folder cannot be read as a model for that task.</exception>
    /// <exception cref="ArgumentException">The number of threads, or CLOZE_THREADS, is not from 1 to 1024.</exception>
    public static LoadedModel Load(string folder, ModelTask? task = ModelTask.Base, int? threads = null, string? adapter = null) =>
        Load(folder, task, threads, adapter, decodes: false);

    /// <summary>For masked words, predicted as the network was pretrained to.</summary>
    /// <remarks>The reference's classes of DeBERTa leave its mask decoder out; here it is used whatever class config.json names, if the file holds its tensors.</remarks>
    /// <exception cref="CheckpointException">The folder cannot be read as a model for that task.</exception>
    internal static LoadedModel LoadForGaps(string folder, int? threads, string? adapter) => Load(folder, ModelTask.MaskedLm, threads, adapter, decodes: true);

    private static LoadedModel Load(string folder, ModelTask? task, int? threads, string? adapter, bool decodes)
    {
        WarmUp.Start();   // kernels are compiled while files are read
        Checkpoint file = Checkpoint.Open(folder, adapter: adapter);
        CpuRuntime? runtime = null;
        try
        {
            runtime = new(threads);
            object settings = file.Architecture.Configure(file.Config, file);
            if (decodes && file.Architecture.Configure(file.Config.Without("architectures"), file) is IMaskDecoding { UsesMaskDecoder: true } original)
                settings = original;
            ModelTask chosen = task ?? StoredTask.Of(file, settings);
            ModelRegistry.Require(chosen, file.Architecture, file.Config.Source);
            TaskConfig about = Heads.TaskConfig.Read(file.Config, chosen);
            LoadReport report = LoadReport.Of(file, settings, chosen, about.Labels.Count);
            report.ThrowIfFaulty();
            Weights<CpuTensor> weights = new(file, new CpuWeights(runtime));
            EncoderModel<CpuTensor> model = file.Architecture.Build(settings, chosen, about.Labels.Count, weights);
            return new(file, report, runtime, model, file.Architecture.BuildPooler(settings, weights), about);
        }
        catch
        {
            runtime?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>For one call; not to be shared between threads. It keeps all that the call uses until it is disposed, even if the model is before.</summary>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public CpuOps NewCall() => new(Runtime, Hold());

    /// <summary>For a part of a call that holds the model itself (<see cref="Hold"/>), and goes on when the model is disposed.</summary>
    /// <param name="alone">On the caller's thread only.</param>
    internal CpuOps NewHeldCall(bool alone) => new(alone ? Runtime.Alone : Runtime);

    /// <summary>Keeps all that calls use until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    internal IDisposable Hold() => _lifetime.Enter();

    public void Dispose() => _lifetime.Dispose();
}
