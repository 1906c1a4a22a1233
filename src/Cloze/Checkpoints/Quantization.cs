using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary><c>quantization_config</c> of config.json, in the compressed-tensors layout: which weights are stored as int8, and how.</summary>
/// <remarks>
/// compressed-tensors 0.20, quantization/quant_args.py and quant_config.py. Supported: 8-bit whole numbers, a scale per row ("channel") or per tensor,
/// symmetric or with zero points, weights only. Everything that would change the result in another way is refused by name.
/// </remarks>
internal sealed class Quantization
{
    public const string Field = "quantization_config", ScaleSuffix = "_scale", ZeroPointSuffix = "_zero_point";
    private readonly Dictionary<string, Group> _groups;
    private readonly string[] _ignored;
    private readonly ModulePatterns _patterns;
    private readonly string _source;

    private Quantization(Dictionary<string, Group> groups, string[] ignored, ModulePatterns patterns, string source) =>
        (_groups, _ignored, _patterns, _source) = (groups, ignored, patterns, source);

    private readonly record struct Group(bool IsSymmetric, bool IsPerRow);

    /// <summary>All names under which an int8 weight may be stored.</summary>
    public static string[] Parts(string name) => [name, name + ScaleSuffix, name + ZeroPointSuffix];

    /// <summary>Null: config.json says nothing of it.</summary>
    /// <exception cref="CheckpointException">It asks for something that is not supported.</exception>
    public static Quantization? Read(ConfigFields config)
    {
        if (config.Fields(Field) is not { } fields) return null;
        Require(fields, "quant_method", "compressed-tensors");
        Require(fields, "format", "int-quantized");
        Require(fields, "quantization_status", "compressed");
        RequireNull(fields, "kv_cache_scheme");
        RequireEmpty(fields, "sparsity_config");
        RequireEmpty(fields, "transform_config");
        string[] ignored = [.. fields.Texts("ignore") ?? []];
        ModulePatterns patterns = new(fields.Source);
        foreach (string pattern in ignored) _ = Matches(patterns, pattern, "", ""); // one that cannot be matched is refused once, not for every weight
        ConfigFields all = fields.Fields("config_groups")
            ?? throw new CheckpointException($"{fields.Source}: config_groups is missing; it says which weights are stored as int8.");
        Dictionary<string, Group> groups = [];
        foreach (string name in all.Names)
        {
            ConfigFields group = all.Fields(name) ?? throw new CheckpointException($"{all.Source}: {name} is null; an object is needed.");
            Group read = ReadGroup(group);
            foreach (string target in group.Texts("targets") ?? [])
            {
                if (target is not ("Linear" or "Embedding")) throw group.Unsupported("targets", $"\"{target}\"", "\"Linear\", \"Embedding\"");
                if (!groups.TryAdd(target, read)) throw new CheckpointException($"{all.Source}: {target} is a target of two groups.");
            }
            RequireNothingElse(group);
        }
        RequireNothingElse(fields, "global_compression_ratio", "version"); // these change nothing
        return new(groups, ignored, patterns, fields.Source);
    }

    private static Group ReadGroup(ConfigFields group)
    {
        RequireNull(group, "input_activations");
        RequireNull(group, "output_activations");
        Require(group, "format", "int-quantized");
        ConfigFields weights = group.Fields("weights") ?? throw new CheckpointException($"{group.Source}: weights is missing; it says how they are stored.");
        if (weights.Int32OrNull("num_bits") is not 8) throw weights.Unsupported("num_bits", Value(weights.Int32OrNull("num_bits")), "8");
        Require(weights, "type", "int");
        RequireNull(weights, "group_size");
        RequireNull(weights, "block_structure");
        RequireNull(weights, "actorder");
        if (weights.FlagOrNull("dynamic") is true) throw weights.Unsupported("dynamic", "true", "false");
        bool isPerRow = weights.Text("strategy") switch
        {
            "channel" => true,
            "tensor" => false,
            string other => throw weights.Unsupported("strategy", other, "channel, tensor"),
            null => throw weights.Unsupported("strategy", "missing", "channel, tensor"),
        };
        bool isSymmetric = weights.FlagOrNull("symmetric") ?? throw weights.Unsupported("symmetric", "missing", "true, false");
        RequireNothingElse(weights, "observer", "observer_kwargs", "scale_dtype", "zp_dtype"); // how it was made; the file says its types itself
        return new(isSymmetric, isPerRow);

        static string Value(int? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "missing";
    }

    /// <summary>The values of an int8 weight.</summary>
    /// <param name="role">What the model does with it; null: nobody knows yet.</param>
    /// <param name="scale"><c>X_scale</c>; null: it is not there.</param>
    /// <param name="zeroPoint"><c>X_zero_point</c>; null: it is not there.</param>
    /// <exception cref="CheckpointException">Scale or zero points are missing or of another shape or type, or the weight is not to be int8.</exception>
    public IStoredValues Values(FileTensor stored, WeightRole? role, FileTensor? scale, FileTensor? zeroPoint)
    {
        string target = role == WeightRole.Table ? "Embedding" : "Linear";
        if (role is not (null or WeightRole.Matrix or WeightRole.Table) || stored.Shape.Count != 2)
            throw Fault("only weights of Linear and Embedding modules, [rows,columns], are read as int8");
        if (!_groups.TryGetValue(target, out Group group) && !(role is null && _groups.TryGetValue("Embedding", out group)))
            throw Fault($"{_source} targets {(_groups.Count == 0 ? "nothing" : $"{string.Join(", ", _groups.Keys)} only")}, and this is the weight of a {target} module");
        string module = stored.Name.EndsWith(".weight", StringComparison.Ordinal) ? stored.Name[..^".weight".Length] : stored.Name;
        if (_ignored.FirstOrDefault(pattern => Matches(_patterns, pattern, module, target)) is { } ignored)
            throw Fault($"{_source} ignores the module ({FileFault.Shown(ignored)})");

        long[] shape = group.IsPerRow ? [stored.Shape[0], 1] : [1];
        if (scale is null) throw Fault($"its scale {FileFault.Shown(stored.Name + ScaleSuffix)} is missing");
        if (scale.Type is not (TensorType.F32 or TensorType.BF16 or TensorType.F16) || !scale.Shape.SequenceEqual(shape))
            throw Fault($"its scale is {scale}; {FileFault.Shown(shape)} of F32, BF16 or F16 is needed");
        if (group.IsSymmetric && zeroPoint is not null) throw Fault($"symmetric is true, but it has a zero point, {FileFault.Shown(zeroPoint.Name)}");
        if (!group.IsSymmetric && zeroPoint is null) throw Fault($"symmetric is false, but {FileFault.Shown(stored.Name + ZeroPointSuffix)} is missing");
        if (zeroPoint is not null && (zeroPoint.Type != TensorType.I8 || !zeroPoint.Shape.SequenceEqual(shape)))
            throw Fault($"its zero point is {zeroPoint}; I8 {FileFault.Shown(shape)} is needed");

        if (stored.Elements > int.MaxValue) throw Fault($"more than {int.MaxValue} elements are not supported");
        int rows = stored.Elements == 0 ? 0 : (int)stored.Shape[0]; // a matrix without columns may claim any number of rows
        ReadOnlyMemory<float> scales = group.IsPerRow && !scale.Floats.IsEmpty ? scale.Floats : PerRow(scale.ReadFloats(), rows);
        foreach (float value in scales.Span) if (!float.IsFinite(value)) throw Fault("its scale is not finite");
        return new Int8Values(stored, scales, zeroPoint is null ? null : PerRow(Array.ConvertAll(zeroPoint.ReadIntegers(), point => (sbyte)point), rows));

        CheckpointException Fault(string why) => new($"{stored.Path}: {stored} cannot be read: {why}.");
    }

    /// <summary>One value stands for every row.</summary>
    private static TValue[] PerRow<TValue>(TValue[] values, int rows)
    {
        if (values.Length == rows) return values;
        TValue[] all = new TValue[rows];
        Array.Fill(all, values[0]);
        return all;
    }

    /// <summary>A module's name, its class, or <c>re:</c> and a pattern for the beginning of its name (Python's re.match).</summary>
    /// <exception cref="CheckpointException">It cannot be matched, or takes too long.</exception>
    private static bool Matches(ModulePatterns patterns, string ignored, string module, string target) => ignored.StartsWith("re:", StringComparison.Ordinal)
        ? patterns.Match(module, "ignore", ignored["re:".Length..], @"\A(?:", ")").Success
        : ignored == module || ignored == target;

    private static void Require(ConfigFields fields, string name, string value)
    {
        if (fields.Text(name) is var found && found != value) throw fields.Unsupported(name, found is null ? "missing" : $"\"{found}\"", $"\"{value}\"");
    }

    private static void RequireNull(ConfigFields fields, string name)
    {
        if (fields.Has(name)) throw fields.Unsupported(name, "set", "null");
        fields.Text(name); // noted as read
    }

    private static void RequireEmpty(ConfigFields fields, string name)
    {
        if (fields.Fields(name) is { } set && set.Names.Any()) throw fields.Unsupported(name, "set", "null or {}");
    }

    private static void RequireNothingElse(ConfigFields fields, params ReadOnlySpan<string> withoutEffect)
    {
        foreach (string name in fields.Unread)
            if (!withoutEffect.Contains(name)) throw fields.Unsupported(name, "set", "the fields of compressed-tensors' int8 layout");
    }
}
