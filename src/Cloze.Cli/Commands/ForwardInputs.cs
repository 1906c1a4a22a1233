using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary>The <c>input.*</c> and <c>label.*</c> tensors of a recorded call.</summary>
/// <param name="Tokens">[B,choices,S] as B·choices sequences.</param>
/// <param name="Choices">Null: the ids are [B,S].</param>
/// <param name="Drawn">The discriminator's tokens, in the layout of <paramref name="Tokens"/>, which are then the generator's; null: not given.</param>
/// <param name="NotRead">Other tensors named so.</param>
internal sealed record ForwardInputs(PaddedTokens Tokens, int? Choices, TaskLabels Labels, int[]? Drawn, IReadOnlyList<string> NotRead)
{
    /// <summary>Where rows hold several sequences each; null: a row is one.</summary>
    public ForwardSegments? Segments { get; init; }

    /// <summary>The given tensors that <see cref="Labels"/> holds.</summary>
    public IReadOnlyList<string> LabelNames { get; init; } = [];

    /// <summary>Labels of two segments, by the names of the classes that take them.</summary>
    private IReadOnlyDictionary<string, int[]> Orders { get; init; } = new Dictionary<string, int[]>();

    /// <summary>With the label of two segments that the model's class takes, where it is given.</summary>
    public ForwardInputs For(LabelRules rules) => rules.OrderLabel is { } name && Orders.TryGetValue($"label.{name}", out int[]? order)
        ? this with { Labels = Labels with { Order = order } }
        : this;

    /// <summary>One row of segments, as a batch of its sequences.</summary>
    public ForwardInputs OfRow(int row) =>
        this with { Tokens = Segments!.Tokens(Tokens, row), Labels = Segments.Labels(Labels, row), Segments = null };

    /// <summary>With a choice of global tokens for each sequence; those of a row of segments follow those of the rows before.</summary>
    /// <param name="texts">For how many sequences it is made; null: for any number.</param>
    /// <exception cref="ArgumentException">It is made for more or fewer sequences, or a question has no end.</exception>
    public ForwardInputs WithGlobal(GlobalAttention global, int? texts, int separator)
    {
        int sequences = Segments?.Count ?? Tokens.Sequences;
        if (texts is { } given && given != sequences) throw new ArgumentException($"--global names tokens of {given} sequences; there are {sequences}.");
        return this with { Tokens = Segments is null ? Tokens with { Global = global.Mask(Tokens, separator) } : Segments.WithGlobal(Tokens, global, separator) };
    }

    /// <summary>Given tensors that the model has no use for, as those of its architecture have none.</summary>
    public IEnumerable<string> WithoutUse(EncoderModel<CpuTensor> model)
    {
        if (Tokens.Types is not null && model.Encoder.Limits.Types is null) yield return TypeIds;
        if (Tokens.Positions is not null && !model.ReadsPositions) yield return PositionIds;
    }

    internal const string Labelled = "label.labels", Starts = "label.start_positions", Ends = "label.end_positions";
    private const string Ids = "input.input_ids", DrawnIds = "input.sampled_input_ids", PositionIds = "input.position_ids", TypeIds = "input.token_type_ids";

    private static readonly string[] s_inputs = ["input.attention_mask", TypeIds, PositionIds, "input.global_attention_mask"];
    private static readonly string[] s_changing = ["input.head_mask", "input.inputs_embeds", "input.encoder_hidden_states", "input.past_key_values"];
    private static readonly string[] s_orders = ["label.next_sentence_label", "label.sentence_order_label"];
    private static readonly string[] s_labels = [.. s_orders, Starts, Ends];

    /// <exception cref="CheckpointException">It is no safetensors file, or a tensor holds what it may not.</exception>
    /// <exception cref="CommandException">The ids are missing, or a tensor has not their shape.</exception>
    public static ForwardInputs Read(string path)
    {
        using Safetensors file = Safetensors.Open(path);
        FileTensor ids = file.Find(Ids) ?? throw new CommandException($"{path} has no {Ids}.");
        if (ids.Shape.Count is not (2 or 3) || ids.Elements is 0 or > int.MaxValue)
            throw new CommandException($"{path}: {ids} is no batch; [B,S] or [B,choices,S] with a token is needed.");
        if (s_changing.FirstOrDefault(name => file.Find(name) is not null) is { } changing)
            throw new CommandException($"{path}: {changing} changes the reference's result and is not supported; leave it out.");
        int length = (int)ids.Shape[^1];
        ForwardSegments? segments = ForwardSegments.Read(file, path, (int)ids.Shape[0], length);
        if (segments is not null && ids.Shape.Count == 3) throw new CommandException($"{path}: input.cu_seqlens goes with {Ids} of [B,S], not of [B,choices,S].");
        PaddedTokens tokens = new((int)(ids.Elements / length), length, ids.ReadIntegers())
        {
            Mask = segments is null ? Mask("input.attention_mask") : null,
            Types = Beside(TypeIds),
            Positions = ForEachRow(PositionIds),
            Global = Mask("input.global_attention_mask"),
        };
        FileTensor? labels = file.Find(Labelled);
        bool areFloats = labels is not null && TensorTypes.IsFloat(labels.Type);
        if (labels is { Shape: [var rows, _, ..] } && !areFloats && rows != ids.Shape[0]) RequireShape(labels);   // how many a row needs, its head knows
        if (segments is not null && (file.Find(Labelled) is { } some && (areFloats || some.Shape.Count != 2) ? Labelled : s_labels.FirstOrDefault(name => file.Find(name) is not null)) is { } label)
            throw new CommandException($"{path}: {label} is given with input.cu_seqlens; labels of tokens, {Labelled} of [B,S], are read with it and no others.");
        TaskLabels given = new()
        {
            Classes = areFloats ? null : labels?.ReadIntegers(),
            Values = areFloats ? labels!.ReadFloats() : null,
            Starts = file.Find(Starts)?.ReadIntegers(),
            Ends = file.Find(Ends)?.ReadIntegers(),
        };
        IEnumerable<string> known = [Ids, DrawnIds, Labelled, .. s_inputs, .. s_labels];
        return new(tokens, ids.Shape.Count == 3 ? (int)ids.Shape[1] : null, given, Beside(DrawnIds),
            [.. file.Tensors.Keys.Where(IsGiven).Except(known)])
        {
            Segments = segments,
            Orders = s_orders.Select(file.Find).OfType<FileTensor>().ToDictionary(order => order.Name, order => order.ReadIntegers()),
            LabelNames = [.. ((IEnumerable<string>)[Labelled, .. s_labels]).Where(name => file.Find(name) is not null)],
        };

        bool IsGiven(string name) => (name.StartsWith("input.", StringComparison.Ordinal) && !(segments is not null && ForwardSegments.IsBounds(name)))
            || name.StartsWith("label.", StringComparison.Ordinal);

        int[]? Beside(string name)
        {
            if (file.Find(name) is not { } tensor) return null;
            RequireShape(tensor);
            return tensor.ReadIntegers();
        }

        // [1,S] is every row's
        int[]? ForEachRow(string name)
        {
            if (file.Find(name) is not { Shape: [1, var columns] } one || columns != length) return Beside(name);
            int[] row = one.ReadIntegers();
            return [.. Enumerable.Repeat(row, (int)(ids.Elements / length)).SelectMany(columnsOfRow => columnsOfRow)];
        }

        int[]? Mask(string name)
        {
            int[]? mask = Beside(name);
            if (mask is not null && mask.FirstOrDefault(value => value is not (0 or 1)) is int other and not 0)
                throw new CommandException($"{path}: {name} holds {other}; 0 and 1 are needed.");
            return mask;
        }

        void RequireShape(FileTensor tensor)
        {
            if (!tensor.Shape.SequenceEqual(ids.Shape))
                throw new CommandException($"{path}: {tensor.Name} is [{string.Join(',', tensor.Shape)}], but {Ids} is [{string.Join(',', ids.Shape)}].");
        }
    }
}
