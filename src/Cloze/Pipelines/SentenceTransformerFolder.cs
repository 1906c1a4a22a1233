using Cloze.Checkpoints;
using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>What a folder says about how texts become vectors: a sentence-transformers folder, or a plain checkpoint (mean pooling).</summary>
/// <remarks>
/// Source: sentence-transformers 6.2, <c>base/model.py</c>, <c>base/modules</c> and <c>sentence_transformer/modules</c>; spellings since 2020.
/// </remarks>
internal sealed record SentenceTransformerFolder
{
    /// <summary>Where config.json, the weights and the tokenizer lie.</summary>
    public required string EncoderFolder { get; init; }
    /// <summary>Whether there is no modules.json, so that the mean is a guess.</summary>
    public bool IsPlain { get; init; }
    public PoolingSettings Pooling { get; init; } = new([Ops.Pooling.Mean], IncludePrompt: true);
    /// <summary>What follows pooling, in order.</summary>
    public IReadOnlyList<EmbeddingModuleSettings> Modules { get; init; } = [];
    /// <summary>Tokens of a text, special ones included; null: what the tokenizer and the position table allow.</summary>
    public int? MaxTokens { get; init; }
    /// <summary>The file that says <see cref="MaxTokens"/>; null: none does.</summary>
    public string? LimitFile { get; init; }
    /// <summary>Lower-cases before the tokenizer's own normalizer.</summary>
    public bool LowerCase { get; init; }
    public IReadOnlyDictionary<string, string> Prompts { get; init; } = new Dictionary<string, string>();
    public string? DefaultPrompt { get; init; }
    public int? Dimensions { get; init; }

    /// <exception cref="CheckpointException">A file is malformed, or asks for what is not supported.</exception>
    public static SentenceTransformerFolder Read(string folder)
    {
        string modulesPath = Path.Combine(folder, ModuleEntry.FileName);
        if (!File.Exists(modulesPath)) return Settings(new() { EncoderFolder = folder, IsPlain = true }, folder);

        List<ModuleEntry> modules = ModuleEntry.ReadAll(folder);
        if (modules.Count == 0) throw new CheckpointException($"{modulesPath} lists no module; a Transformer and a Pooling are needed.");
        if (modules[0].Kind != "Transformer") throw modules[0].Refused("the first module must be Transformer");
        if (modules.Count < 2 || modules[1].Kind != "Pooling")
            throw (modules.Count < 2 ? modules[0] : modules[1]).Refused("a Pooling must follow the Transformer");
        List<EmbeddingModuleSettings> tail = [];
        foreach (ModuleEntry module in modules.Skip(2)) if (EmbeddingModuleSettings.Read(module) is { } settings) tail.Add(settings);
        return Settings(new()
        {
            EncoderFolder = modules[0].Folder,
            Pooling = PoolingSettings.Read(modules[1]),
            Modules = tail,
        }, folder);
    }

    /// <summary>With the limit beside the encoder and the prompts of the folder.</summary>
    private static SentenceTransformerFolder Settings(SentenceTransformerFolder read, string folder)
    {
        if (LengthFiles.Names.Select(name => Path.Combine(read.EncoderFolder, name)).FirstOrDefault(File.Exists) is { } limits)
        {
            ConfigFields config = Json(limits);
            if (config.Text("transformer_task") is { } task and not "feature-extraction")
                throw config.Unsupported("transformer_task", task, "feature-extraction");
            read = read with
            {
                MaxTokens = config.Int32OrNull("max_seq_length", minimum: 1),
                LimitFile = limits,
                LowerCase = config.Flag("do_lower_case", false),
            };
        }
        string promptsPath = Path.Combine(folder, "config_sentence_transformers.json");
        if (!File.Exists(promptsPath)) return read;

        ConfigFields model = Json(promptsPath);
        if (model.Text("model_type") is { } type and not "SentenceTransformer") throw model.Unsupported("model_type", type, "SentenceTransformer");
        ConfigFields? prompts = model.Fields("prompts");
        string? byDefault = model.Text("default_prompt_name");
        Dictionary<string, string> texts = [];
        foreach (string name in prompts?.Names ?? []) texts[name] = prompts!.Text(name) ?? "";
        if (byDefault is not null && !texts.ContainsKey(byDefault))
            throw model.Unsupported("default_prompt_name", byDefault, $"a name of prompts ({string.Join(", ", texts.Keys)})");
        return read with { Prompts = texts, DefaultPrompt = byDefault, Dimensions = model.Int32OrNull("truncate_dim", minimum: 1) };
    }

    internal static ConfigFields Json(string path)
    {
        if (!File.Exists(path)) throw new CheckpointException($"{path} is missing.");
        return ConfigFields.Parse(FileFault.ReadSmall(path), path);
    }
}

/// <summary>How the tokens of a text become one vector.</summary>
/// <param name="Modes">Concatenated in this order.</param>
/// <param name="IncludePrompt">False: the prompt's tokens are left out.</param>
internal sealed record PoolingSettings(IReadOnlyList<Pooling> Modes, bool IncludePrompt)
{
    public static PoolingSettings Read(ModuleEntry module)
    {
        ConfigFields config = SentenceTransformerFolder.Json(Path.Combine(module.Folder, "config.json"));
        Pooling[] modes = config.TextOrTexts("pooling_mode") is { } names
            ? [.. names.Select(name => PoolingModes.Parse(name) ?? throw config.Unsupported("pooling_mode", name, PoolingModes.Known))]
            : [.. PoolingModes.All.Where(mode => config.Flag(mode.Flag, false)).Select(mode => mode.Pooling)];
        if (!config.Has("word_embedding_dimension") && !config.Has("embedding_dimension"))
            throw new CheckpointException($"{config.Source}: word_embedding_dimension is missing, which sentence-transformers needs; it is the model's hidden_size.");
        return new(modes.Length == 0 ? [Pooling.Mean] : modes, config.Flag("include_prompt", true));
    }
}
