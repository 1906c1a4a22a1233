using System.Text.RegularExpressions;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>adapter_config.json: which modules a LoRA adapter adapts, with what rank and scale.</summary>
/// <remarks>
/// peft 0.21, tuners/lora/config.py and utils/other.py. Settings that would change the result in another way (DoRA, QA-LoRA, other peft_types, initial values
/// that change the base model …) are refused by name; those that only say how it was trained have no effect.
/// </remarks>
internal sealed class AdapterConfig
{
    public const string FileName = "adapter_config.json";
    private readonly ConfigFields _fields;
    private readonly ModulePatterns _patterns;
    private readonly string[] _targets, _excluded;
    private readonly bool _isTargetPattern, _isExcludedPattern, _isRankStabilized;
    private readonly IReadOnlyList<int>? _layers;
    private readonly string[] _layerPatterns;
    private readonly int _rank;
    private readonly double _alpha;
    private readonly (string Pattern, double Value)[] _ranks, _alphas;

    private AdapterConfig(ConfigFields fields)
    {
        (_fields, _patterns) = (fields, new(fields.Source));
        if (fields.Text("peft_type") is var type and not "LORA") throw Unread(fields, "peft_type", type is null ? "missing" : $"\"{type}\"", "\"LORA\"");
        RefuseForms(fields);
        BaseModel = fields.Text("base_model_name_or_path");
        _rank = fields.Int32("r");
        _alpha = Alpha(fields, "lora_alpha", 8);
        _isRankStabilized = fields.FlagOrNull("use_rslora") ?? false;
        string bias = fields.Text("bias") ?? "none";
        if (bias is not ("none" or "all" or "lora_only")) throw fields.Unsupported("bias", $"\"{bias}\"", "none, all, lora_only");
        (HasAllBiases, HasAdaptedBiases) = (bias == "all", bias != "none");
        _ranks = Patterns(fields, "rank_pattern");
        _alphas = Patterns(fields, "alpha_pattern");
        (_targets, _isTargetPattern) = Names(fields, "target_modules");
        IsAllLinear = _isTargetPattern && _targets is ["all-linear"];
        (_excluded, _isExcludedPattern) = Names(fields, "exclude_modules");
        _layers = fields.Has("layers_to_transform") ? fields.Integers("layers_to_transform") : null;
        _layerPatterns = fields.Has("layers_pattern") ? [.. fields.TextOrTexts("layers_pattern") ?? []] : [];
        Saved = fields.Has("modules_to_save") ? [.. fields.Texts("modules_to_save") ?? []] : [];
    }

    public string Source => _fields.Source;
    /// <summary>Every linear layer is meant, by a word that PEFT itself writes out as a list.</summary>
    public bool IsAllLinear { get; }
    /// <summary>A path or a name on a hub; null: it is not said.</summary>
    public string? BaseModel { get; }

    /// <summary>Where the base model may lie on this machine: the path as it stands, or beside the adapter.</summary>
    /// <param name="folder">That of the adapter.</param>
    /// <returns>The folder that is there; else what the adapter says, which may be a name on a hub.</returns>
    /// <exception cref="CheckpointException">It names no base model.</exception>
    public string BasePlace(string folder)
    {
        if (BaseModel is not { Length: > 0 } named) throw new CheckpointException($"{Source} names no base model; give it: --model BASE --adapter {folder}.");
        string[] places = [named, Path.GetFullPath(Path.Combine(folder, "..", named))];
        return places.FirstOrDefault(Directory.Exists) ?? named;
    }
    /// <summary>Every bias of the model is stored with the adapter.</summary>
    public bool HasAllBiases { get; }
    /// <summary>The bias of every adapted layer is stored with the adapter.</summary>
    public bool HasAdaptedBiases { get; }
    /// <summary>Modules that are stored whole.</summary>
    public IReadOnlyList<string> Saved { get; }

    /// <exception cref="CheckpointException">It is not there, broken, or asks for a form that is not read.</exception>
    public static AdapterConfig Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new CheckpointException($"{folder} has no {FileName}: an adapter as PEFT saves it is needed.");
        return new(ConfigFields.Parse(FileFault.ReadSmall(path), path));
    }

    public int Rank(string module) => (int)Of(_ranks, module, _rank);

    /// <summary>By which B·A is multiplied: alpha / r, or alpha / √r.</summary>
    public float Scale(string module)
    {
        double alpha = Of(_alphas, module, _alpha), rank = Rank(module);
        return (float)(alpha / (_isRankStabilized ? Math.Sqrt(rank) : rank));
    }

    /// <summary>Whether the configuration says that a module is adapted.</summary>
    public bool IsTarget(string module) => IsInLayers(module)
        && !(_excluded.Length > 0 && IsNamed(module, _excluded, _isExcludedPattern))
        && (IsAllLinear || _targets.Length > 0 && IsNamed(module, _targets, _isTargetPattern));

    private bool IsNamed(string module, string[] names, bool isPattern) => isPattern
        ? _patterns.Match(module, names == _targets ? "target_modules" : "exclude_modules", names[0], @"\A(?:", @")\z").Success
        : names.Any(name => module == name || module.EndsWith($".{name}", StringComparison.Ordinal));

    /// <summary>layers_to_transform: the number after a part that layers_pattern names, or after any.</summary>
    private bool IsInLayers(string module)
    {
        if (_layers is null) return true;
        const string number = @"\.(\d+)\.";
        IEnumerable<Match> matches = _layerPatterns.Length == 0 ? [_patterns.Match(module, "layers_to_transform", "[^.]*", @"\A.*?\.", number)]
            : _layerPatterns.Select(name => _patterns.Match(module, "layers_pattern", name, @"\A.*\.(?:", $"){number}"));
        foreach (Match match in matches)
            if (match.Success && int.TryParse(match.Groups[^1].Value, out int layer)) return _layers.Contains(layer);
        return false;
    }

    /// <summary>The value of the first key that matches the module's name at its end.</summary>
    private double Of((string Pattern, double Value)[] patterns, string module, double otherwise)
    {
        foreach ((string pattern, double value) in patterns)
            if (_patterns.Match(module, patterns == _ranks ? "rank_pattern" : "alpha_pattern", pattern, @"\A(?:.*\.)?(?:", @")\z").Success) return value;
        return otherwise;
    }

    /// <summary>One that is finite in float32, in which values are scaled.</summary>
    private static double Alpha(ConfigFields fields, string name, double otherwise) => fields.Number(name, otherwise) is var alpha
        && float.IsFinite((float)alpha) ? alpha : throw fields.Unsupported(name, $"{alpha}", $"numbers up to {float.MaxValue} (float32)");

    private static (string[] Names, bool IsPattern) Names(ConfigFields fields, string name) => !fields.Has(name) ? ([], false)
        : fields.IsText(name) ? ([fields.Text(name)!], true) : ([.. fields.Texts(name) ?? []], false);

    private static (string, double)[] Patterns(ConfigFields fields, string name)
    {
        if (!fields.Has(name) || fields.Fields(name) is not { } patterns) return [];
        return [.. patterns.Names.Select(key => (key, name == "rank_pattern" ? patterns.Int32(key) : Alpha(patterns, key, 0)))];
    }

    private static CheckpointException Unread(ConfigFields fields, string name, string found, string supported) =>
        new($"{fields.Unsupported(name, found, supported).Message} Merge the adapter by PEFT (merge_and_unload), and give the merged model.");

    private static void RefuseForms(ConfigFields fields)
    {
        fields.WithoutEffect("auto_mapping", "task_type", "revision", "inference_mode", "peft_version", "lora_dropout", "megatron_core", "qalora_group_size",
            "runtime_config", "eva_config", "ensure_weight_tying", "fan_in_fan_out"); // the last is of Conv1D, which no encoder has: PEFT, too, passes over it
        foreach (string flag in fields.Names.Where(name => name is "lora_bias" || name.StartsWith("use_", StringComparison.Ordinal) && name != "use_rslora"))
            if (fields.FlagOrNull(flag) is true) throw Unread(fields, flag, "true", "false");
        foreach (string form in (string[])["alora_invocation_tokens", "arrow_config", "corda_config", "kasa_config", "layer_replication",
            "lora_ga_config", "megatron_config", "monteclora_config", "target_parameters", "trainable_token_indices",
            "velora_config"])
        {
            if (fields.Has(form)) throw Unread(fields, form, "given", "null");
            fields.WithoutEffect(form);
        }
        if (fields.Has("loftq_config") && fields.Fields("loftq_config") is { } loftq && loftq.Names.Any())
            throw Unread(fields, "loftq_config", "given", "{} or null");
        const string initial = "init_lora_weights";
        if (fields.IsText(initial))
        {
            string text = fields.Text(initial)!;
            if (text is not ("gaussian" or "orthogonal" or "eva"))
                throw Unread(fields, initial, $"\"{text}\" (the base model was changed)", "true, false, gaussian, orthogonal, eva");
        }
        else fields.WithoutEffect(initial);
    }
}
