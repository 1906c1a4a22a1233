using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that ALBERT reads.</summary>
public sealed record AlbertConfig
{
    public required int VocabSize { get; init; }
    /// <summary>Width of the tables.</summary>
    public int EmbeddingSize { get; init; } = 128;
    public required int HiddenSize { get; init; }
    /// <summary>How often a layer is applied; the stored layers are fewer.</summary>
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public required int IntermediateSize { get; init; }
    /// <summary>Groups that the steps are divided among, evenly and in order.</summary>
    public int NumHiddenGroups { get; init; } = 1;
    /// <summary>Stored layers of a group; each step applies all of them.</summary>
    public int InnerGroupNum { get; init; } = 1;
    public int MaxPositionEmbeddings { get; init; } = 512;
    public int TypeVocabSize { get; init; } = 2;
    public int? PadTokenId { get; init; } = 0;
    public double LayerNormEps { get; init; } = 1e-12;
    public float HiddenDropoutProb { get; init; }
    public float AttentionProbsDropoutProb { get; init; }
    public float? ClassifierDropoutProb { get; init; } = 0.1f;
    public Activation HiddenAct { get; init; } = Activation.GeluTanh;
    public PositionEmbeddingType PositionEmbeddingType { get; init; }
    /// <summary>Whether the masked-LM decoder is the word table.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Whether the file holds a pooler.</summary>
    public bool HasPooler { get; init; } = true;
    /// <summary>Standard deviation of a random start.</summary>
    public double InitializerRange { get; init; } = 0.02;

    public static TensorNames Names { get; } = new(["albert"],
        ("albert.embeddings.word_embeddings.weight", "predictions.decoder.weight"),
        ("predictions.bias", "predictions.decoder.bias"), ("predictions.decoder.bias", "predictions.bias"));

    /// <summary>
    /// As config.json says, with the reference's defaults for what has one size in all published models (transformers configuration_albert.py).
    /// </summary>
    public static AlbertConfig Read(ConfigFields config)
    {
        config.WithoutEffect("net_structure_type", "gap_size", "num_memory_blocks", "down_scale_factor", "layers_to_keep");
        AlbertConfig read = new()
        {
            VocabSize = config.Int32("vocab_size"),
            EmbeddingSize = config.Int32("embedding_size", 128, minimum: 1),
            HiddenSize = config.Int32("hidden_size", 4096, minimum: 1),
            NumHiddenLayers = config.Layers("num_hidden_layers", 12),
            NumAttentionHeads = config.Int32("num_attention_heads", 64, minimum: 1),
            IntermediateSize = config.Int32("intermediate_size", 16384, minimum: 1),
            NumHiddenGroups = config.Int32("num_hidden_groups", 1, minimum: 1, maximum: 1000),
            InnerGroupNum = config.Int32("inner_group_num", 1, minimum: 1, maximum: 1000),
            MaxPositionEmbeddings = config.Int32("max_position_embeddings", 512, minimum: 1),
            TypeVocabSize = config.Int32("type_vocab_size", 2, minimum: 1),
            PadTokenId = config.PaddingRow("pad_token_id", absent: 0),
            LayerNormEps = config.Number("layer_norm_eps", 1e-12, minimum: 0),
            HiddenDropoutProb = config.Rate("hidden_dropout_prob", 0),
            AttentionProbsDropoutProb = config.Rate("attention_probs_dropout_prob", 0),
            ClassifierDropoutProb = config.Has("classifier_dropout_prob") ? config.RateOrNull("classifier_dropout_prob") : 0.1f,
            HiddenAct = config.Activation("hidden_act", Activation.GeluTanh),
            PositionEmbeddingType = PositionEmbeddings.Read(config),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", true),
            InitializerRange = config.Number("initializer_range", 0.02, minimum: 0),
        };
        config.RequireMultiple("hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        return read;
    }

    /// <summary>With what the file says and config.json does not.</summary>
    public AlbertConfig AsStored(IStoredTensors file) => this with
    {
        TieWordEmbeddings = TieWordEmbeddings && !file.HoldsOwn("predictions.decoder.weight", "albert.embeddings.word_embeddings.weight"),
        HasPooler = file.Holds("albert.pooler.weight"),
    };

    /// <summary>The BERT whose embeddings these are.</summary>
    internal BertConfig ToBert() => new()
    {
        VocabSize = VocabSize,
        HiddenSize = EmbeddingSize,
        NumHiddenLayers = 0,
        NumAttentionHeads = 1,
        IntermediateSize = 0,
        MaxPositionEmbeddings = MaxPositionEmbeddings,
        TypeVocabSize = TypeVocabSize,
        PadTokenId = PadTokenId,
        LayerNormEps = LayerNormEps,
        HiddenDropoutProb = HiddenDropoutProb,
        PositionEmbeddingType = PositionEmbeddingType,
    };
}

/// <summary>ALBERT: BERT whose layers share their weights, over narrow tables.</summary>
/// <remarks>Lan et al. 2019, arXiv:1909.11942; transformers modeling_albert.py.</remarks>
public sealed class Albert<T> : IEncoder<T> where T : class
{
    private readonly BertEmbeddings<T> _embeddings;
    private readonly LinearWeights<T> _project;
    private readonly AlbertLayer<T>[] _steps;

    public Albert(AlbertConfig config, IWeights<T> weights)
    {
        Limits = config.ToBert().Limits;
        HiddenSize = config.HiddenSize;
        _embeddings = new(config.ToBert(), weights.Under("embeddings"));
        IWeights<T> encoder = weights.Under("encoder");
        _project = encoder.Linear("embedding_hidden_mapping_in", config.HiddenSize, config.EmbeddingSize);
        _steps = new AlbertLayer<T>[config.NumHiddenLayers * config.InnerGroupNum];
        for (int i = 0; i < _steps.Length; i++)
        {
            (int step, int inner) = Math.DivRem(i, config.InnerGroupNum);
            int group = (int)(step / ((double)config.NumHiddenLayers / config.NumHiddenGroups));
            int before = i - config.InnerGroupNum; // the same layer of the step before, if that is of the same group
            bool isSame = before >= 0 && group == (int)((step - 1) / ((double)config.NumHiddenLayers / config.NumHiddenGroups));
            _steps[i] = isSame ? _steps[before] : new(config, encoder.Under($"albert_layer_groups.{group}.albert_layers.{inner}"));
        }
    }

    public int HiddenSize { get; }

    public InputLimits Limits { get; }

    public PositionRule Positions => PositionRules.Columns;

    /// <summary>The word table [V,E], which the masked-LM decoder shares.</summary>
    public T Words => _embeddings.Words;

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null, RowSet? rows = null)
    {
        T x = _embeddings.Forward(ops, batch);                                                  // [N,E]
        x = ops.Next(x, ops.Linear(x, _project), keep: null);                                   // [N,H]
        keep?.Add(x);
        for (int i = 0; i < _steps.Length; i++) x = ops.Next(x, _steps[i].Forward(ops, x, batch, i == _steps.Length - 1 ? rows : null), keep);
        return x;
    }
}

/// <summary>Attention and feed-forward, each followed by residual and LayerNorm.</summary>
internal sealed class AlbertLayer<T> where T : class
{
    private readonly QueryKeyValue<T> _qkv;
    private readonly LinearWeights<T> _attentionOut;
    private readonly NormWeights<T> _attentionNorm, _outputNorm;
    private readonly AttentionSpec<T> _attention;
    private readonly FeedForwardWeights<T> _feedForward;
    private readonly FeedForwardSpec _feedForwardSpec;
    private readonly float _dropout;

    public AlbertLayer(AlbertConfig config, IWeights<T> weights)
    {
        int h = config.HiddenSize, i = config.IntermediateSize, a = config.NumAttentionHeads;
        _dropout = config.HiddenDropoutProb;
        IWeights<T> attention = weights.Under("attention");
        _qkv = attention.QueryKeyValue(attention.Linear(["query", "key", "value"], h, h), h);
        _attention = new(a, h / a, Position(config, attention), Scale: 1 / MathF.Sqrt(h / a), Dropout: config.AttentionProbsDropoutProb);
        _attentionOut = attention.Linear("dense", h, h);
        _attentionNorm = attention.Norm("LayerNorm", h, config.LayerNormEps);
        _feedForward = new(In: weights.Linear("ffn", i, h), Out: weights.Linear("ffn_output", h, i));
        _feedForwardSpec = new(config.HiddenAct);
        _outputNorm = weights.Norm("full_layer_layer_norm", h, config.LayerNormEps);
    }

    /// <summary>[N,H] → [N,H], or [R,H] of the rows that are wanted.</summary>
    public T Forward(IOps<T> ops, T x, TokenBatch batch, RowSet? rows)
    {
        using IScope<T> scope = ops.Scope("layer", ScopeKind.Layer);
        T attended = ops.SelfAttention(x, _qkv, batch, _attention, rows);
        x = ops.LayerNorm(ops.Linear(attended, _attentionOut, residual: ops.Chosen(x, rows), dropout: _dropout), _attentionNorm);
        return scope.Keep(ops.LayerNorm(ops.FeedForward(x, _feedForward, _feedForwardSpec, residual: x), _outputNorm));
    }

    /// <summary>Unlike BERT's, the relative term stands beside the scaled content.</summary>
    private static PositionTerm<T> Position(AlbertConfig config, IWeights<T> attention) => config.PositionEmbeddingType switch
    {
        PositionEmbeddingType.Absolute => new PositionTerm<T>.None(),
        PositionEmbeddingType type => new PositionTerm<T>.Relative(
            attention.Table(2 * config.MaxPositionEmbeddings - 1, config.HiddenSize / config.NumAttentionHeads, "distance_embedding.weight"),
            KeyTerm: type == PositionEmbeddingType.RelativeKeyQuery, IsScaled: false),
    };
}

/// <summary>ALBERT as the registry lists it.</summary>
public sealed class AlbertArchitecture : IArchitecture
{
    private const string Common = """
        "model_type":"albert","vocab_size":30000,"embedding_size":128,"hidden_act":"gelu_new","max_position_embeddings":512,"pad_token_id":0
        """;

    public IReadOnlyList<string> ModelTypes { get; } = ["albert"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = ReferenceClasses.Of(["Albert"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.PreTraining, ModelTask.SequenceClassification, ModelTask.TokenClassification,
        ModelTask.QuestionAnswering, ModelTask.MultipleChoice);

    public TensorNames Names => AlbertConfig.Names;

    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["albert-base-v2"] = $$"""{{{Common}},"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,"intermediate_size":3072}""",
        ["albert-large-v2"] = $$"""{{{Common}},"hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096}""",
        ["albert-xlarge-v2"] = $$"""{{{Common}},"hidden_size":2048,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":8192}""",
        ["albert-xxlarge-v2"] = $$"""{{{Common}},"hidden_size":4096,"num_hidden_layers":12,"num_attention_heads":64,"intermediate_size":16384}""",
    };

    public bool Recognises(IEnumerable<string> stored) =>
        stored.Any(name => name.EndsWith("encoder.embedding_hidden_mapping_in.weight", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file)
    {
        AlbertConfig read = AlbertConfig.Read(config);
        return file is null ? read : read.AsStored(file);
    }

    public InitialValues Initial(object config, TensorRequest request) => InitialValues.Of(request, ((AlbertConfig)config).InitializerRange);

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class =>
        (AlbertConfig)config is { HasPooler: true } albert ? AlbertHeads.Pooler(albert, weights) : null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        AlbertConfig read = (AlbertConfig)config;
        Albert<T> albert = new(read, weights.Under("albert"));
        object? head = task switch
        {
            ModelTask.Base => BuildPooler(read, weights),
            ModelTask.MaskedLm => new MaskedLm<T>(albert, AlbertHeads.MaskedLm(read, weights, albert.Words)),
            ModelTask.PreTraining => AlbertHeads.PreTraining(read, weights, albert.Words),
            ModelTask.SequenceClassification => AlbertHeads.SequenceClassification(read, weights, labels),
            ModelTask.TokenClassification => BertHeads.TokenClassification(read.HiddenSize, weights, labels, AlbertHeads.Dropout(read)),
            ModelTask.QuestionAnswering => BertHeads.QuestionAnswering(read.HiddenSize, weights),
            ModelTask.MultipleChoice => AlbertHeads.MultipleChoice(read, weights),
            _ => throw ReferenceClasses.NoSuchHead("ALBERT", task),
        };
        return new(albert, head, GlobalRules.None, task == ModelTask.PreTraining ? LabelRules.OfSegments("sentence_order_label") : LabelRules.Reference);
    }
}

/// <summary>ALBERT's heads under their stored names.</summary>
public static class AlbertHeads
{
    public static Pooler<T> Pooler<T>(AlbertConfig config, IWeights<T> weights) where T : class =>
        new(weights.Linear("albert.pooler", config.HiddenSize, config.HiddenSize), Activation.Tanh);

    /// <summary>In the width of the tables.</summary>
    public static MaskedLmHead<T> MaskedLm<T>(AlbertConfig config, IWeights<T> weights, T words) where T : class
    {
        int e = config.EmbeddingSize, v = config.VocabSize;
        IWeights<T> predictions = weights.Under("predictions");
        return new(
            new(predictions.Linear("dense", e, config.HiddenSize), config.HiddenAct, predictions.Norm("LayerNorm", e, config.LayerNormEps)),
            config.TieWordEmbeddings ? new(words, predictions.Bias(v, "bias")) : predictions.Linear("decoder", v, e));
    }

    /// <summary>Are the two segments in their original order?</summary>
    public static SequenceClassificationHead<T> SentenceOrder<T>(AlbertConfig config, IWeights<T> weights) where T : class =>
        new(Pooler(config, weights), weights.Linear("sop_classifier.classifier", 2, config.HiddenSize), Dropout(config));

    public static PreTrainingHead<T> PreTraining<T>(AlbertConfig config, IWeights<T> weights, T words) where T : class =>
        new(MaskedLm(config, weights, words), SentenceOrder(config, weights), "sop_logits");

    public static SequenceClassificationHead<T> SequenceClassification<T>(AlbertConfig config, IWeights<T> weights, int labels) where T : class =>
        new(Pooler(config, weights), weights.Linear("classifier", labels, config.HiddenSize), Dropout(config));

    public static MultipleChoiceHead<T> MultipleChoice<T>(AlbertConfig config, IWeights<T> weights) where T : class =>
        new(SequenceClassification(config, weights, labels: 1));

    internal static float Dropout(AlbertConfig config) => config.ClassifierDropoutProb ?? config.HiddenDropoutProb;
}
