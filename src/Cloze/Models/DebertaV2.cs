using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that DeBERTa reads, in all its versions.</summary>
public sealed record DebertaV2Config : IMaskDecoding
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public required int IntermediateSize { get; init; }
    /// <summary>Width of the word, position and type tables; default: the hidden size.</summary>
    public int? EmbeddingSize { get; init; }
    public int MaxPositionEmbeddings { get; init; } = 512;
    public int TypeVocabSize { get; init; }
    public int? PadTokenId { get; init; } = 0;
    public double LayerNormEps { get; init; } = 1e-7;
    public float HiddenDropoutProb { get; init; } = 0.1f;
    public float AttentionProbsDropoutProb { get; init; } = 0.1f;
    public Activation HiddenAct { get; init; } = Activation.Gelu;

    public bool RelativeAttention { get; init; }
    /// <summary>"c2p" (content to position), "p2c" (position to content), as config.json lists them; others are counted by some scales and do nothing.</summary>
    public IReadOnlyList<string> PosAttType { get; init; } = [];
    /// <summary>Distances beyond it are one; below 1: the size of the position table.</summary>
    public int MaxRelativePositions { get; init; } = -1;
    /// <summary>Rows for each direction of distance, logarithmic beyond half of them; below 1: one row a distance.</summary>
    public int PositionBuckets { get; init; } = -1;
    /// <summary>Relative positions are projected by the queries' and the keys' own matrices.</summary>
    public bool ShareAttKey { get; init; }
    /// <summary>"layer_norm" where the relative table is normed.</summary>
    public IReadOnlyList<string> NormRelEbd { get; init; } = [];
    /// <summary>Absolute positions enter with the words, instead of in the mask decoder.</summary>
    public bool PositionBiasedInput { get; init; } = true;
    /// <summary>Heads are mixed before and after the softmax; version 1 only, the others do not look at it.</summary>
    public bool TalkingHead { get; init; }
    /// <summary>0: no convolution.</summary>
    public int ConvKernelSize { get; init; }
    public Activation ConvAct { get; init; } = Activation.Tanh;
    public int ConvGroups { get; init; } = 1;

    /// <summary>Width of the pooler; default: the hidden size, which is the only one that the reference can run.</summary>
    public int? PoolerHiddenSize { get; init; }
    public float PoolerDropout { get; init; }
    public Activation PoolerHiddenAct { get; init; } = Activation.Gelu;
    /// <summary>Of the sequence classifier; default: the hidden dropout.</summary>
    public float? ClsDropout { get; init; }
    /// <summary>Whether the masked-LM decoder is the word table.</summary>
    public bool TieWordEmbeddings { get; init; } = true;
    /// <summary>Whether the file names the masked-LM head cls.predictions, as the reference does, or lm_predictions.lm_head, as the authors do.</summary>
    public bool HasReferenceHeadNames { get; init; }
    /// <summary>
    /// Whether masked words are predicted through the enhanced mask decoder; default: in an original where positions do not enter with the words.
    /// </summary>
    public bool? HasMaskDecoder { get; init; }

    /// <summary>Whether the numbers are those of the authors' code: neither config.json nor the head for masked words is the reference's.</summary>
    public bool IsOriginal { get; init; } = true;
    /// <summary>Which head names the reference's class reads: its own, or those of the authors; null: those that the file holds.</summary>
    public bool? Legacy { get; init; }
    /// <summary>Standard deviation of a random start.</summary>
    public double InitializerRange { get; init; } = 0.02;

    private sealed record Sizes(int Hidden, int Layers, int Heads, int Intermediate);
    private static readonly Sizes s_base = new(768, 12, 12, 3072);

    public static TensorNames Names { get; } = new(["deberta", "bert"],
        ("deberta.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
        ("cls.predictions.bias", "cls.predictions.decoder.bias"), ("cls.predictions.decoder.bias", "cls.predictions.bias"));

    /// <summary>As the config.json of version 2 or 3 says, with the defaults of the code that is followed (transformers configuration_deberta_v2.py).</summary>
    /// <param name="file">Whose head tells that code where config.json does not; null: nothing is stored yet.</param>
    public static DebertaV2Config Read(ConfigFields config, IStoredTensors? file = null)
    {
        DebertaV2Config read = ReadCommon(config, file, new Sizes(1536, 24, 24, 6144)) with
        {
            PositionBuckets = config.Int32("position_buckets", -1, minimum: int.MinValue),
            ShareAttKey = config.Flag("share_att_key", false),
            NormRelEbd = Words(config, "norm_rel_ebd", "none", "layer_norm"),
            ConvKernelSize = config.Int32("conv_kernel_size", 0, minimum: 0),
            ConvAct = config.Activation("conv_act", Activation.Tanh),
            ConvGroups = config.Int32("conv_groups", 1, minimum: 1),
        };
        config.RequireMultiple("hidden_size", read.HiddenSize, "conv_groups", read.ConvGroups);
        if (read.ConvKernelSize > 0 && read.ConvKernelSize % 2 == 0) throw config.Unsupported("conv_kernel_size", $"{read.ConvKernelSize}", "odd widths, or 0");
        if (read.PositionBuckets == 1) throw config.Unsupported("position_buckets", "1, half of which is no bucket", "2 or more, or -1 for none");
        int headSize = read.HiddenSize / read.NumAttentionHeads;
        if (config.Int32OrNull("attention_head_size") is int found && found != headSize)
            throw config.Unsupported("attention_head_size", $"{found}", $"{headSize}, which follows from the other sizes");
        return read;
    }

    /// <summary>As the config.json of version 1 says (transformers configuration_deberta.py): what only later versions have is not read.</summary>
    internal static DebertaV2Config ReadVersion1(ConfigFields config, IStoredTensors? file = null) =>
        ReadCommon(config, file, s_base) with { TalkingHead = config.Flag("talking_head", false) };

    /// <param name="absent">Of the reference's class; the authors' code has one for all versions.</param>
    private static DebertaV2Config ReadCommon(ConfigFields config, IStoredTensors? file, Sizes absent)
    {
        bool isOriginal = IsOfAuthors(config, file);
        if (isOriginal) absent = s_base;
        DebertaV2Config read = new()
        {
            VocabSize = config.Int32("vocab_size"),
            HiddenSize = config.Int32("hidden_size", absent.Hidden, minimum: 1),
            NumHiddenLayers = config.Layers("num_hidden_layers", absent.Layers),
            NumAttentionHeads = config.Int32("num_attention_heads", absent.Heads, minimum: 1),
            IntermediateSize = config.Int32("intermediate_size", absent.Intermediate, minimum: 1),
            EmbeddingSize = config.Int32OrNull("embedding_size", minimum: 1, ConfigFields.Largest),
            MaxPositionEmbeddings = config.Int32("max_position_embeddings", 512, minimum: 1),
            TypeVocabSize = config.Int32("type_vocab_size", 0, minimum: 0),
            PadTokenId = config.PaddingRow(config.Has("padding_idx") ? "padding_idx" : "pad_token_id", absent: 0),
            LayerNormEps = config.Number("layer_norm_eps", 1e-7, minimum: 0),
            HiddenDropoutProb = config.Rate("hidden_dropout_prob", 0.1),
            AttentionProbsDropoutProb = config.Rate("attention_probs_dropout_prob", 0.1),
            HiddenAct = config.Activation("hidden_act", Activation.Gelu),
            RelativeAttention = config.Flag("relative_attention", false),
            PosAttType = isOriginal && !config.Has("pos_att_type") ? ["c2p"] : Words(config, "pos_att_type", "c2p", "p2c", "p2p", "none"),
            MaxRelativePositions = config.Int32("max_relative_positions", -1, minimum: int.MinValue),
            PositionBiasedInput = config.Flag("position_biased_input", true),
            PoolerHiddenSize = config.Int32OrNull("pooler_hidden_size", minimum: 1, ConfigFields.Largest),
            PoolerDropout = config.Rate("pooler_dropout", 0),
            PoolerHiddenAct = config.Activation("pooler_hidden_act", Activation.Gelu),
            ClsDropout = config.RateOrNull("cls_dropout"),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", true),
            IsOriginal = isOriginal,
            Legacy = config.FlagOrNull("legacy"),
            HasReferenceHeadNames = !isOriginal && config.FlagOrNull("legacy") is not false,
            InitializerRange = config.Number("initializer_range", 0.02, minimum: 0),
        };
        config.RequireMultiple("hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        if (isOriginal && read.RelativeAttention && read.PosAttType.Contains("p2p"))
            throw config.Unsupported("pos_att_type", "\"p2p\"", "c2p and p2c: the authors' code fails at p2p, and the reference's class does nothing for it");
        return read;
    }

    /// <summary>
    /// Decided once, before any default: config.json names no class of the reference, and the file holds no head of such a class, or beside it all that the
    /// authors' code needs for its own.
    /// </summary>
    private static bool IsOfAuthors(ConfigFields config, IStoredTensors? file)
    {
        if (config.Texts("architectures") is [string className, ..] && className.StartsWith("Deberta", StringComparison.Ordinal)) return false;
        if (file is null || !file.Holds(ReferenceHead)) return true;
        return file.Holds("lm_predictions.lm_head.bias") && (config.Flag("position_biased_input", true) || file.Holds(PositionTable));
    }

    private const string ReferenceHead = "cls.predictions.bias", PositionTable = "deberta.embeddings.position_embeddings.weight";

    /// <summary>Words between bars, or a list, or none.</summary>
    private static string[] Words(ConfigFields config, string name, params string[] supported)
    {
        IEnumerable<string> given = config.IsText(name) ? config.Text(name)!.Split('|') : config.Texts(name) ?? [];
        string[] words = [.. given.Select(word => word.Trim().ToLowerInvariant()).Where(word => word.Length > 0)];
        foreach (string word in words)
            if (!supported.Contains(word)) throw config.Unsupported(name, $"\"{word}\"", string.Join(", ", supported));
        return words;
    }

    /// <summary>With what the file says and config.json does not.</summary>
    public DebertaV2Config AsStored(IStoredTensors file) => this with
    {
        TieWordEmbeddings = TieWordEmbeddings && !file.HoldsOwn("cls.predictions.decoder.weight", "deberta.embeddings.word_embeddings.weight"),
        HasReferenceHeadNames = !IsOriginal && (Legacy ?? file.Holds(ReferenceHead)),
        HasMaskDecoder = IsOriginal && !PositionBiasedInput && file.Holds(PositionTable),
    };

    public bool UsesMaskDecoder => HasMaskDecoder ?? (IsOriginal && !PositionBiasedInput);
    internal InputLimits Limits
    {
        get
        {
            InputLimits free = new(VocabSize, TypeVocabSize > 0 ? TypeVocabSize : null, Trained: MaxPositionEmbeddings);
            return PositionBiasedInput || UsesMaskDecoder ? free with { Positions = MaxPositionEmbeddings, Trained = null } : free;
        }
    }
    public int Embedding => EmbeddingSize ?? HiddenSize;
    /// <summary>What the scale of a score counts in version 1: content, and all that pos_att_type lists.</summary>
    internal int TermsOfVersion1 => IsOriginal ? Named("c2p", "p2c", "p2p") : 1 + PosAttType.Count;
    /// <summary>The same in versions 2 and 3.</summary>
    internal int Terms => IsOriginal ? TermsOfVersion1 : Named("c2p", "p2c");
    private int Named(params ReadOnlySpan<string> types)
    {
        int terms = 1;
        foreach (string type in types) terms += PosAttType.Contains(type) ? 1 : 0;
        return terms;
    }
    public bool SeesPositionsOfKeys => RelativeAttention && PosAttType.Contains("c2p");
    public bool SeesPositionsOfQueries => RelativeAttention && PosAttType.Contains("p2c");
    public RelativeBuckets Buckets
    {
        get
        {
            int farthest = MaxRelativePositions < 1 ? MaxPositionEmbeddings : MaxRelativePositions;
            return PositionBuckets < 1 ? new(farthest, 0, farthest) : new(PositionBuckets, PositionBuckets, farthest, IsOriginal);
        }
    }
}

/// <summary>DeBERTa v2 and v3: attention in which content and distance are separate vectors, and see each other.</summary>
/// <remarks>He et al. 2020, arXiv:2006.03654; 2021, arXiv:2111.09543; transformers modeling_deberta_v2.py.</remarks>
public sealed class DebertaV2<T> : IDebertaEncoder<T> where T : class
{
    private readonly DebertaStream<T> _stream;

    public DebertaV2(DebertaV2Config config, IWeights<T> weights) : this(config, weights, EmbeddingSharing.None, generator: null) { }

    internal DebertaV2(DebertaV2Config config, IWeights<T> weights, EmbeddingSharing sharing, IWeights<T>? generator)
    {
        int h = config.HiddenSize;
        HiddenSize = h;
        Limits = config.Limits;
        DebertaEmbeddings<T> embeddings = new(config, weights.Under("embeddings"), sharing, generator?.Under("embeddings"));
        IWeights<T> encoder = weights.Under("encoder");
        Derived<T>? distances = config.RelativeAttention ? Distances(config, encoder) : null;
        DebertaLayer<T>[] layers = new DebertaLayer<T>[config.NumHiddenLayers];
        for (int i = 0; i < layers.Length; i++)
        {
            IWeights<T> layer = encoder.Under($"layer.{i}"), self = layer.Under("attention.self");
            LinearWeights<T> qkv = self.Linear(["query_proj", "key_proj", "value_proj"], h, h);
            DebertaV2Convolution<T>? convolution = i == 0 && config.ConvKernelSize > 0 ? new(config, encoder.Under("conv")) : null;
            layers[i] = new(config, i, layer, qkv, Attention(config, self, qkv, distances), convolution);
        }
        _stream = new(embeddings, layers);
    }

    public int HiddenSize { get; }

    public InputLimits Limits { get; }

    public PositionRule Positions => PositionRules.Columns;

    public T Words => _stream.Words;

    public DebertaLayer<T> LastLayer => _stream.LastLayer;

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null, RowSet? rows = null) => _stream.Forward(ops, batch, keep, rows);

    public T ForwardBelowLast(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep) => _stream.ForwardBelowLast(ops, batch, keep);

    /// <summary>Distances are projected by matrices of their own, or by those of the content's queries and keys.</summary>
    private static AttentionSpec<T> Attention(DebertaV2Config config, IWeights<T> self, LinearWeights<T> qkv, Derived<T>? distances)
    {
        int h = config.HiddenSize;
        bool keys = config.SeesPositionsOfKeys, queries = config.SeesPositionsOfQueries;
        return DebertaLayer<T>.Attention(config, config.Terms, distances,
            keys: !keys ? null : config.ShareAttKey ? self.Outputs(qkv, h, h) : self.Linear("pos_key_proj", h, h),
            queries: !queries ? null : config.ShareAttKey ? self.Outputs(qkv, 0, h) : self.Linear("pos_query_proj", h, h));
    }

    /// <summary>A row for each distance, shared by the layers: [2S,H].</summary>
    private static Derived<T> Distances(DebertaV2Config config, IWeights<T> encoder)
    {
        T table = encoder.Table(2 * config.Buckets.Span, config.HiddenSize, "rel_embeddings.weight");
        if (!config.NormRelEbd.Contains("layer_norm")) return new(ops => table);
        NormWeights<T> norm = encoder.Norm("LayerNorm", config.HiddenSize, config.LayerNormEps);
        return new(ops => ops.LayerNorm(table, norm));
    }
}

/// <summary>LayerNorm(output of the first layer + act(convolution of its input)).</summary>
internal sealed class DebertaV2Convolution<T>(DebertaV2Config config, IWeights<T> weights) where T : class
{
    private readonly ConvolutionWeights<T> _convolution = new(
        weights.Kernel(config.HiddenSize, config.HiddenSize / config.ConvGroups, config.ConvKernelSize, "conv.weight"),
        weights.Bias(config.HiddenSize, "conv.bias"), config.ConvKernelSize, config.ConvGroups);
    private readonly NormWeights<T> _norm = weights.Norm("LayerNorm", config.HiddenSize, config.LayerNormEps);

    public T Forward(IOps<T> ops, T x, T output, TokenBatch batch, RowSet? rows) =>
        ops.LayerNorm(ops.Add(output, ops.Chosen(ops.Convolution(x, _convolution, batch, config.ConvAct, config.HiddenDropoutProb), rows)), _norm);
}

/// <summary>What the discriminator's word and position tables are.</summary>
public enum EmbeddingSharing
{
    /// <summary>Its own.</summary>
    None,
    /// <summary>The generator's, which both losses train.</summary>
    Es,
    /// <summary>The generator's, through which no gradient flows, plus a residual of its own (gradient-disentangled).</summary>
    Gdes,
}

/// <summary>A table, or the sum of two: rows of <paramref name="Stopped"/>, which learn elsewhere, plus rows of <paramref name="Own"/>.</summary>
internal readonly record struct SharedTable<T>(T Own, T? Stopped = null) where T : class
{
    public static SharedTable<T> Of(
        EmbeddingSharing sharing, IWeights<T> weights, IWeights<T>? generator, int rows, int columns, string name, int? padding = null) => sharing switch
        {
            EmbeddingSharing.Es => new(generator!.Table(rows, columns, $"{name}.weight", padding)),
            EmbeddingSharing.Gdes => new(
                weights.Table(rows, columns, $"{name}._weight", padding), Stopped: generator!.Table(rows, columns, $"{name}.weight", padding)),
            _ => new(weights.Table(rows, columns, $"{name}.weight", padding)),
        };

    public T Embedding(IOps<T> ops, Rows rows, T? addTo = null)
    {
        if (Stopped is not null) addTo = ops.Embedding(ops.StopGradient(Stopped), rows, addTo);
        return ops.Embedding(Own, rows, addTo);
    }
}

/// <summary>Both networks of DeBERTaV3's pretraining.</summary>
public sealed record DebertaV3PretrainingConfig(DebertaV2Config Generator, DebertaV2Config Discriminator, EmbeddingSharing EmbeddingSharing)
{
    /// <summary>Weight of the discriminator's loss; 50 in the paper.</summary>
    public float RtdLambda { get; init; } = 10;

    /// <summary>Whether config.json describes both networks.</summary>
    public static bool Describes(ConfigFields config) => config.Has("generator") && config.Has("discriminator");

    /// <summary>As the authors' configurations say (microsoft/DeBERTa experiments, rtd_*.json).</summary>
    public static DebertaV3PretrainingConfig Read(ConfigFields config) => new(
        DebertaV2Config.Read(PretrainedConfig.Network(config, "generator", "deberta-v2")),
        DebertaV2Config.Read(PretrainedConfig.Network(config, "discriminator", "deberta-v2")),
        config.Text("embedding_sharing")?.ToLowerInvariant() switch
        {
            "es" => EmbeddingSharing.Es,
            "gdes" => EmbeddingSharing.Gdes,
            _ => EmbeddingSharing.None,   // as the authors' code reads any other word
        })
    {
        RtdLambda = (float)config.Number("rtd_lambda", 10, minimum: 0),
    };

    /// <summary>With what the file says: a residual that has been added to the generator's table is stored no more.</summary>
    public DebertaV3PretrainingConfig AsStored(IStoredTensors file)
    {
        const string Words = "discriminator.deberta.embeddings.word_embeddings";
        return EmbeddingSharing == EmbeddingSharing.Gdes && file.Holds($"{Words}.weight") && !file.Holds($"{Words}._weight")
            ? this with { EmbeddingSharing = EmbeddingSharing.None }
            : this;
    }
}

/// <summary>DeBERTa v2 and v3 as the registry lists it.</summary>
public sealed class DebertaV2Architecture : IArchitecture
{
    private const string Common = """
        "model_type":"deberta-v2","vocab_size":128100,"max_position_embeddings":512,"type_vocab_size":0,"relative_attention":true,"pos_att_type":"p2c|c2p",
        "position_buckets":256,"share_att_key":true,"norm_rel_ebd":"layer_norm","position_biased_input":false
        """;

    private const string ExtraLarge = $$"""{{Common}},"conv_kernel_size":3,"conv_act":"gelu","hidden_size":1536,"num_attention_heads":24,"intermediate_size":6144""";

    public IReadOnlyList<string> ModelTypes { get; } = ["deberta-v2"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = new Dictionary<string, ModelTask>(ReferenceClasses.Of(["DebertaV2"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.SequenceClassification, ModelTask.TokenClassification,
        ModelTask.QuestionAnswering, ModelTask.MultipleChoice))
    {
        ["MaskedLanguageModel"] = ModelTask.MaskedLm,   // of the authors' code, as the next
        ["RTDModel"] = ModelTask.PreTraining,
    };

    public TensorNames Names => DebertaV2Config.Names;

    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["deberta-v2-xlarge"] = $$"""{{{ExtraLarge}},"num_hidden_layers":24}""",
        ["deberta-v2-xxlarge"] = $$"""{{{ExtraLarge}},"num_hidden_layers":48}""",
        ["deberta-v3-xsmall"] = $$"""{{{Common}},"hidden_size":384,"num_hidden_layers":12,"num_attention_heads":6,"intermediate_size":1536}""",
        ["deberta-v3-small"] = $$"""{{{Common}},"hidden_size":768,"num_hidden_layers":6,"num_attention_heads":12,"intermediate_size":3072}""",
        ["deberta-v3-base"] = $$"""{{{Common}},"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,"intermediate_size":3072}""",
        ["deberta-v3-large"] = $$"""{{{Common}},"hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096}""",
    };

    public bool Recognises(IEnumerable<string> stored) =>
        stored.Any(name => name.EndsWith("encoder.layer.0.attention.self.query_proj.weight", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file)
    {
        if (DebertaV3PretrainingConfig.Describes(config))
        {
            DebertaV3PretrainingConfig pair = DebertaV3PretrainingConfig.Read(config);
            return file is null ? pair : pair.AsStored(file);
        }
        DebertaV2Config read = DebertaV2Config.Read(config, file);
        return file is null ? read : read.AsStored(file);
    }

    /// <remarks>The convolution's bias starts as torch.nn.Conv1d's, the residual tables of a discriminator as zeros (microsoft/DeBERTa rtd_task.py).</remarks>
    public InitialValues Initial(object config, TensorRequest request)
    {
        DebertaV2Config read = config is DebertaV3PretrainingConfig pair
            ? request.Name.StartsWith("generator.", StringComparison.Ordinal) ? pair.Generator : pair.Discriminator
            : (DebertaV2Config)config;
        if (request.Name.EndsWith("encoder.conv.conv.bias", StringComparison.Ordinal))
            return new InitialValues.Uniform(1 / Math.Sqrt((double)read.HiddenSize / read.ConvGroups * read.ConvKernelSize));
        return request.Name.EndsWith("embeddings._weight", StringComparison.Ordinal)
            ? new InitialValues.Constant(0)
            : InitialValues.Of(request, read.InitializerRange);
    }

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class => null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        if (config is DebertaV3PretrainingConfig pair)
        {
            ReferenceClasses.RequirePreTraining(task);
            ReplacedTokenPretraining<T> both = DebertaHeads.Pretraining(pair, weights);
            return new(both.Generator.Encoder, both, GlobalRules.None, DebertaHeads.Labels(pair.Generator));
        }
        DebertaV2Config read = (DebertaV2Config)config;
        if (task != ModelTask.MaskedLm) read = read with { HasMaskDecoder = false }; // its table of positions would limit the length
        return DebertaHeads.Model(read, task, labels, weights, new DebertaV2<T>(read, weights.Under("deberta")));
    }
}

/// <summary>The heads of DeBERTa 1, 2 and 3 under their stored names.</summary>
public static class DebertaHeads
{
    /// <summary>The head of a task on an encoder of any version.</summary>
    internal static EncoderModel<T> Model<T>(DebertaV2Config config, ModelTask task, int labels, IWeights<T> weights, IDebertaEncoder<T> deberta)
        where T : class
    {
        object? head = task switch
        {
            ModelTask.Base => null,
            ModelTask.MaskedLm => MaskedWords(config, weights, deberta),
            ModelTask.PreTraining => ReplacedToken(config, weights),
            ModelTask.SequenceClassification => SequenceClassification(config, weights, labels),
            ModelTask.TokenClassification => BertHeads.TokenClassification(config.HiddenSize, weights, labels, config.HiddenDropoutProb),
            ModelTask.QuestionAnswering => BertHeads.QuestionAnswering(config.HiddenSize, weights),
            ModelTask.MultipleChoice => MultipleChoice(config, weights),
            _ => throw ReferenceClasses.NoSuchHead("DeBERTa", task),
        };
        return new(deberta, head, GlobalRules.None, Labels(config));
    }

    internal static LabelRules Labels(DebertaV2Config config) =>
        new(IgnoresZero: config.IsOriginal, IgnoresNegative: true, FloatsAre: ProblemType.SoftLabels);

    /// <exception cref="CheckpointException">Its width is not the layers'.</exception>
    public static Pooler<T> Pooler<T>(DebertaV2Config config, IWeights<T> weights) where T : class => config.PoolerHiddenSize is { } width && width != config.HiddenSize
        ? throw new CheckpointException($"pooler_hidden_size is {width} in config.json; the pooler reads states of hidden_size, {config.HiddenSize}, and needs that width.")
        : new(weights.Linear("pooler.dense", config.HiddenSize, config.HiddenSize), config.PoolerHiddenAct, config.PoolerDropout);

    /// <summary>Masked words through the mask decoder, unless positions have entered with the words.</summary>
    public static IMaskedLm<T> MaskedWords<T>(DebertaV2Config config, IWeights<T> weights, IDebertaEncoder<T> deberta) where T : class
    {
        EnhancedMaskDecoder<T>? decoder = config.UsesMaskDecoder ? new(config, weights.Under("deberta"), deberta.LastLayer) : null;
        MaskedLmHead<T> head = MaskedLm(config, weights, deberta.Words);
        return decoder is null ? new MaskedLm<T>(deberta, head) : new DebertaMaskedLm<T>(deberta, decoder, head);
    }

    public static MaskedLmHead<T> MaskedLm<T>(DebertaV2Config config, IWeights<T> weights, T words) where T : class
    {
        int e = config.Embedding, v = config.VocabSize;
        IWeights<T> predictions = weights.Under(config.HasReferenceHeadNames ? "cls.predictions" : "lm_predictions.lm_head");
        IWeights<T> transform = config.HasReferenceHeadNames ? predictions.Under("transform") : predictions;
        return new(
            new(transform.Linear("dense", e, config.HiddenSize), config.HiddenAct, transform.Norm("LayerNorm", e, config.LayerNormEps)),
            config.TieWordEmbeddings ? new(words, predictions.Bias(v, "bias")) : predictions.Linear("decoder", v, e));
    }

    /// <summary>Of the discriminator.</summary>
    public static ReplacedTokenHead<T> ReplacedToken<T>(DebertaV2Config config, IWeights<T> weights) where T : class
    {
        int h = config.HiddenSize;
        IWeights<T> predictions = weights.Under("mask_predictions");
        return new(
            predictions.Linear("dense", h, h), config.HiddenAct, predictions.Linear("classifier", 1, h), predictions.Norm("LayerNorm", h, config.LayerNormEps));
    }

    /// <summary>Both networks of a pair, whose tables are one where they are shared.</summary>
    /// <remarks>
    /// microsoft/DeBERTa apps/tasks/rtd_task.py. Where the generator takes its step before the discriminator (the original's default), that one reads the new
    /// table.
    /// </remarks>
    public static ReplacedTokenPretraining<T> Pretraining<T>(DebertaV3PretrainingConfig config, IWeights<T> weights) where T : class
    {
        IWeights<T> generator = weights.Under("generator"), discriminator = weights.Under("discriminator");
        DebertaV2<T> detecting = new(config.Discriminator, discriminator.Under("deberta"), config.EmbeddingSharing, generator.Under("deberta"));
        return new(
            MaskedWords(config.Generator, generator, new DebertaV2<T>(config.Generator, generator.Under("deberta"))),
            new(detecting, ReplacedToken(config.Discriminator, discriminator)), config.RtdLambda);
    }

    public static SequenceClassificationHead<T> SequenceClassification<T>(DebertaV2Config config, IWeights<T> weights, int labels) where T : class =>
        new(Pooler(config, weights), weights.Linear("classifier", labels, config.HiddenSize), config.ClsDropout ?? config.HiddenDropoutProb);

    public static MultipleChoiceHead<T> MultipleChoice<T>(DebertaV2Config config, IWeights<T> weights) where T : class =>
        new(SequenceClassification(config, weights, labels: 1));
}
