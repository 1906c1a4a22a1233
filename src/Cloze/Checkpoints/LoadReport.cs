using System.Globalization;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>What one class of an architecture asks for, compared with what a checkpoint holds: by shapes alone, before anything is allocated for it.</summary>
public sealed class LoadReport : ITensorSource
{
    private readonly Checkpoint _checkpoint;
    private readonly Dictionary<string, (TensorRequest Request, StoredTensor Stored)> _read = [];
    private readonly Dictionary<string, TensorRequest> _missing = [];
    private readonly Dictionary<string, (TensorRequest Request, StoredTensor Stored)> _misShaped = [];
    private readonly List<string> _faults = [];

    private LoadReport(Checkpoint checkpoint) => _checkpoint = checkpoint;

    /// <summary>The model as shapes.</summary>
    public ModelSchema Schema { get; private set; } = null!;
    /// <summary>What was asked for and is there, in the order of asking.</summary>
    public IEnumerable<(TensorRequest Request, StoredTensor Stored)> Read => _read.Values;
    /// <summary>What was asked for and is not there.</summary>
    public IReadOnlyCollection<TensorRequest> Missing => _missing.Values;
    /// <summary>What is there in another shape.</summary>
    public IReadOnlyCollection<(TensorRequest Request, StoredTensor Stored)> MisShaped => _misShaped.Values;
    /// <summary>What else makes a tensor unreadable: an int8 weight without scale, a size that cannot be addressed.</summary>
    public IReadOnlyList<string> Faults => _faults;
    /// <summary>What is there and was not asked for: never a reason to refuse a file.</summary>
    public IReadOnlyList<FileTensor> Unexpected { get; private set; } = [];

    /// <param name="settings">From <see cref="IArchitecture.Configure"/>.</param>
    /// <param name="task">One that the architecture has.</param>
    /// <param name="labels">Classes of a classifier.</param>
    public static LoadReport Of(Checkpoint checkpoint, object settings, ModelTask task, int labels)
    {
        LoadReport report = new(checkpoint);
        Weights<Shape> weights = new(report, new ShapeFactory());
        report.Schema = new(checkpoint.Architecture, task, checkpoint.Architecture.Build(settings, task, labels, weights), weights);
        report._faults.AddRange(weights.Faults);
        report.Unexpected = checkpoint.Unread(report._read.Values.Concat(report._misShaped.Values).Select(read => read.Stored));
        return report;
    }

    /// <exception cref="CheckpointException">Names every tensor that is missing, has another shape or cannot be read, and beside them those that nobody asked for.</exception>
    public void ThrowIfFaulty()
    {
        string[] lines =
        [
            .. Missing.Select(request => $"{request} is missing"),
            .. MisShaped.Select(tensor => $"{FileFault.Shown(tensor.Stored.Name)} is {FileFault.Shown(tensor.Stored.Dimensions)}; {FileFault.Shown(tensor.Request.Dimensions)} is needed"),
            .. Faults.Select(fault => fault.TrimEnd('.')),
        ];
        if (lines.Length == 0) return;
        string model = $"{_checkpoint.Architecture.ModelTypes[0]} for {Schema.Task}";
        string[] all = [.. lines, .. Unexpected.Select(tensor => $"{tensor} is there, but {model} does not ask for it")];
        throw new CheckpointException(all.Length == 1
            ? $"{_checkpoint.Weights.Path} does not fit {model}: {all[0]}."
            : string.Create(CultureInfo.InvariantCulture, $"{_checkpoint.Weights.Path} does not fit {model} as config.json describes it: {Missing.Count} missing, {MisShaped.Count} mis-shaped, {Unexpected.Count} unexpected.")
                + string.Concat(all.Select(line => $"{Environment.NewLine}  {line}.")));
    }

    StoredTensor? ITensorSource.Find(TensorRequest request)
    {
        try
        {
            if (((ITensorSource)_checkpoint).Find(request) is not { } found) _missing.TryAdd(request.Name, request);
            else if (!found.Dimensions.SequenceEqual(request.Dimensions)) _misShaped.TryAdd(request.Name, (request, found));
            else
            {
                _read.TryAdd(request.Name, (request, found));
                return found;
            }
        }
        catch (CheckpointException e)
        {
            if (!_faults.Contains(e.Message)) _faults.Add(e.Message);
        }
        return new(request.Name, request.Dimensions, () => throw new InvalidOperationException($"{request.Name} cannot be read.")); // so that all faults are found
    }
}
