using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that RoBERTa reads (also XLM-RoBERTa, CamemBERT and DistilRoBERTa, which are the same network).</summary>
public sealed record RobertaConfig
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public required int IntermediateSize { get; init; }
    /// <summary>Rows of the position table: the longest sequence + pad id + 1.</summary>
    public int MaxPositionEmbeddings { get; init; } = 512;
    public int TypeVocabSize { get; init; } = 2;
    public int PadTokenId { get; init; } = 1;
    public double LayerNormEps { get; init; } = 1e-12;
    public float HiddenDropoutProb { get; init; } = 0.1f;
    public float AttentionProbsDropoutProb { get; init; } = 0.1f;
    public float? ClassifierDropout { get; init; }
    public Activation HiddenAct { get; init; } = Activation.Gelu;
    public PositionEmbeddingType PositionEmbeddingType { get; init; }
    /// <summary>Whether the masked-LM decoder is the word table.</summary>
    public bool TieWordEmbeddings { get; init; } = true;
    /// <summary>Whether the file holds a pooler, which no pretraining of this network trains; only multiple choice uses it.</summary>
    public bool HasPooler { get; init; }

    /// <summary>Standard deviation of a random start.</summary>
    public double InitializerRange { get; init; } = 0.02;

    public static TensorNames Names { get; } = new(["roberta"],
        ("roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"),
        ("lm_head.bias", "lm_head.decoder.bias"), ("lm_head.decoder.bias", "lm_head.bias"));

    /// <summary>As config.json says, with the reference's defaults (transformers configuration_roberta.py), which are not those of published models.</summary>
    public static RobertaConfig Read(ConfigFields config)
    {
        config.RefuseFlag("is_decoder");
        config.RefuseFlag("add_cross_attention");
        if (config.Text("attention_mode") is { } mode)
            throw config.Unsupported("attention_mode", $"\"{mode}\"", "none: this is a Longformer in its authors' own layout");
        RobertaConfig read = new()
        {
            VocabSize = config.Int32("vocab_size"),
            HiddenSize = config.Int32("hidden_size", 768, minimum: 1),
            NumHiddenLayers = config.Layers("num_hidden_layers", 12),
            NumAttentionHeads = config.Int32("num_attention_heads", 12, minimum: 1),
            IntermediateSize = config.Int32("intermediate_size", 3072, minimum: 1),
            MaxPositionEmbeddings = config.Int32("max_position_embeddings", 512, minimum: 1),
            TypeVocabSize = config.Int32("type_vocab_size", 2, minimum: 1),
            PadTokenId = config.Int32("pad_token_id", 1, minimum: -1),
            LayerNormEps = config.Number("layer_norm_eps", 1e-12, minimum: 0),
            HiddenDropoutProb = config.Rate("hidden_dropout_prob", 0.1),
            AttentionProbsDropoutProb = config.Rate("attention_probs_dropout_prob", 0.1),
            ClassifierDropout = config.RateOrNull("classifier_dropout"),
            HiddenAct = config.Activation("hidden_act", Activation.Gelu),
            PositionEmbeddingType = PositionEmbeddings.Read(config),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", true),
            InitializerRange = config.Number("initializer_range", 0.02, minimum: 0),
        };
        config.RequireMultiple("hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        return read;
    }

    /// <summary>With what the file says and config.json does not.</summary>
    public RobertaConfig AsStored(IStoredTensors file) => this with
    {
        TieWordEmbeddings = TieWordEmbeddings && !file.HoldsOwn("lm_head.decoder.weight", "roberta.embeddings.word_embeddings.weight"),
        HasPooler = file.Holds("roberta.pooler.dense.weight"),
    };

    /// <summary>The BERT whose embeddings and layers these are.</summary>
    internal BertConfig ToBert() => new()
    {
        VocabSize = VocabSize,
        HiddenSize = HiddenSize,
        NumHiddenLayers = NumHiddenLayers,
        NumAttentionHeads = NumAttentionHeads,
        IntermediateSize = IntermediateSize,
        MaxPositionEmbeddings = MaxPositionEmbeddings,
        TypeVocabSize = TypeVocabSize,
        PadTokenId = PadTokenId,
        LayerNormEps = LayerNormEps,
        HiddenDropoutProb = HiddenDropoutProb,
        AttentionProbsDropoutProb = AttentionProbsDropoutProb,
        HiddenAct = HiddenAct,
        PositionEmbeddingType = PositionEmbeddingType,
    };
}

/// <summary>RoBERTa: BERT whose positions are counted from the pad id on, over real ids only.</summary>
/// <remarks>Liu et al. 2019, arXiv:1907.11692; transformers modeling_roberta.py.</remarks>
public sealed class Roberta<T> : IEncoder<T> where T : class
{
    private readonly BertEmbeddings<T> _embeddings;
    private readonly BertLayer<T>[] _layers;

    public Roberta(RobertaConfig config, IWeights<T> weights)
    {
        BertConfig bert = config.ToBert();
        Limits = bert.Limits;
        HiddenSize = config.HiddenSize;
        Positions = PositionRules.AfterPad(config.PadTokenId);
        _embeddings = new(bert, weights.Under("embeddings"), positionPadding: config.PadTokenId);
        _layers = new BertLayer<T>[config.NumHiddenLayers];
        for (int i = 0; i < _layers.Length; i++) _layers[i] = new(bert, i, weights.Under($"encoder.layer.{i}"));
    }

    public int HiddenSize { get; }

    public InputLimits Limits { get; }

    public PositionRule Positions { get; }

    /// <summary>The word table, which the masked-LM decoder shares.</summary>
    public T Words => _embeddings.Words;

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null, RowSet? rows = null)
    {
        T x = _embeddings.Forward(ops, batch);
        keep?.Add(x);
        foreach (BertLayer<T> layer in _layers) x = ops.Next(x, layer.Forward(ops, x, batch, layer == _layers[^1] ? rows : null), keep);
        return x;
    }
}

/// <summary>RoBERTa as the registry lists it.</summary>
public sealed class RobertaArchitecture : IArchitecture
{
    private const string Common = """
        "model_type":"roberta","vocab_size":50265,"max_position_embeddings":514,"type_vocab_size":1,"layer_norm_eps":1e-5,"pad_token_id":1
        """;

    public IReadOnlyList<string> ModelTypes { get; } = ["roberta", "xlm-roberta", "camembert"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = ReferenceClasses.Of(["Roberta", "XLMRoberta", "Camembert"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.SequenceClassification, ModelTask.TokenClassification,
        ModelTask.QuestionAnswering, ModelTask.MultipleChoice);

    public TensorNames Names => RobertaConfig.Names;

    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["roberta-base"] = $$"""{{{Common}},"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,"intermediate_size":3072}""",
        ["roberta-large"] = $$"""{{{Common}},"hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096}""",
    };

    /// <remarks>A bare encoder's file has no name that BERT's has not.</remarks>
    public bool Recognises(IEnumerable<string> stored) =>
        stored.Any(name => name.StartsWith("roberta.", StringComparison.Ordinal) || name.StartsWith("lm_head.", StringComparison.Ordinal))
        && !stored.Any(name => name.Contains("query_global", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file)
    {
        RobertaConfig read = RobertaConfig.Read(config);
        return file is null ? read : read.AsStored(file);
    }

    public InitialValues Initial(object config, TensorRequest request) => InitialValues.Of(request, ((RobertaConfig)config).InitializerRange);

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class =>
        (RobertaConfig)config is { HasPooler: true } roberta ? RobertaHeads.Pooler(roberta, weights) : null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        RobertaConfig read = (RobertaConfig)config;
        Roberta<T> roberta = new(read, weights.Under("roberta"));
        return new(roberta, task switch
        {
            ModelTask.Base => BuildPooler(read, weights),
            ModelTask.MaskedLm => new MaskedLm<T>(roberta, RobertaHeads.MaskedLm(read, weights, roberta.Words)),
            ModelTask.SequenceClassification => RobertaHeads.SequenceClassification(read, weights, labels),
            ModelTask.TokenClassification => BertHeads.TokenClassification(read.HiddenSize, weights, labels, RobertaHeads.Dropout(read)),
            ModelTask.QuestionAnswering => BertHeads.QuestionAnswering(read.HiddenSize, weights),
            ModelTask.MultipleChoice => RobertaHeads.MultipleChoice(read, weights),
            _ => throw ReferenceClasses.NoSuchHead("RoBERTa", task),
        });
    }
}

/// <summary>RoBERTa's heads under their stored names.</summary>
public static class RobertaHeads
{
    public static Pooler<T> Pooler<T>(RobertaConfig config, IWeights<T> weights) where T : class =>
        new(weights.Linear("roberta.pooler.dense", config.HiddenSize, config.HiddenSize), Activation.Tanh);

    /// <remarks>Exact gelu, whatever hidden_act says.</remarks>
    public static MaskedLmHead<T> MaskedLm<T>(RobertaConfig config, IWeights<T> weights, T words) where T : class
    {
        int h = config.HiddenSize, v = config.VocabSize;
        IWeights<T> head = weights.Under("lm_head");
        return new(
            new(head.Linear("dense", h, h), Activation.Gelu, head.Norm("layer_norm", h, config.LayerNormEps)),
            config.TieWordEmbeddings ? new(words, head.Bias(v, "bias")) : head.Linear("decoder", v, h));
    }

    /// <remarks>A pooler of its own: dropout → dense → tanh.</remarks>
    public static SequenceClassificationHead<T> SequenceClassification<T>(RobertaConfig config, IWeights<T> weights, int labels) where T : class
    {
        int h = config.HiddenSize;
        IWeights<T> classifier = weights.Under("classifier");
        return new(new(classifier.Linear("dense", h, h), Activation.Tanh, Dropout(config)), classifier.Linear("out_proj", labels, h), Dropout(config));
    }

    public static MultipleChoiceHead<T> MultipleChoice<T>(RobertaConfig config, IWeights<T> weights) where T : class =>
        new(new(Pooler(config, weights), weights.Linear("classifier", 1, config.HiddenSize), Dropout(config)));

    internal static float Dropout(RobertaConfig config) => config.ClassifierDropout ?? config.HiddenDropoutProb;
}
