using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that BERT reads.</summary>
public sealed record BertConfig
{
    public required int VocabSize { get; init; }
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
    /// <summary>Whether the masked-LM decoder is the word table.</summary>
    public bool TieWordEmbeddings { get; init; } = true;
    /// <summary>Whether the file holds a pooler.</summary>
    public bool HasPooler { get; init; } = true;

    /// <summary>Standard deviation of a random start.</summary>
    public double InitializerRange { get; init; } = 0.02;

    public static TensorNames Names { get; } = new(["bert"],
        ("bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
        ("cls.predictions.bias", "cls.predictions.decoder.bias"), ("cls.predictions.decoder.bias", "cls.predictions.bias"));

    /// <summary>As config.json says, with the reference's defaults (transformers configuration_bert.py).</summary>
    public static BertConfig Read(ConfigFields config)
    {
        config.RefuseFlag("is_decoder");
        config.RefuseFlag("add_cross_attention");
        config.WithoutEffect("directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type");
        BertConfig read = new()
        {
            VocabSize = config.Int32("vocab_size"),
            HiddenSize = config.Int32("hidden_size", 768, minimum: 1),
            NumHiddenLayers = config.Layers("num_hidden_layers", 12),
            NumAttentionHeads = config.Int32("num_attention_heads", 12, minimum: 1),
            IntermediateSize = config.Int32("intermediate_size", 3072, minimum: 1),
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
            InitializerRange = config.Number("initializer_range", 0.02, minimum: 0),
        };
        config.RequireMultiple("hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        return read;
    }

    /// <summary>Distances stand in for positions where they are relative.</summary>
    internal InputLimits Limits => PositionEmbeddingType == PositionEmbeddingType.Absolute
        ? new(VocabSize, TypeVocabSize, MaxPositionEmbeddings)
        : new(VocabSize, TypeVocabSize, Columns: MaxPositionEmbeddings);

    /// <summary>With what the file says and config.json does not.</summary>
    /// <remarks>A decoder that differs from the word table is used, whatever tie_word_embeddings says, as the reference does.</remarks>
    public BertConfig AsStored(IStoredTensors file) => this with
    {
        TieWordEmbeddings = TieWordEmbeddings && !file.HoldsOwn("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
        HasPooler = file.Holds("bert.pooler.dense.weight"),
    };
}

/// <summary>position_embedding_type: a table of positions added to the words, and with it relative keys (Shaw et al. 2018) or keys and queries.</summary>
public enum PositionEmbeddingType { Absolute, RelativeKey, RelativeKeyQuery }

/// <summary>How BERT and its relatives say where a token stands.</summary>
internal static class PositionEmbeddings
{
    public static PositionEmbeddingType Read(ConfigFields config) => config.Text("position_embedding_type") switch
    {
        null or "absolute" => PositionEmbeddingType.Absolute,
        "relative_key" => PositionEmbeddingType.RelativeKey,
        "relative_key_query" => PositionEmbeddingType.RelativeKeyQuery,
        string other => throw config.Unsupported("position_embedding_type", $"\"{other}\"", "absolute, relative_key, relative_key_query"),
    };
}

/// <summary>BERT: a stack of post-norm transformer layers over the sum of word, type and position embeddings.</summary>
/// <remarks>Devlin et al. 2018, arXiv:1810.04805; transformers modeling_bert.py.</remarks>
public sealed class Bert<T> : IEncoder<T> where T : class
{
    private readonly BertEmbeddings<T> _embeddings;
    private readonly BertLayer<T>[] _layers;

    public Bert(BertConfig config, IWeights<T> weights)
    {
        Limits = config.Limits;
        HiddenSize = config.HiddenSize;
        _embeddings = new(config, weights.Under("embeddings"));
        _layers = new BertLayer<T>[config.NumHiddenLayers];
        for (int i = 0; i < _layers.Length; i++) _layers[i] = new(config, i, weights.Under($"encoder.layer.{i}"));
    }

    public int HiddenSize { get; }

    public InputLimits Limits { get; }

    public PositionRule Positions => PositionRules.Columns;

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

/// <summary>LayerNorm((word + type) + position).</summary>
internal sealed class BertEmbeddings<T> where T : class
{
    private readonly T _types;
    private readonly T? _positions;
    private readonly NormWeights<T> _norm;
    private readonly float _dropout;

    /// <param name="positionPadding">The position whose row lookups do not train (RoBERTa).</param>
    public BertEmbeddings(BertConfig config, IWeights<T> weights, int? positionPadding = null)
    {
        int h = config.HiddenSize;
        Words = weights.Table(config.VocabSize, h, "word_embeddings.weight", padding: config.PadTokenId);
        _types = weights.Table(config.TypeVocabSize, h, "token_type_embeddings.weight");
        _positions = config.PositionEmbeddingType == PositionEmbeddingType.Absolute
            ? weights.Table(config.MaxPositionEmbeddings, h, "position_embeddings.weight", padding: positionPadding) : null;
        _norm = weights.Norm("LayerNorm", h, config.LayerNormEps);
        _dropout = config.HiddenDropoutProb;
    }

    public T Words { get; }

    /// <summary>[N,H].</summary>
    public T Forward(IOps<T> ops, TokenBatch batch)
    {
        using IScope<T> scope = ops.Scope("embeddings");
        T x = ops.Embedding(Words, batch.Ids);
        x = ops.Embedding(_types, batch.Types, addTo: x);
        if (_positions is not null) x = ops.Embedding(_positions, batch.Positions, addTo: x);
        return scope.Keep(ops.Dropout(ops.LayerNorm(x, _norm), _dropout));
    }
}

/// <summary>Attention and feed-forward, each followed by residual and LayerNorm.</summary>
internal sealed class BertLayer<T> where T : class
{
    private readonly string _name;
    private readonly QueryKeyValue<T> _qkv;
    private readonly LinearWeights<T> _attentionOut;
    private readonly NormWeights<T> _attentionNorm, _outputNorm;
    private readonly FeedForwardWeights<T> _feedForward;
    private readonly FeedForwardSpec _feedForwardSpec;
    private readonly AttentionSpec<T> _attention;
    private readonly float _dropout;

    public BertLayer(BertConfig config, int index, IWeights<T> weights)
    {
        int h = config.HiddenSize, i = config.IntermediateSize, a = config.NumAttentionHeads;
        _name = $"encoder.layer.{index}";
        _dropout = config.HiddenDropoutProb;
        IWeights<T> self = weights.Under("attention.self");
        _qkv = self.QueryKeyValue(self.Linear(["query", "key", "value"], h, h), h);
        _attention = new(a, h / a, Position(config, self), Scale: 1 / MathF.Sqrt(h / a), Dropout: config.AttentionProbsDropoutProb);
        _attentionOut = weights.Linear("attention.output.dense", h, h);
        _attentionNorm = weights.Norm("attention.output.LayerNorm", h, config.LayerNormEps);
        _feedForward = new(In: weights.Linear("intermediate.dense", i, h), Out: weights.Linear("output.dense", h, i));
        _feedForwardSpec = new(config.HiddenAct, Dropout: _dropout);
        _outputNorm = weights.Norm("output.LayerNorm", h, config.LayerNormEps);
    }

    /// <summary>[N,H] → [N,H], or [R,H] of the rows that are wanted.</summary>
    public T Forward(IOps<T> ops, T x, TokenBatch batch, RowSet? rows)
    {
        using IScope<T> scope = ops.Scope(_name, ScopeKind.Layer);
        T attended = ops.SelfAttention(x, _qkv, batch, _attention, rows);
        x = ops.LayerNorm(ops.Linear(attended, _attentionOut, residual: ops.Chosen(x, rows), dropout: _dropout), _attentionNorm);
        return scope.Keep(ops.LayerNorm(ops.FeedForward(x, _feedForward, _feedForwardSpec, residual: x), _outputNorm));
    }

    private static PositionTerm<T> Position(BertConfig config, IWeights<T> self) => config.PositionEmbeddingType switch
    {
        PositionEmbeddingType.Absolute => new PositionTerm<T>.None(),
        PositionEmbeddingType type => new PositionTerm<T>.Relative(
            self.Table(2 * config.MaxPositionEmbeddings - 1, config.HiddenSize / config.NumAttentionHeads, "distance_embedding.weight"),
            KeyTerm: type == PositionEmbeddingType.RelativeKeyQuery),
    };
}

/// <summary>BERT as the registry lists it.</summary>
public sealed class BertArchitecture : IArchitecture
{
    private const string Common = """
        "model_type":"bert","vocab_size":30522,"max_position_embeddings":512,"type_vocab_size":2,"layer_norm_eps":1e-12,"pad_token_id":0
        """;

    public IReadOnlyList<string> ModelTypes { get; } = ["bert"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = ReferenceClasses.Of(["Bert"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.NextSentence, ModelTask.PreTraining, ModelTask.SequenceClassification,
        ModelTask.TokenClassification, ModelTask.QuestionAnswering, ModelTask.MultipleChoice);

    public TensorNames Names => BertConfig.Names;

    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["bert-base"] = $$"""{{{Common}},"hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,"intermediate_size":3072}""",
        ["bert-large"] = $$"""{{{Common}},"hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096}""",
    };

    /// <remarks>Files of RoBERTa and ELECTRA have the same layers: they are asked first.</remarks>
    public bool Recognises(IEnumerable<string> stored) =>
        stored.Any(name => name.EndsWith("encoder.layer.0.attention.self.query.weight", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file)
    {
        BertConfig read = BertConfig.Read(config);
        return file is null ? read : read.AsStored(file);
    }

    public InitialValues Initial(object config, TensorRequest request) => InitialValues.Of(request, ((BertConfig)config).InitializerRange);

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class =>
        (BertConfig)config is { HasPooler: true } bert ? BertHeads.Pooler(bert, weights) : null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        BertConfig read = (BertConfig)config;
        Bert<T> bert = new(read, weights.Under("bert"));
        object? head = task switch
        {
            ModelTask.Base => BuildPooler(read, weights),
            ModelTask.MaskedLm => new MaskedLm<T>(bert, BertHeads.MaskedLm(read, weights, bert.Words)),
            ModelTask.NextSentence => BertHeads.NextSentence(read, weights),
            ModelTask.PreTraining => BertHeads.PreTraining(read, weights, bert.Words),
            ModelTask.SequenceClassification => BertHeads.SequenceClassification(read, weights, labels),
            ModelTask.TokenClassification => BertHeads.TokenClassification(read.HiddenSize, weights, labels, BertHeads.Dropout(read)),
            ModelTask.QuestionAnswering => BertHeads.QuestionAnswering(read.HiddenSize, weights),
            ModelTask.MultipleChoice => BertHeads.MultipleChoice(read, weights),
            _ => throw ReferenceClasses.NoSuchHead("BERT", task),
        };
        bool judgesOrder = task is ModelTask.NextSentence or ModelTask.PreTraining;
        return new(bert, head, GlobalRules.None, judgesOrder ? LabelRules.OfSegments("next_sentence_label") : LabelRules.Reference);
    }
}

/// <summary>BERT's heads under their stored names.</summary>
public static class BertHeads
{
    public static Pooler<T> Pooler<T>(BertConfig config, IWeights<T> weights) where T : class =>
        new(weights.Linear("bert.pooler.dense", config.HiddenSize, config.HiddenSize), Activation.Tanh);

    public static MaskedLmHead<T> MaskedLm<T>(BertConfig config, IWeights<T> weights, T words) where T : class
    {
        int h = config.HiddenSize, v = config.VocabSize;
        IWeights<T> predictions = weights.Under("cls.predictions"), transform = predictions.Under("transform");
        return new(
            new(transform.Linear("dense", h, h), config.HiddenAct, transform.Norm("LayerNorm", h, config.LayerNormEps)),
            config.TieWordEmbeddings ? new(words, predictions.Bias(v, "bias")) : predictions.Linear("decoder", v, h));
    }

    public static SequenceClassificationHead<T> NextSentence<T>(BertConfig config, IWeights<T> weights) where T : class =>
        new(Pooler(config, weights), weights.Linear("cls.seq_relationship", 2, config.HiddenSize));

    public static PreTrainingHead<T> PreTraining<T>(BertConfig config, IWeights<T> weights, T words) where T : class =>
        new(MaskedLm(config, weights, words), NextSentence(config, weights), "seq_relationship_logits");

    public static SequenceClassificationHead<T> SequenceClassification<T>(BertConfig config, IWeights<T> weights, int labels) where T : class =>
        new(Pooler(config, weights), weights.Linear("classifier", labels, config.HiddenSize), Dropout(config));

    public static MultipleChoiceHead<T> MultipleChoice<T>(BertConfig config, IWeights<T> weights) where T : class =>
        new(SequenceClassification(config, weights, labels: 1));

    /// <summary>Of every network of this lineage that calls it "classifier".</summary>
    public static TokenClassificationHead<T> TokenClassification<T>(int hiddenSize, IWeights<T> weights, int labels, float dropout) where T : class =>
        new(weights.Linear("classifier", labels, hiddenSize), dropout);

    /// <summary>Of every network of this lineage that calls it "qa_outputs".</summary>
    public static QuestionAnsweringHead<T> QuestionAnswering<T>(int hiddenSize, IWeights<T> weights) where T : class =>
        new(new(weights.Linear("qa_outputs", 2, hiddenSize)));

    internal static float Dropout(BertConfig config) => config.ClassifierDropout ?? config.HiddenDropoutProb;
}
