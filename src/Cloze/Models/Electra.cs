using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that ELECTRA reads.</summary>
public sealed record ElectraConfig
{
    public required int VocabSize { get; init; }
    /// <summary>Width of the tables; the networks that share them differ in hidden size only.</summary>
    public int EmbeddingSize { get; init; } = 128;
    public required int HiddenSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public required int IntermediateSize { get; init; }
    public int MaxPositionEmbeddings { get; init; } = 512;
    public int TypeVocabSize { get; init; } = 2;
    public int? PadTokenId { get; init; } = 0;
    public double LayerNormEps { get; init; } = 1e-12;
    public float HiddenDropoutProb { get; init; } = 0.1f;
    public float AttentionProbsDropoutProb { get; init; } = 0.1f;
    public float? ClassifierDropout { get; init; }
    public Activation HiddenAct { get; init; } = Activation.Gelu;
    public PositionEmbeddingType PositionEmbeddingType { get; init; }
    /// <summary>Whether the generator's decoder is the word table.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    // The summary that multiple choice judges: which row, through which map.
    /// <summary>"first", "mean", "last"; "cls_index" is the last where the caller names none.</summary>
    public string SummaryType { get; init; } = "first";
    public bool SummaryUseProj { get; init; } = true;
    /// <summary>Whether the map is as wide as there are labels, which the judge behind it cannot read.</summary>
    public bool SummaryProjToLabels { get; init; }
    public Activation SummaryActivation { get; init; } = Activation.Gelu;
    public float SummaryFirstDropout { get; init; }
    public float SummaryLastDropout { get; init; } = 0.1f;

    /// <summary>Standard deviation of a random start.</summary>
    public double InitializerRange { get; init; } = 0.02;

    public static TensorNames Names { get; } = new(["electra"], ("electra.embeddings.word_embeddings.weight", "generator_lm_head.weight"));

    /// <summary>As config.json says, with the reference's defaults (transformers configuration_electra.py).</summary>
    public static ElectraConfig Read(ConfigFields config)
    {
        config.RefuseFlag("is_decoder");
        config.RefuseFlag("add_cross_attention");
        ElectraConfig read = new()
        {
            VocabSize = config.Int32("vocab_size"),
            EmbeddingSize = config.Int32("embedding_size", 128, minimum: 1),
            HiddenSize = config.Int32("hidden_size", 256, minimum: 1),
            NumHiddenLayers = config.Layers("num_hidden_layers", 12),
            NumAttentionHeads = config.Int32("num_attention_heads", 4, minimum: 1),
            IntermediateSize = config.Int32("intermediate_size", 1024, minimum: 1),
            MaxPositionEmbeddings = config.Int32("max_position_embeddings", 512, minimum: 1),
            TypeVocabSize = config.Int32("type_vocab_size", 2, minimum: 1),
            PadTokenId = config.PaddingRow("pad_token_id", absent: 0),
            LayerNormEps = config.Number("layer_norm_eps", 1e-12, minimum: 0),
            HiddenDropoutProb = config.Rate("hidden_dropout_prob", 0.1),
            AttentionProbsDropoutProb = config.Rate("attention_probs_dropout_prob", 0.1),
            ClassifierDropout = config.RateOrNull("classifier_dropout"),
            HiddenAct = config.Activation("hidden_act", Activation.Gelu),
            PositionEmbeddingType = PositionEmbeddings.Read(config),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", true),
            SummaryType = config.Text("summary_type") ?? "first",
            SummaryUseProj = config.Flag("summary_use_proj", true),
            SummaryProjToLabels = config.Flag("summary_proj_to_labels", false),
            SummaryActivation = config.IsNull("summary_activation") || config.Text("summary_activation") is ""
                ? Activation.Linear
                : config.Activation("summary_activation", Activation.Gelu),
            SummaryFirstDropout = config.RateOrNull("summary_first_dropout") ?? 0,
            SummaryLastDropout = config.Rate("summary_last_dropout", 0.1),
            InitializerRange = config.Number("initializer_range", 0.02, minimum: 0),
        };
        config.RequireMultiple("hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        return read;
    }

    /// <summary>With what the file says and config.json does not.</summary>
    public ElectraConfig AsStored(IStoredTensors file) => this with
    {
        TieWordEmbeddings = TieWordEmbeddings && !file.HoldsOwn("generator_lm_head.weight", "electra.embeddings.word_embeddings.weight"),
    };

    /// <summary>The BERT whose embeddings or layers these are, at the width of the tables or of the layers.</summary>
    internal BertConfig ToBert(int width) => new()
    {
        VocabSize = VocabSize,
        HiddenSize = width,
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

/// <summary>ELECTRA: BERT whose tables may be narrower or wider than its layers.</summary>
/// <remarks>Clark et al. 2020, arXiv:2003.10555; transformers modeling_electra.py.</remarks>
public sealed class Electra<T> : IEncoder<T> where T : class
{
    private readonly BertEmbeddings<T> _embeddings;
    private readonly LinearWeights<T>? _project;
    private readonly BertLayer<T>[] _layers;

    /// <param name="embeddings">Where the embeddings stand, if they are another network's.</param>
    public Electra(ElectraConfig config, IWeights<T> weights, IWeights<T>? embeddings = null)
    {
        int e = config.EmbeddingSize, h = config.HiddenSize;
        HiddenSize = h;
        Limits = config.ToBert(width: h).Limits;
        _embeddings = new(config.ToBert(width: e), embeddings ?? weights.Under("embeddings"));
        _project = e == h ? null : weights.Linear("embeddings_project", h, e);
        BertConfig bert = config.ToBert(width: h);
        _layers = new BertLayer<T>[config.NumHiddenLayers];
        for (int i = 0; i < _layers.Length; i++) _layers[i] = new(bert, i, weights.Under($"encoder.layer.{i}"));
    }

    public int HiddenSize { get; }

    public InputLimits Limits { get; }

    public PositionRule Positions => PositionRules.Columns;

    /// <summary>The word table [V,E], which the generator's decoder shares.</summary>
    public T Words => _embeddings.Words;

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null, RowSet? rows = null)
    {
        T x = _embeddings.Forward(ops, batch);                                                  // [N,E]
        if (_project is { } project) x = ops.Next(x, ops.Linear(x, project), keep: null);       // [N,H]
        keep?.Add(x);
        foreach (BertLayer<T> layer in _layers) x = ops.Next(x, layer.Forward(ops, x, batch, layer == _layers[^1] ? rows : null), keep);
        return x;
    }
}

/// <summary>Both networks of ELECTRA's pretraining.</summary>
public sealed record ElectraPretrainingConfig(ElectraConfig Generator, ElectraConfig Discriminator)
{
    /// <summary>Weight of the discriminator's loss; 50 in the paper.</summary>
    public float RtdLambda { get; init; } = 10;

    /// <summary>Two configurations in one config.json, as DeBERTaV3's authors write theirs; no release of ELECTRA has both networks in one folder.</summary>
    /// <returns>Null: there is one network.</returns>
    public static ElectraPretrainingConfig? ReadPair(ConfigFields config)
    {
        if (!config.Has("generator") || !config.Has("discriminator")) return null;
        return new(Network("generator"), Network("discriminator")) { RtdLambda = (float)config.Number("rtd_lambda", 10, minimum: 0) };

        ElectraConfig Network(string name) => ElectraConfig.Read(PretrainedConfig.Network(config, name, "electra"));
    }
}

/// <summary>ELECTRA as the registry lists it.</summary>
public sealed class ElectraArchitecture : IArchitecture
{
    private const string Common = """
        "model_type":"electra","vocab_size":30522,"max_position_embeddings":512,"type_vocab_size":2,"layer_norm_eps":1e-12,"pad_token_id":0
        """;

    public IReadOnlyList<string> ModelTypes { get; } = ["electra"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = ReferenceClasses.Of(["Electra"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.PreTraining, ModelTask.SequenceClassification, ModelTask.TokenClassification,
        ModelTask.QuestionAnswering, ModelTask.MultipleChoice);

    public TensorNames Names => ElectraConfig.Names;

    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["electra-small"] = $$"""{{{Common}},"embedding_size":128,"hidden_size":256,"num_hidden_layers":12,"num_attention_heads":4,"intermediate_size":1024}""",
        ["electra-base"] = $$"""{{{Common}},"embedding_size":768,"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,"intermediate_size":3072}""",
        ["electra-large"] = $$"""{{{Common}},"embedding_size":1024,"hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096}""",
    };

    /// <remarks>A bare encoder of equal widths has no name that BERT's has not.</remarks>
    public bool Recognises(IEnumerable<string> stored) => stored.Any(name =>
        name.StartsWith("electra.", StringComparison.Ordinal) || name.StartsWith("discriminator.electra.", StringComparison.Ordinal)
        || name.EndsWith("embeddings_project.weight", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file)
    {
        if (ElectraPretrainingConfig.ReadPair(config) is { } pair) return pair;
        ElectraConfig read = ElectraConfig.Read(config);
        return file is null ? read : read.AsStored(file);
    }

    public InitialValues Initial(object config, TensorRequest request)
    {
        ElectraConfig read = config is ElectraPretrainingConfig pair
            ? request.Name.StartsWith("generator.", StringComparison.Ordinal) ? pair.Generator : pair.Discriminator
            : (ElectraConfig)config;
        return InitialValues.Of(request, read.InitializerRange);
    }

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class => null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        if (config is ElectraPretrainingConfig pair)
        {
            ReferenceClasses.RequirePreTraining(task);
            ReplacedTokenPretraining<T> both = ElectraHeads.Pretraining(pair, weights);
            return new(both.Generator.Encoder, both);
        }
        ElectraConfig read = (ElectraConfig)config;
        Electra<T> electra = new(read, weights.Under("electra"));
        return new(electra, task switch
        {
            ModelTask.Base => null,
            ModelTask.MaskedLm => new MaskedLm<T>(electra, ElectraHeads.MaskedLm(read, weights, electra.Words)),
            ModelTask.PreTraining => ElectraHeads.ReplacedToken(read, weights),
            ModelTask.SequenceClassification => ElectraHeads.SequenceClassification(read, weights, labels),
            ModelTask.TokenClassification => BertHeads.TokenClassification(read.HiddenSize, weights, labels, ElectraHeads.Dropout(read)),
            ModelTask.QuestionAnswering => BertHeads.QuestionAnswering(read.HiddenSize, weights),
            ModelTask.MultipleChoice => ElectraHeads.MultipleChoice(read, weights),
            _ => throw ReferenceClasses.NoSuchHead("ELECTRA", task),
        });
    }
}

/// <summary>ELECTRA's heads under their stored names.</summary>
public static class ElectraHeads
{
    /// <summary>Of the generator, in the width of its tables.</summary>
    /// <remarks>Exact gelu, whatever hidden_act says.</remarks>
    public static MaskedLmHead<T> MaskedLm<T>(ElectraConfig config, IWeights<T> weights, T words) where T : class
    {
        int e = config.EmbeddingSize, v = config.VocabSize;
        IWeights<T> predictions = weights.Under("generator_predictions");
        return new(
            new(predictions.Linear("dense", e, config.HiddenSize), Activation.Gelu, predictions.Norm("LayerNorm", e, config.LayerNormEps)),
            config.TieWordEmbeddings ? new(words, weights.Bias(v, "generator_lm_head.bias")) : weights.Linear("generator_lm_head", v, e));
    }

    /// <summary>Of the discriminator.</summary>
    public static ReplacedTokenHead<T> ReplacedToken<T>(ElectraConfig config, IWeights<T> weights) where T : class
    {
        int h = config.HiddenSize;
        IWeights<T> predictions = weights.Under("discriminator_predictions");
        return new(predictions.Linear("dense", h, h), config.HiddenAct, predictions.Linear("dense_prediction", 1, h));
    }

    /// <summary>Both networks of a pair: the embeddings are one, those of the discriminator.</summary>
    /// <remarks>google-research/electra run_pretraining.py.</remarks>
    public static ReplacedTokenPretraining<T> Pretraining<T>(ElectraPretrainingConfig config, IWeights<T> weights) where T : class
    {
        IWeights<T> generator = weights.Under("generator"), discriminator = weights.Under("discriminator");
        Electra<T> filling = new(config.Generator, generator.Under("electra"), embeddings: discriminator.Under("electra.embeddings"));
        Electra<T> detecting = new(config.Discriminator, discriminator.Under("electra"));
        return new(
            new MaskedLm<T>(filling, MaskedLm(config.Generator, generator, filling.Words)),
            new(detecting, ReplacedToken(config.Discriminator, discriminator)), config.RtdLambda);
    }

    /// <remarks>Exact gelu, whatever hidden_act says.</remarks>
    public static SequenceClassificationHead<T> SequenceClassification<T>(ElectraConfig config, IWeights<T> weights, int labels) where T : class
    {
        int h = config.HiddenSize;
        IWeights<T> classifier = weights.Under("classifier");
        return new(new(classifier.Linear("dense", h, h), Activation.Gelu, Dropout(config)), classifier.Linear("out_proj", labels, h), Dropout(config));
    }

    /// <exception cref="CheckpointException">The summary is one that the reference cannot make or its judge cannot read.</exception>
    public static MultipleChoiceHead<T> MultipleChoice<T>(ElectraConfig config, IWeights<T> weights) where T : class
    {
        int h = config.HiddenSize;
        if (config is { SummaryUseProj: true, SummaryProjToLabels: true })
            throw new CheckpointException("summary_proj_to_labels is true in config.json; the choices are judged by a matrix that reads hidden_size, so it must be false.");
        Pooling summary = config.SummaryType switch
        {
            "first" => Pooling.First,
            "mean" => Pooling.Mean,
            "last" or "cls_index" => Pooling.Last,
            string other => throw new CheckpointException($"summary_type is \"{other}\" in config.json; supported: first, mean, last, cls_index."),
        };
        LinearWeights<T>? dense = config.SummaryUseProj ? weights.Linear("sequence_summary.summary", h, h) : null;
        return new(new(
            new(dense, config.SummaryActivation, config.SummaryFirstDropout, summary),
            weights.Linear("classifier", 1, h), config.SummaryLastDropout));
    }

    internal static float Dropout(ElectraConfig config) => config.ClassifierDropout ?? config.HiddenDropoutProb;
}
