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
    /// <summary>Whether the file holds a pooler; only multiple choice uses it.</summary>
    public bool HasPooler { get; init; } = true;

    public static TensorNames Names { get; } = new(["roberta"],
        ("roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"), ("lm_head.bias", "lm_head.decoder.bias"));

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
        HiddenSize = config.HiddenSize;
        Positions = PositionRules.AfterPad(config.PadTokenId);
        _embeddings = new(bert, weights.Under("embeddings"), positionPadding: config.PadTokenId);
        _layers = new BertLayer<T>[config.NumHiddenLayers];
        for (int i = 0; i < _layers.Length; i++) _layers[i] = new(bert, i, weights.Under($"encoder.layer.{i}"));
    }

    public int HiddenSize { get; }

    public PositionRule Positions { get; }

    /// <summary>The word table, which the masked-LM decoder shares.</summary>
    public T Words => _embeddings.Words;

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null)
    {
        T x = _embeddings.Forward(ops, batch);
        keep?.Add(x);
        foreach (BertLayer<T> layer in _layers) x = ops.Next(x, layer.Forward(ops, x, batch), keep);
        return x;
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

    public static TokenClassificationHead<T> TokenClassification<T>(RobertaConfig config, IWeights<T> weights, int labels) where T : class =>
        new(weights.Linear("classifier", labels, config.HiddenSize), Dropout(config));

    public static QuestionAnsweringHead<T> QuestionAnswering<T>(RobertaConfig config, IWeights<T> weights) where T : class =>
        new(new(weights.Linear("qa_outputs", 2, config.HiddenSize)));

    private static float Dropout(RobertaConfig config) => config.ClassifierDropout ?? config.HiddenDropoutProb;
}
