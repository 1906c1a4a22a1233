using System.Text.Json;
using Cloze.Checkpoints;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Tokenizers;
namespace Cloze.Cli.Commands;

/// <summary>Something that is wrong, or that one should know before using a model.</summary>
/// <param name="Kind">missing, misshaped, unexpected, unreadable, unread-key, setting, vocabulary, missing-file, tokenizer, cost.</param>
/// <param name="Name">Of the tensor, key or file.</param>
internal sealed record Problem(string Kind, string Name, string Message);

/// <summary>All that is known of a folder, a weights file or a published size. Faults become problems, unless a class is asked for; what is broken throws.</summary>
internal sealed class Inspection : IDisposable
{
    private readonly WeightFiles? _weights;
    private Checkpoint? _checkpoint;
    private LoadReport? _report;
    private ConfigFields? _ofGenerator;
    private readonly bool _asClass;

    private Inspection(string path, WeightFiles? weights, bool asClass) => (Path, _weights, _asClass) = (path, weights, asClass);

    /// <summary>The folder or the file, or the name of a shape.</summary>
    public string Path { get; }
    public bool IsShape { get; private init; }
    public string? Architecture { get; private set; }
    public string? Class { get; private set; }
    public List<(string Part, long Elements)> Parameters { get; } = [];
    /// <summary>Of a shape: the parameters that each class has beside these.</summary>
    public List<(string Class, long Elements)> Heads { get; } = [];
    /// <summary>Tokens of the longest sequence that it reads, null: any; and, where nothing limits them, of the longest that it was trained with.</summary>
    public (int? Longest, int? Trained)? Length { get; private set; }
    /// <summary>Of the files' values, as stored.</summary>
    public long? StoredBytes => _weights?.Tensors.Values.Sum(tensor => tensor.Bytes);
    public IEnumerable<(string Type, int Count)> StoredTypes => _weights is null ? []
        : _weights.Tensors.Values.GroupBy(tensor => tensor.Type).OrderBy(group => group.Key).Select(group => (TensorTypes.Name(group.Key), group.Count()));
    public (int Tokens, string? Mask)? Tokenizer { get; private set; }
    public ModelCost? Cost { get; private set; }
    public List<Problem> Problems { get; } = [];

    /// <exception cref="CheckpointException">It is broken.</exception>
    public static Inspection OfFile(string path)
    {
        Inspection inspection = new(path, WeightFiles.OpenFile(path), asClass: false);
        inspection.Parameters.Add(("all", inspection._weights!.Tensors.Values.Sum(tensor => tensor.Elements)));
        return inspection;
    }

    /// <exception cref="CheckpointException">A file is broken; or, where a class is asked for, the folder does not fit it.</exception>
    public static Inspection OfFolder(ModelPlace place, InspectRequest request)
    {
        string folder = place.Folder;
        bool hasConfig = File.Exists(System.IO.Path.Combine(folder, "config.json")), hasWeights = WeightFiles.Exist(folder);
        ConfigFields? config = hasConfig || request.As is not null ? Checkpoint.ReadConfig(folder) : null;
        Inspection inspection = new(folder, hasWeights || request.As is not null ? WeightFiles.Open(folder) : null, request.As is not null);
        try
        {
            if (!hasConfig) inspection.Add("missing-file", "config.json", "there is no config.json, which says what the weights are");
            if (!hasWeights) inspection.Try("missing-file", WeightFiles.SingleName, () => WeightFiles.Open(folder).Dispose());
            if (config is not null) inspection.ReadModel(config, place.Adapter, request);
            inspection.ReadTokenizer(folder, inspection._ofGenerator ?? config);   // both networks of a pair have one vocabulary
            return inspection;
        }
        catch
        {
            inspection.Dispose();
            throw;
        }
    }

    /// <summary>Every stored tensor; with a class, its parameters after loading under the reference's names.</summary>
    public IReadOnlyList<ListedTensor> List(CancellationToken cancellation)
    {
        List<ListedTensor> listed = [];
        if (_asClass && _report is not null && _checkpoint is not null)
        {
            foreach ((string name, StoredTensor tensor) in _report.Schema.Parameters(_checkpoint))
            {
                cancellation.ThrowIfCancellationRequested();
                listed.Add(new(name, TensorTypes.Name(TensorType.F32), tensor.Dimensions, TensorHash.Sha256(tensor)));
            }
            return listed;
        }
        foreach (FileTensor tensor in _weights?.Tensors.Values ?? [])
        {
            cancellation.ThrowIfCancellationRequested();
            listed.Add(new(tensor.Name, TensorTypes.Name(tensor.Type), tensor.Shape, TensorHash.Sha256(tensor)));
        }
        return listed;
    }

    public void Dispose() => _weights?.Dispose();

    /// <summary>A published size, without a file.</summary>
    /// <exception cref="CheckpointException">There is no such size, or it has no such class.</exception>
    public static Inspection OfShape(string name, InspectRequest request)
    {
        (string known, IArchitecture architecture, ConfigFields config) = ModelRegistry.Shape(name);
        Inspection inspection = new(known, weights: null, asClass: true) { IsShape = true };
        inspection.Describe(architecture, config, request);
        return inspection;
    }

    private void ReadModel(ConfigFields config, string? adapter, InspectRequest request) => Try("setting", "config.json", () =>
    {
        IArchitecture architecture;
        if (_weights is null) architecture = ModelRegistry.Find(config, className: request.As);
        else
        {
            _checkpoint = Checkpoint.Of(config, _weights, request.As, adapter);
            architecture = _checkpoint.Architecture;
        }
        Describe(architecture, config, request);
        foreach (string key in config.Unread) Add("unread-key", key, $"config.json: nobody reads {key}");
    });

    private void Describe(IArchitecture architecture, ConfigFields config, InspectRequest request)
    {
        Architecture = architecture.ModelTypes[0];
        object settings = architecture.Configure(config, _checkpoint);
        string? named = request.As ?? config.Texts("architectures")?.FirstOrDefault();
        ModelTask task = named is not null ? ModelRegistry.TaskOf(named, architecture, config.Source)
            : _checkpoint is not null ? StoredTask.Of(_checkpoint, settings)
            : DebertaV3PretrainingConfig.Describes(config) ? ModelTask.PreTraining
            : ModelTask.Base;
        TaskConfig about = TaskConfig.Read(config, task);
        Class = named ?? architecture.Classes.First(entry => entry.Value == task).Key;
        Weights<Shape> schema = ShapeFactory.Schema();
        EncoderModel<Shape> model = architecture.Build(settings, IsShape ? ModelTask.Base : task, about.Labels.Count, schema);
        if (model.Head is ReplacedTokenPretraining<Shape>) _ofGenerator = config.Part("generator");
        IReadOnlyList<IEncoder<Shape>> encoders = ModelCost.Encoders(model);
        Length = (encoders.Min(encoder => encoder.LongestSequence()), encoders.Min(encoder => encoder.Limits.Trained));
        CountParameters(schema, architecture);
        if (IsShape) CountHeads(architecture, settings, request);
        if (_checkpoint is not null) Compare(_checkpoint, settings, task, about.Labels.Count);
        Cost = ModelCost.Of(architecture, settings, task, about, request,
            _report?.Read.Sum(WeightBytes) ?? sizeof(float) * (Parameters.Sum(part => part.Elements)
                + Heads.Where(head => head.Class == Class).Sum(head => head.Elements)));

        static long WeightBytes(RequestedTensor tensor) => tensor is { Request.Role: WeightRole.Table, Stored.Values.Int8: { } rows }
            ? tensor.Stored.Elements + rows.Scales.Length * sizeof(float)
            : tensor.Stored.Elements * sizeof(float);
    }

    private void Compare(Checkpoint checkpoint, object settings, ModelTask task, int labels)
    {
        _report = LoadReport.Of(checkpoint, settings, task, labels);
        if (_asClass) _report.ThrowIfFaulty();
        foreach (TensorRequest request in _report.Missing) Add("missing", request.Name, $"{request} is missing");
        foreach ((TensorRequest request, StoredTensor stored) in _report.MisShaped)
            Add("misshaped", stored.Name, $"{stored} is needed as [{string.Join(',', request.Dimensions)}]");
        foreach (string fault in _report.Faults) Add("unreadable", checkpoint.Weights.Path, fault);
        foreach (FileTensor tensor in _report.Unexpected) Add("unexpected", tensor.Name, $"{tensor} is there, but {Class} does not ask for it");
    }

    /// <summary>Each stored name once, by the part of the model that it belongs to.</summary>
    private void CountParameters(Weights<Shape> schema, IArchitecture architecture)
    {
        string prefix = architecture.Names.Prefixes is [string first, ..] ? $"{first}." : "";
        foreach (IGrouping<string, StoredTensor> part in schema.Tensors.GroupBy(tensor =>
            (tensor.Name.StartsWith(prefix, StringComparison.Ordinal) ? tensor.Name[prefix.Length..] : tensor.Name).Split('.')[0]))
            Parameters.Add((part.Key, part.Sum(tensor => tensor.Elements)));
    }

    /// <summary>What each class asks for that the encoder does not, two labels where it has labels.</summary>
    private void CountHeads(IArchitecture architecture, object settings, InspectRequest request)
    {
        HashSet<string> encoder = [.. Tensors(ModelTask.Base).Select(tensor => tensor.Name)];
        foreach ((string name, ModelTask task) in architecture.Classes.Where(known => request.As is null || known.Key == request.As).DistinctBy(known => known.Value))
            if (task != ModelTask.Base) Heads.Add((name, Tensors(task).Where(tensor => !encoder.Contains(tensor.Name)).Sum(tensor => tensor.Elements)));

        IReadOnlyList<StoredTensor> Tensors(ModelTask task)
        {
            Weights<Shape> schema = ShapeFactory.Schema();
            architecture.Build(settings, task, labels: 2, schema);
            return schema.Tensors;
        }
    }

    private void ReadTokenizer(string folder, ConfigFields? config)
    {
        string json = System.IO.Path.Combine(folder, "tokenizer.json");
        if (File.Exists(json)) RequireJson(json);
        try
        {
            Tokenizer tokenizer = Tokenizers.Tokenizer.Load(folder);
            Tokenizer = (tokenizer.VocabularySize, tokenizer.MaskToken);
            if (config?.Int32OrNull("vocab_size") is not { } rows) return;
            if (Enumerable.Range(rows, tokenizer.VocabularySize).FirstOrDefault(id => tokenizer.TokenOf(id) is not null, -1) is >= 0 and int beyond)
                Add("vocabulary", tokenizer.TokenOf(beyond)!, $"{tokenizer.TokenOf(beyond)} has the id {beyond}, but the model's word table has {rows} rows");
            if (config.Int32OrNull("pad_token_id") is { } pad && (tokenizer.IdOf("[PAD]") ?? tokenizer.IdOf("<pad>")) is { } padding && pad != padding)
                Add("vocabulary", "pad_token_id", $"config.json says that the pad token is {pad}, the tokenizer says {padding}");
        }
        catch (TokenizerException e)
        {
            Add("tokenizer", folder, e.Message);
        }
    }

    /// <summary>A broken file is refused; one that asks for what is not supported is a problem.</summary>
    private static void RequireJson(string path)
    {
        FileInfo file = new(path);
        if (file is { LinkTarget: null, Length: 0 } || file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Length: 0 })
            throw new CommandException($"{path} is empty, a pipe or a device; copy or download it again."); // not opened: a pipe would wait for its other end
        Utf8JsonReader reader = new(File.ReadAllBytes(path));
        try
        {
            while (reader.Read()) { }
        }
        catch (JsonException e)
        {
            throw new CommandException($"{path} is not valid JSON at byte {reader.BytesConsumed}; copy or download it again.", e);
        }
    }

    /// <summary>What is refused becomes a problem, unless a class is asked for.</summary>
    private void Try(string kind, string name, Action read)
    {
        try
        {
            read();
        }
        catch (CheckpointException e) when (!_asClass)
        {
            Add(kind, name, e.Message);
        }
    }

    private void Add(string kind, string name, string message) => Problems.Add(new(kind, name, message.TrimEnd('.')));
}
