using System.Globalization;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>A tensor that a model asks for, and what is stored under its name.</summary>
public sealed record RequestedTensor(TensorRequest Request, StoredTensor Stored);

/// <summary>What one class of an architecture asks for, compared with what a checkpoint holds: by shapes alone, before anything is allocated for it.</summary>
public sealed class LoadReport : ITensorSource
{
    private const int FewTensors = 128, FirstShown = 3;
    private readonly Checkpoint _checkpoint;
    private readonly Dictionary<string, RequestedTensor> _read = [];
    private readonly Dictionary<string, TensorRequest> _missing = [];
    private readonly Dictionary<string, RequestedTensor> _misShaped = [];
    private readonly HashSet<string> _unreadable = [];
    private readonly List<string> _faults = [];
    private IReadOnlyList<FileTensor>? _unexpected;

    private LoadReport(Checkpoint checkpoint) => _checkpoint = checkpoint;

    /// <summary>The model as shapes.</summary>
    public ModelSchema Schema { get; private set; } = null!;
    /// <summary>What was asked for and is there, in the order of asking.</summary>
    public IEnumerable<RequestedTensor> Read => _read.Values;
    /// <summary>What was asked for and is not there.</summary>
    public IReadOnlyCollection<TensorRequest> Missing => _missing.Values;
    /// <summary>What is there in another shape.</summary>
    public IReadOnlyCollection<RequestedTensor> MisShaped => _misShaped.Values;
    /// <summary>What else makes a tensor unreadable: an int8 weight without scale, a size that cannot be addressed.</summary>
    public IReadOnlyList<string> Faults => _faults;
    /// <summary>What is there and was not asked for: never a reason to refuse a file.</summary>
    public IReadOnlyList<FileTensor> Unexpected =>
        _unexpected ??= _checkpoint.Unread(_read.Keys.Concat(_misShaped.Keys).Concat(_unreadable));

    /// <summary>
    /// Of these what belongs to the encoder itself, as a layer beyond num_hidden_layers: no head, no pooler, and no table of positions, which files hold for
    /// other classes, too.
    /// </summary>
    public IEnumerable<FileTensor> UnexpectedOfEncoder
    {
        get
        {
            TensorNames names = _checkpoint.Architecture.Names;
            string[] prefixes = [.. names.Prefixes.Select(prefix => $"{prefix}.")];
            HashSet<string> parts = [.. _read.Keys.Select(WithoutNetwork).Where(name => prefixes is [] || name.StartsWith(prefixes[0], StringComparison.Ordinal)).Select(Part)];
            return Unexpected.Where(tensor => !tensor.Name.Contains("position_embeddings", StringComparison.Ordinal)
                && Part(WithoutNetwork(_checkpoint.PlainName(tensor))) is not "pooler" and var part && parts.Contains(part));

            string Part(string name)
            {
                string rest = name[(prefixes.FirstOrDefault(prefix => name.StartsWith(prefix, StringComparison.Ordinal))?.Length ?? 0)..];
                if (names.Within is var (own, stored) && rest.StartsWith(stored, StringComparison.Ordinal)) rest = own + rest[stored.Length..];
                return rest.Split('.')[0];
            }

            static string WithoutNetwork(string name) => name.Split('.', 2) is ["generator" or "discriminator", var rest] ? rest : name;
        }
    }

    /// <summary>The same, with the labels that config.json names.</summary>
    internal static LoadReport Of(Checkpoint checkpoint, object settings, ModelTask task) =>
        Of(checkpoint, settings, task, TaskConfig.Read(checkpoint.Config, task).Labels.Count);

    /// <param name="settings">From <see cref="IArchitecture.Configure"/>.</param>
    /// <param name="task">One that the architecture has.</param>
    /// <param name="labels">Classes of a classifier.</param>
    public static LoadReport Of(Checkpoint checkpoint, object settings, ModelTask task, int labels)
    {
        LoadReport report = new(checkpoint);
        Weights<Shape> weights = new(report, new ShapeFactory());
        report.Schema = new(checkpoint.Architecture, task, checkpoint.Architecture.Build(settings, task, labels, weights), weights);
        report._faults.AddRange(weights.Faults);
        return report;
    }

    /// <exception cref="CheckpointException">Names all tensors that are missing, mis-shaped or unreadable, and those that nobody asked for.</exception>
    public void ThrowIfFaulty()
    {
        string path = _checkpoint.Weights.Path;
        string[] lines =
        [
            .. Missing.Select(request => $"{request} is missing"),
            .. MisShaped.Select(tensor =>
                $"{tensor.Request.Name} is {FileFault.Shown(tensor.Stored.Dimensions)}; {FileFault.Shown(tensor.Request.Dimensions)} is needed"),
            .. Faults.Select(fault => fault.Replace($"{path}: ", "", StringComparison.Ordinal).TrimEnd('.')),
        ];
        if (lines.Length == 0) return;
        string model = _checkpoint.Architecture.Classes.First(known => known.Value == Schema.Task).Key;
        string what = $"{path} does not fit {model} as config.json describes it";
        if (lines.Length == 1 && Unexpected.Count == 0) throw new CheckpointException($"{what}: {lines[0]}.");

        string[] counts =
        [
            Count(Missing.Count, "missing"), Count(MisShaped.Count, "mis-shaped"), Count(Faults.Count, "unreadable"), Count(Unexpected.Count, "unexpected"),
        ];
        IEnumerable<string> all = [.. lines, .. Unexpected.Select(tensor => $"{tensor} is there, but {model} does not ask for it")];
        throw new CheckpointException($"{what}: {string.Join(", ", counts.Where(count => count.Length > 0))}."
            + string.Concat(all.Select(line => $"{Environment.NewLine}  {line}.")));

        static string Count(int count, string what) => count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{count} {what}");
    }

    /// <exception cref="CheckpointException">
    /// So much is missing that the file is of another model, or the configuration asks for layers without end: listing them all would be out of proportion.
    /// </exception>
    StoredTensor? ITensorSource.Find(TensorRequest request)
    {
        bool tooMany = false;
        try
        {
            if (((ITensorSource)_checkpoint).Find(request) is not { } found)
            {
                if (_missing.TryAdd(request.Name, request) && _missing.Count > FewTensors + 2 * _checkpoint.Weights.Tensors.Count) tooMany = true;
            }
            else if (!found.Dimensions.SequenceEqual(request.Dimensions)) _misShaped.TryAdd(request.Name, new(request, found));
            else
            {
                _read.TryAdd(request.Name, new(request, found));
                return found;
            }
        }
        catch (CheckpointException e)
        {
            if (_unreadable.Add(request.Name) && !_faults.Contains(e.Message)) _faults.Add(e.Message); // one of the configuration is the same for all
        }
        if (tooMany)
            throw new CheckpointException($"{_checkpoint.Weights.Path} holds {_checkpoint.Weights.Tensors.Count} tensors, but lacks more than "
                + $"{_missing.Count - 1} that {_checkpoint.Config.Source} asks for: "
                + $"{string.Join(", ", _missing.Values.Take(FirstShown))} … It is of another model, or the configuration is wrong.");
        return new(request.Name, request.Dimensions, () => throw new InvalidOperationException($"{request.Name} cannot be read."));
    }
}
