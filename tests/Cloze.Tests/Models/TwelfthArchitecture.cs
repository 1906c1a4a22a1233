using System.Runtime.CompilerServices;
using Cloze.Checkpoints;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>A made-up architecture: all that a new one takes. This file, and one line that registers it.</summary>
internal static class TwelfthRegistration
{
    [ModuleInitializer]
    internal static void Register() => ModelRegistry.Add(new TwelfthArchitecture());
}

/// <summary>The fields of config.json that the made-up network reads.</summary>
public sealed record TwelfthConfig(int VocabSize, int HiddenSize, int NumHiddenLayers, int NumAttentionHeads, int IntermediateSize, int MaxPositionEmbeddings)
{
    public static TwelfthConfig Read(ConfigFields config)
    {
        TwelfthConfig read = new(config.Int32("vocab_size"), config.Int32("hidden_size"), config.Layers("num_hidden_layers"), config.Int32("num_attention_heads"),
            config.Int32("intermediate_size"), config.Int32("max_position_embeddings", 64, minimum: 1));
        config.RequireMultiple("hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        return read;
    }
}

/// <summary>Attention and feed-forward side by side over one normed input, positions both learned and by ALiBi.</summary>
public sealed class Twelfth<T> : IEncoder<T> where T : class
{
    private readonly T _positions;
    private readonly TwelfthLayer<T>[] _layers;

    public Twelfth(TwelfthConfig config, IWeights<T> weights)
    {
        HiddenSize = config.HiddenSize;
        Limits = new(config.VocabSize, Positions: config.MaxPositionEmbeddings);
        Words = weights.Table(config.VocabSize, HiddenSize, "words.weight");
        _positions = weights.Table(config.MaxPositionEmbeddings, HiddenSize, "positions.weight");
        _layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(i => new TwelfthLayer<T>(config, weights.Under($"side_by_side.{i}")))];
    }

    public int HiddenSize { get; }
    public InputLimits Limits { get; }
    public PositionRule Positions => PositionRules.Columns;
    public T Words { get; }

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null, RowSet? rows = null)
    {
        T x = ops.Embedding(_positions, batch.Positions, addTo: ops.Embedding(Words, batch.Ids));
        keep?.Add(x);
        foreach (TwelfthLayer<T> layer in _layers) x = ops.Next(x, layer.Forward(ops, x, batch, layer == _layers[^1] ? rows : null), keep);
        return x;
    }
}

/// <summary>x + attention(norm(x)) + feed-forward(norm(x)).</summary>
internal sealed class TwelfthLayer<T> where T : class
{
    private readonly NormWeights<T> _norm;
    private readonly QueryKeyValue<T> _qkv;
    private readonly LinearWeights<T> _attentionOut;
    private readonly FeedForwardWeights<T> _feedForward;
    private readonly AttentionSpec<T> _attention;

    public TwelfthLayer(TwelfthConfig config, IWeights<T> weights)
    {
        int h = config.HiddenSize, a = config.NumAttentionHeads;
        _norm = weights.Norm("norm", h, 1e-6);
        _qkv = weights.QueryKeyValue(weights.Linear("qkv", 3 * h, h), h);
        _attentionOut = weights.Linear("out", h, h);
        _feedForward = new(weights.Linear("up", config.IntermediateSize, h), weights.Linear("down", h, config.IntermediateSize));
        _attention = new(a, h / a, new PositionTerm<T>.Alibi(Enumerable.Range(1, a).Select(head => 1f / head).ToArray()), Scale: 1 / MathF.Sqrt(h / a));
    }

    public T Forward(IOps<T> ops, T x, TokenBatch batch, RowSet? rows)
    {
        using IScope<T> scope = ops.Scope("layer", ScopeKind.Layer);
        T normed = ops.LayerNorm(x, _norm);
        x = ops.Linear(ops.SelfAttention(normed, _qkv, batch, _attention, rows), _attentionOut, residual: ops.Chosen(x, rows));
        return scope.Keep(ops.FeedForward(ops.Chosen(normed, rows), _feedForward, new(Activation.Silu), residual: x));
    }
}

/// <summary>The made-up network as the registry lists it.</summary>
public sealed class TwelfthArchitecture : IArchitecture
{
    public IReadOnlyList<string> ModelTypes { get; } = ["twelfth"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } =
        ReferenceClasses.Of(["Twelfth"], ModelTask.Base, ModelTask.MaskedLm, ModelTask.SequenceClassification);

    public TensorNames Names { get; } = new(["twelfth"], ("twelfth.words.weight", "decoder.weight"));

    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["twelfth-tiny"] = """
            {"model_type":"twelfth","vocab_size":100,"hidden_size":32,"num_hidden_layers":3,"num_attention_heads":4,"intermediate_size":64}
            """,
    };

    public bool Recognises(IEnumerable<string> stored) => stored.Any(name => name.EndsWith("side_by_side.0.qkv.weight", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file) => TwelfthConfig.Read(config);

    public InitialValues Initial(object config, TensorRequest request) => InitialValues.Of(request, 0.1);

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class => null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        TwelfthConfig read = (TwelfthConfig)config;
        int h = read.HiddenSize;
        Twelfth<T> twelfth = new(read, weights.Under("twelfth"));
        return new(twelfth, task switch
        {
            ModelTask.Base => null,
            ModelTask.MaskedLm => new MaskedLm<T>(twelfth, new(
                new(weights.Linear("transform", h, h), Activation.Gelu, weights.Norm("norm", h, 1e-6)), new(twelfth.Words, weights.Bias(read.VocabSize, "bias")))),
            ModelTask.SequenceClassification => new SequenceClassificationHead<T>(
                new(weights.Linear("pooler", h, h), Activation.Tanh), weights.Linear("classifier", labels, h)),
            _ => throw ReferenceClasses.NoSuchHead("Twelfth", task),
        });
    }
}
