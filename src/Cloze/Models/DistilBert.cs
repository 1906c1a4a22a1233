using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that DistilBERT reads.</summary>
public sealed record DistilBertConfig
{
    public required int VocabSize { get; init; }
    /// <summary>H.</summary>
    public required int Dim { get; init; }
    public required int NLayers { get; init; }
    public required int NHeads { get; init; }
    /// <summary>I.</summary>
    public required int HiddenDim { get; init; }
    public int MaxPositionEmbeddings { get; init; } = 512;
    public int? PadTokenId { get; init; } = 0;
    public Activation Activation { get; init; } = Activation.Gelu;
    public float Dropout { get; init; } = 0.1f;
    public float AttentionDropout { get; init; } = 0.1f;
    public float QaDropout { get; init; } = 0.1f;
    public float SeqClassifDropout { get; init; } = 0.2f;
    /// <summary>Whether the masked-LM decoder is the word table.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>No field of config.json.</summary>
    public double LayerNormEps => 1e-12;

    /// <summary>Whether a random start has sines and cosines as positions; a file holds them like others.</summary>
    public bool SinusoidalPosEmbds { get; init; }
    /// <summary>Standard deviation of a random start.</summary>
    public double InitializerRange { get; init; } = 0.02;

    public static TensorNames Names { get; } = new(["distilbert"], ("distilbert.embeddings.word_embeddings.weight", "vocab_projector.weight"));

    /// <summary>As config.json says, with the reference's defaults (transformers configuration_distilbert.py); sizes may have BERT's names.</summary>
    public static DistilBertConfig Read(ConfigFields config)
    {
        config.WithoutEffect("tie_weights_");
        DistilBertConfig read = new()
        {
            VocabSize = config.Int32("vocab_size"),
            Dim = config.Int32(Given(config, "dim", "hidden_size"), 768, minimum: 1),
            NLayers = config.Layers(Given(config, "n_layers", "num_hidden_layers"), 6),
            NHeads = config.Int32(Given(config, "n_heads", "num_attention_heads"), 12, minimum: 1),
            HiddenDim = config.Int32(Given(config, "hidden_dim", "intermediate_size"), 3072, minimum: 1),
            MaxPositionEmbeddings = config.Int32("max_position_embeddings", 512, minimum: 1),
            PadTokenId = config.PaddingRow("pad_token_id", absent: 0),
            Activation = config.Activation("activation", Activation.Gelu),
            Dropout = config.Rate("dropout", 0.1),
            AttentionDropout = config.Rate("attention_dropout", 0.1),
            QaDropout = config.Rate("qa_dropout", 0.1),
            SeqClassifDropout = config.Rate("seq_classif_dropout", 0.2),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", true),
            SinusoidalPosEmbds = config.Flag("sinusoidal_pos_embds", false),
            InitializerRange = config.Number("initializer_range", 0.02, minimum: 0),
        };
        config.RequireMultiple("dim", read.Dim, "n_heads", read.NHeads);
        return read;
    }

    private static string Given(ConfigFields config, string name, string ofBert) => !config.Has(name) && config.Has(ofBert) ? ofBert : name;

    /// <summary>With what the file says and config.json does not.</summary>
    public DistilBertConfig AsStored(IStoredTensors file) => this with
    {
        TieWordEmbeddings = TieWordEmbeddings && !file.HoldsOwn("vocab_projector.weight", "distilbert.embeddings.word_embeddings.weight"),
    };
}

/// <summary>DistilBERT: BERT of half the depth, without types and pooler.</summary>
/// <remarks>
/// Sanh et al. 2019, arXiv:1910.01108; transformers modeling_distilbert.py. Sinusoidal positions stand in the file like others, so they need nothing here.
/// </remarks>
public sealed class DistilBert<T> : IEncoder<T> where T : class
{
    private readonly T _positions;
    private readonly NormWeights<T> _norm;
    private readonly DistilBertLayer<T>[] _layers;
    private readonly float _dropout;

    public DistilBert(DistilBertConfig config, IWeights<T> weights)
    {
        int h = config.Dim;
        Limits = new(config.VocabSize, Positions: config.MaxPositionEmbeddings);
        HiddenSize = h;
        _dropout = config.Dropout;
        IWeights<T> embeddings = weights.Under("embeddings");
        Words = embeddings.Table(config.VocabSize, h, "word_embeddings.weight", padding: config.PadTokenId);
        _positions = embeddings.Table(config.MaxPositionEmbeddings, h, "position_embeddings.weight");
        _norm = embeddings.Norm("LayerNorm", h, config.LayerNormEps);
        _layers = new DistilBertLayer<T>[config.NLayers];
        for (int i = 0; i < _layers.Length; i++) _layers[i] = new(config, i, weights.Under($"transformer.layer.{i}"));
    }

    public int HiddenSize { get; }

    public InputLimits Limits { get; }

    public PositionRule Positions => PositionRules.Columns;

    /// <summary>The word table, which the masked-LM decoder shares.</summary>
    public T Words { get; }

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null, RowSet? rows = null)
    {
        T x = Embed(ops, batch);
        keep?.Add(x);
        foreach (DistilBertLayer<T> layer in _layers) x = ops.Next(x, layer.Forward(ops, x, batch, layer == _layers[^1] ? rows : null), keep);
        return x;
    }

    /// <summary>LayerNorm(word + position): [N,H].</summary>
    private T Embed(IOps<T> ops, TokenBatch batch)
    {
        using IScope<T> scope = ops.Scope("embeddings");
        T x = ops.Embedding(Words, batch.Ids);
        x = ops.Embedding(_positions, batch.Positions, addTo: x);
        return scope.Keep(ops.Dropout(ops.LayerNorm(x, _norm), _dropout));
    }
}

/// <summary>Attention and feed-forward, each followed by residual and LayerNorm; unlike BERT's, attention has no dropout on its output.</summary>
internal sealed class DistilBertLayer<T> where T : class
{
    private readonly string _name;
    private readonly QueryKeyValue<T> _qkv;
    private readonly LinearWeights<T> _attentionOut;
    private readonly NormWeights<T> _attentionNorm, _outputNorm;
    private readonly FeedForwardWeights<T> _feedForward;
    private readonly FeedForwardSpec _feedForwardSpec;
    private readonly AttentionSpec<T> _attention;

    public DistilBertLayer(DistilBertConfig config, int index, IWeights<T> weights)
    {
        int h = config.Dim, i = config.HiddenDim, a = config.NHeads;
        _name = $"transformer.layer.{index}";
        IWeights<T> attention = weights.Under("attention");
        _qkv = attention.QueryKeyValue(attention.Linear(["q_lin", "k_lin", "v_lin"], h, h), h);
        _attention = new(a, h / a, new PositionTerm<T>.None(), Scale: 1 / MathF.Sqrt(h / a), Dropout: config.AttentionDropout);
        _attentionOut = attention.Linear("out_lin", h, h);
        _attentionNorm = weights.Norm("sa_layer_norm", h, config.LayerNormEps);
        _feedForward = new(In: weights.Linear("ffn.lin1", i, h), Out: weights.Linear("ffn.lin2", h, i));
        _feedForwardSpec = new(config.Activation, Dropout: config.Dropout);
        _outputNorm = weights.Norm("output_layer_norm", h, config.LayerNormEps);
    }

    /// <summary>[N,H] → [N,H], or [R,H] of the rows that are wanted.</summary>
    public T Forward(IOps<T> ops, T x, TokenBatch batch, RowSet? rows)
    {
        using IScope<T> scope = ops.Scope(_name, ScopeKind.Layer);
        T attended = ops.SelfAttention(x, _qkv, batch, _attention, rows);
        x = ops.LayerNorm(ops.Linear(attended, _attentionOut, residual: ops.Chosen(x, rows)), _attentionNorm);
        return scope.Keep(ops.LayerNorm(ops.FeedForward(x, _feedForward, _feedForwardSpec, residual: x), _outputNorm));
    }
}

/// <summary>DistilBERT as the registry lists it.</summary>
public sealed class DistilBertArchitecture : IArchitecture
{
    private const string Common = """
        "model_type":"distilbert","vocab_size":30522,"max_position_embeddings":512,"pad_token_id":0
        """;

    public IReadOnlyList<string> ModelTypes { get; } = ["distilbert"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = ReferenceClasses.Of(["DistilBert"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.SequenceClassification, ModelTask.TokenClassification,
        ModelTask.QuestionAnswering, ModelTask.MultipleChoice);

    public TensorNames Names => DistilBertConfig.Names;

    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["distilbert-base"] = $$"""{{{Common}},"dim":768,"n_layers":6,"n_heads":12,"hidden_dim":3072}""",
    };

    public bool Recognises(IEnumerable<string> stored) =>
        stored.Any(name => name.EndsWith("transformer.layer.0.attention.q_lin.weight", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file)
    {
        DistilBertConfig read = DistilBertConfig.Read(config);
        return file is null ? read : read.AsStored(file);
    }

    public InitialValues Initial(object config, TensorRequest request) =>
        (DistilBertConfig)config is { SinusoidalPosEmbds: true } && request.Name.EndsWith("position_embeddings.weight", StringComparison.Ordinal)
            ? new InitialValues.Sinusoids()
            : InitialValues.Of(request, ((DistilBertConfig)config).InitializerRange);

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class => null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        DistilBertConfig read = (DistilBertConfig)config;
        DistilBert<T> distilBert = new(read, weights.Under("distilbert"));
        return new(distilBert, task switch
        {
            ModelTask.Base => null,
            ModelTask.MaskedLm => new MaskedLm<T>(distilBert, DistilBertHeads.MaskedLm(read, weights, distilBert.Words)),
            ModelTask.SequenceClassification => DistilBertHeads.SequenceClassification(read, weights, labels),
            ModelTask.TokenClassification => BertHeads.TokenClassification(read.Dim, weights, labels, read.Dropout),
            ModelTask.QuestionAnswering => DistilBertHeads.QuestionAnswering(read, weights),
            ModelTask.MultipleChoice => DistilBertHeads.MultipleChoice(read, weights),
            _ => throw ReferenceClasses.NoSuchHead("DistilBERT", task),
        });
    }
}

/// <summary>DistilBERT's heads under their stored names.</summary>
public static class DistilBertHeads
{
    public static MaskedLmHead<T> MaskedLm<T>(DistilBertConfig config, IWeights<T> weights, T words) where T : class
    {
        int h = config.Dim, v = config.VocabSize;
        return new(
            new(weights.Linear("vocab_transform", h, h), config.Activation, weights.Norm("vocab_layer_norm", h, config.LayerNormEps)),
            config.TieWordEmbeddings ? new(words, weights.Bias(v, "vocab_projector.bias")) : weights.Linear("vocab_projector", v, h));
    }

    public static SequenceClassificationHead<T> SequenceClassification<T>(DistilBertConfig config, IWeights<T> weights, int labels) where T : class => new(
        new(weights.Linear("pre_classifier", config.Dim, config.Dim), Activation.Relu),
        weights.Linear("classifier", labels, config.Dim), config.SeqClassifDropout);

    public static MultipleChoiceHead<T> MultipleChoice<T>(DistilBertConfig config, IWeights<T> weights) where T : class =>
        new(SequenceClassification(config, weights, labels: 1));

    public static QuestionAnsweringHead<T> QuestionAnswering<T>(DistilBertConfig config, IWeights<T> weights) where T : class =>
        new(new(weights.Linear("qa_outputs", 2, config.Dim), config.QaDropout));
}
