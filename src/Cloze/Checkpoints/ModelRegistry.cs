using System.Text;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>Every architecture that this library reads. Adding one is its model file and one line here, or a call of <see cref="Add"/>.</summary>
/// <remarks>Safe to use from many threads.</remarks>
public static class ModelRegistry
{
    private static IArchitecture[] s_all =
    [
        new ModernBertArchitecture(),
        new DebertaV2Architecture(),
        new DebertaArchitecture(),
        new AlbertArchitecture(),
        new DistilBertArchitecture(),
        new ElectraArchitecture(),
        new RobertaArchitecture(),
        new LongformerArchitecture(),
        new BertArchitecture(),
        new MosaicBertArchitecture(),
        new FlexBertArchitecture(),
    ];

    /// <summary>In the order in which files are asked whose they are: the tensors of those further down may stand in files of those above.</summary>
    public static IReadOnlyList<IArchitecture> All => Volatile.Read(ref s_all);

    /// <summary>Names of published sizes, which stand in for a config.json.</summary>
    public static IEnumerable<string> Shapes => All.SelectMany(architecture => architecture.Shapes.Keys);

    /// <summary>An architecture of the caller's own: asked first, for every model that is loaded from now on in this process.</summary>
    public static void Add(IArchitecture architecture)
    {
        IArchitecture[] before;
        do before = Volatile.Read(ref s_all);
        while (Interlocked.CompareExchange(ref s_all, [architecture, .. before], before) != before);
    }

    /// <summary>A published size by its name; as much of the name's beginning as no other has will do.</summary>
    /// <exception cref="CheckpointException">No size has that name.</exception>
    public static (string Name, IArchitecture Architecture, ConfigFields Config) Shape(string name)
    {
        string[] found = [.. Shapes.Where(known => known == name)];
        if (found.Length == 0) found = [.. Shapes.Where(known => known.StartsWith($"{name}-", StringComparison.Ordinal))];
        if (found is not [string known, ..] || found.Length > 1)
            throw new CheckpointException($"There is no shape {name}; known: {string.Join(", ", found.Length > 1 ? found : Shapes)}.");
        IArchitecture architecture = All.First(architecture => architecture.Shapes.ContainsKey(known));
        return (known, architecture, ConfigFields.Parse(Encoding.UTF8.GetBytes(architecture.Shapes[known]), known));
    }

    /// <summary>The architecture that config.json, the class that is wanted and the names of the tensors tell.</summary>
    /// <param name="stored">Names of the file's tensors; null: nothing is stored.</param>
    /// <param name="className">One of the reference's classes ("BertForMaskedLM"), which a config.json without a model_type needs; null: any.</param>
    /// <exception cref="CheckpointException">No architecture fits, or the class is not one of its.</exception>
    public static IArchitecture Find(ConfigFields config, IReadOnlyCollection<string>? stored = null, string? className = null)
    {
        PretrainedConfig.Read(config);
        string? type = config.Text("model_type");
        IArchitecture[] fitting = [.. All.Where(architecture => type is null || architecture.ModelTypes.Contains(type))];
        if (fitting.Length == 0) throw config.Unsupported("model_type", $"\"{type}\"", Known);
        if (className is not null)
        {
            fitting = [.. fitting.Where(architecture => architecture.Classes.ContainsKey(className))];
            if (fitting.Length == 0) throw new CheckpointException($"{config.Source}: {className} is no class of {type ?? "any known model_type"}"
                + $"{(type is null ? "" : $"; there are {string.Join(", ", ClassesOf(type))}")}.");
        }
        IArchitecture? recognised = stored is null ? null : fitting.FirstOrDefault(architecture => architecture.Recognises(stored));
        return recognised
            ?? ((type ?? className) is not null ? fitting[0] : null)
            ?? throw new CheckpointException($"{config.Source} names no model_type, and the tensors are of no known architecture; known: {Known}.");
    }

    /// <summary>What stands on the encoder in one of the reference's classes.</summary>
    /// <param name="source">Who asks, for the message.</param>
    /// <exception cref="CheckpointException">The architecture does not have that class.</exception>
    public static ModelTask TaskOf(string className, IArchitecture architecture, string source) =>
        architecture.Classes.TryGetValue(className, out ModelTask task) ? task : throw new CheckpointException(
            $"{source}: {className} is not supported; {architecture.ModelTypes[0]} has {string.Join(", ", architecture.Classes.Keys)}.");

    /// <summary>Refuses a task that the architecture has no head for.</summary>
    /// <exception cref="CheckpointException">No such head stands on that architecture.</exception>
    public static void Require(ModelTask task, IArchitecture architecture, string source)
    {
        if (architecture.Classes.Values.Contains(task)) return;
        string heads = string.Join(", ", architecture.Classes.Values.Distinct().Select(ModelTasks.Name));
        throw new CheckpointException($"{source}: {architecture.ModelTypes[0]} has no head for {ModelTasks.Name(task)}; it has {heads}.");
    }

    private static IEnumerable<string> ClassesOf(string type) =>
        All.Where(architecture => architecture.ModelTypes.Contains(type)).SelectMany(architecture => architecture.Classes.Keys).Distinct();

    private static string Known => string.Join(", ", All.SelectMany(architecture => architecture.ModelTypes).Distinct());
}

/// <summary>A model as shapes: what it asks for and what it costs, without a value.</summary>
public sealed record ModelSchema(IArchitecture Architecture, ModelTask Task, EncoderModel<Shape> Model, Weights<Shape> Weights)
{
    /// <summary>
    /// The parameters under the names of the reference's class: the encoder's own class has no prefix, and tied parameters stand under both names.
    /// </summary>
    public IEnumerable<(string Name, StoredTensor Tensor)> Parameters(IStoredTensors file)
    {
        Dictionary<string, StoredTensor> named = new(Weights.Asked);
        bool predictsWords = Model.Head is IMaskedLm<Shape> or PreTrainingHead<Shape>;
        if (predictsWords)
            foreach ((string name, string alias) in Architecture.Names.Aliases)
                if (named.TryGetValue(name, out StoredTensor? tensor) && named.Keys.Any(key => key.StartsWith(HeadOf(alias), StringComparison.Ordinal)))
                    named.TryAdd(alias, file.Find(alias) ?? tensor);
        string? prefix = Task == ModelTask.Base && Architecture.Names.Prefixes is [string first, ..] ? $"{first}." : null;
        return named.Select(entry => (Short(entry.Key), entry.Value));

        string Short(string name) => prefix is not null && name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;

        // "cls.predictions." of "cls.predictions.decoder.bias"
        static string HeadOf(string decoder) => decoder[..(decoder.LastIndexOf('.', decoder.LastIndexOf('.') - 1) + 1)];
    }
}
