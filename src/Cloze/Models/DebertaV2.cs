using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that DeBERTa reads, in all its versions.</summary>
public sealed record DebertaV2Config
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
    /// <summary>"c2p" (content to position), "p2c" (position to content).</summary>
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
    /// <summary>0: no convolution.</summary>
    public int ConvKernelSize { get; init; }
    public Activation ConvAct { get; init; } = Activation.Tanh;
    public int ConvGroups { get; init; } = 1;

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

    /// <summary>Whether the file is its authors' own: no field of the reference's classes in config.json, no head under their names.</summary>
    public bool IsOriginal { get; init; } = true;
    /// <summary>Standard deviation of a random start.</summary>
    public double InitializerRange { get; init; } = 0.02;

    public static TensorNames Names { get; } = new(["deberta", "bert"],
        ("deberta.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
        ("cls.predictions.bias", "cls.predictions.decoder.bias"), ("cls.predictions.decoder.bias", "cls.predictions.bias"));

    /// <summary>As config.json says, with the reference's defaults (transformers configuration_deberta_v2.py).</summary>
    public static DebertaV2Config Read(ConfigFields config)
    {
        config.RefuseFlag("talking_head");
        DebertaV2Config read = new()
        {
            VocabSize = config.Int32("vocab_size"),
            HiddenSize = config.Int32("hidden_size"),
            NumHiddenLayers = config.Layers("num_hidden_layers"),
            NumAttentionHeads = config.Int32("num_attention_heads"),
            IntermediateSize = config.Int32("intermediate_size"),
            EmbeddingSize = config.Int32OrNull("embedding_size", minimum: 1, ConfigFields.Largest),
            MaxPositionEmbeddings = config.Int32("max_position_embeddings", 512, minimum: 1),
            TypeVocabSize = config.Int32("type_vocab_size", 0, minimum: 0),
            PadTokenId = config.NullableInt32(config.Has("padding_idx") ? "padding_idx" : "pad_token_id", absent: 0, minimum: 0),
            LayerNormEps = config.Number("layer_norm_eps", 1e-7, minimum: 0),
            HiddenDropoutProb = config.Rate("hidden_dropout_prob", 0.1),
            AttentionProbsDropoutProb = config.Rate("attention_probs_dropout_prob", 0.1),
            HiddenAct = config.Activation("hidden_act", Activation.Gelu),
            RelativeAttention = config.Flag("relative_attention", false),
            PosAttType = Words(config, "pos_att_type", "c2p", "p2c", "p2p"),
            MaxRelativePositions = config.Int32("max_relative_positions", -1, minimum: int.MinValue),
            PositionBuckets = config.Int32("position_buckets", -1, minimum: int.MinValue),
            ShareAttKey = config.Flag("share_att_key", false),
            NormRelEbd = Words(config, "norm_rel_ebd", "none", "layer_norm"),
            PositionBiasedInput = config.Flag("position_biased_input", true),
            ConvKernelSize = config.Int32("conv_kernel_size", 0, minimum: 0),
            ConvAct = config.Activation("conv_act", Activation.Tanh),
            ConvGroups = config.Int32("conv_groups", 1, minimum: 1),
            PoolerDropout = config.Rate("pooler_dropout", 0),
            PoolerHiddenAct = config.Activation("pooler_hidden_act", Activation.Gelu),
            ClsDropout = config.RateOrNull("cls_dropout"),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", true),
            IsOriginal = config.FlagOrNull("legacy") is null,
            HasReferenceHeadNames = config.FlagOrNull("legacy") is true,
            InitializerRange = config.Number("initializer_range", 0.02, minimum: 0),
        };
        config.RequireMultiple("hidden_size", read.HiddenSize, "num_attention_heads", read.NumAttentionHeads);
        config.RequireMultiple("hidden_size", read.HiddenSize, "conv_groups", read.ConvGroups);
        RequireEqual("attention_head_size", read.HiddenSize / read.NumAttentionHeads);
        RequireEqual("pooler_hidden_size", read.HiddenSize);
        if (read.ConvKernelSize > 0 && read.ConvKernelSize % 2 == 0) throw config.Unsupported("conv_kernel_size", $"{read.ConvKernelSize}", "odd widths, or 0");
        return read;

        void RequireEqual(string name, int supported)
        {
            if (config.Int32OrNull(name) is int found && found != supported)
                throw config.Unsupported(name, $"{found}", $"{supported}, which follows from the other sizes");
        }
    }

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
        HasReferenceHeadNames = file.Holds("cls.predictions.bias"),
        IsOriginal = IsOriginal && !file.Holds("cls.predictions.bias"),
        HasMaskDecoder = IsOriginal && !PositionBiasedInput && !file.Holds("cls.predictions.bias")
            && file.Holds("deberta.embeddings.position_embeddings.weight"),
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
    public bool SeesPositionsOfKeys => RelativeAttention && PosAttType.Contains("c2p");
    public bool SeesPositionsOfQueries => RelativeAttention && PosAttType.Contains("p2c");
    public RelativeBuckets Buckets
    {
        get
        {
            int farthest = MaxRelativePositions < 1 ? MaxPositionEmbeddings : MaxRelativePositions;
            return PositionBuckets < 1 ? new(farthest, 0, farthest) : new(PositionBuckets, PositionBuckets, farthest);
        }
    }
}

/// <summary>What DeBERTa's versions have in common above their layers.</summary>
public interface IDebertaEncoder<T> : IEncoder<T> where T : class
{
    /// <summary>The word table, which the masked-LM decoder shares.</summary>
    T Words { get; }

    /// <summary>The layer that the mask decoder applies in its own way.</summary>
    DebertaLayer<T> LastLayer { get; }

    /// <summary>All layers but the last: [N,H].</summary>
    T ForwardBelowLast(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep);
}

/// <summary>DeBERTa v2 and v3: attention in which content and distance are separate vectors, and see each other.</summary>
/// <remarks>He et al. 2020, arXiv:2006.03654; 2021, arXiv:2111.09543; transformers modeling_deberta_v2.py.</remarks>
public sealed class DebertaV2<T> : IDebertaEncoder<T> where T : class
{
    private readonly DebertaEmbeddings<T> _embeddings;
    private readonly DebertaLayer<T>[] _layers;

    public DebertaV2(DebertaV2Config config, IWeights<T> weights) : this(config, weights, EmbeddingSharing.None, generator: null) { }

    internal DebertaV2(DebertaV2Config config, IWeights<T> weights, EmbeddingSharing sharing, IWeights<T>? generator)
    {
        int h = config.HiddenSize;
        HiddenSize = h;
        Limits = config.Limits;
        _embeddings = new(config, weights.Under("embeddings"), sharing, generator?.Under("embeddings"));
        IWeights<T> encoder = weights.Under("encoder");
        Derived<T>? distances = config.RelativeAttention ? Distances(config, encoder) : null;
        _layers = new DebertaLayer<T>[config.NumHiddenLayers];
        for (int i = 0; i < _layers.Length; i++)
        {
            IWeights<T> layer = encoder.Under($"layer.{i}"), self = layer.Under("attention.self");
            LinearWeights<T> qkv = self.Linear(["query_proj", "key_proj", "value_proj"], h, h);
            DebertaV2Convolution<T>? convolution = i == 0 && config.ConvKernelSize > 0 ? new(config, encoder.Under("conv")) : null;
            _layers[i] = new(config, i, layer, qkv, Attention(config, self, qkv, distances), convolution);
        }
    }

    public int HiddenSize { get; }

    public InputLimits Limits { get; }

    public PositionRule Positions => PositionRules.Columns;

    public T Words => _embeddings.Words;

    public DebertaLayer<T> LastLayer => _layers[^1];

    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null, RowSet? rows = null) => Forward(ops, batch, _layers, keep, rows);

    public T ForwardBelowLast(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep) => Forward(ops, batch, _layers.AsSpan(..^1), keep, rows: null);

    private T Forward(IOps<T> ops, TokenBatch batch, ReadOnlySpan<DebertaLayer<T>> layers, HiddenStates<T>? keep, RowSet? rows)
    {
        T x = _embeddings.Forward(ops, batch);
        keep?.Add(x);
        foreach (DebertaLayer<T> layer in layers) x = ops.Next(x, layer.Forward(ops, x, batch, layer == LastLayer ? rows : null), keep);
        return x;
    }

    /// <summary>Distances are projected by matrices of their own, or by those of the content's queries and keys.</summary>
    private static AttentionSpec<T> Attention(DebertaV2Config config, IWeights<T> self, LinearWeights<T> qkv, Derived<T>? distances)
    {
        int h = config.HiddenSize;
        bool keys = config.SeesPositionsOfKeys, queries = config.SeesPositionsOfQueries;
        int terms = 1 + (config.PosAttType.Contains("c2p") ? 1 : 0) + (config.PosAttType.Contains("p2c") ? 1 : 0);
        return DebertaLayer<T>.Attention(config, terms, distances,
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

/// <summary>LayerNorm(project(word + position + type)): positions where the input is biased by them, types where there are any.</summary>
internal sealed class DebertaEmbeddings<T> where T : class
{
    private readonly SharedTable<T> _words;
    private readonly SharedTable<T>? _positions;
    private readonly T? _types;
    private readonly LinearWeights<T>? _project;
    private readonly NormWeights<T> _norm;
    private readonly float _dropout;

    public DebertaEmbeddings(DebertaV2Config config, IWeights<T> weights, EmbeddingSharing sharing, IWeights<T>? generator)
    {
        int e = config.Embedding, h = config.HiddenSize;
        _words = SharedTable<T>.Of(sharing, weights, generator, config.VocabSize, e, "word_embeddings", padding: config.PadTokenId);
        _positions = config.PositionBiasedInput ? SharedTable<T>.Of(sharing, weights, generator, config.MaxPositionEmbeddings, e, "position_embeddings") : null;
        _types = config.TypeVocabSize > 0 ? weights.Table(config.TypeVocabSize, e, "token_type_embeddings.weight") : null;
        _project = e == h ? null : weights.Linear("embed_proj", h, e, bias: false);
        _norm = weights.Norm("LayerNorm", h, config.LayerNormEps);
        _dropout = config.HiddenDropoutProb;
    }

    public T Words => _words.Own;

    /// <summary>[N,H].</summary>
    public T Forward(IOps<T> ops, TokenBatch batch)
    {
        using IScope<T> scope = ops.Scope("embeddings");
        T x = _words.Embedding(ops, batch.Ids);
        if (_positions is SharedTable<T> positions) x = positions.Embedding(ops, batch.Positions, addTo: x);
        if (_types is not null) x = ops.Embedding(_types, batch.Types, addTo: x);
        if (_project is LinearWeights<T> project) x = ops.Linear(x, project);                          // [N,E] → [N,H]
        return scope.Keep(ops.Dropout(ops.LayerNorm(x, _norm), _dropout));
    }
}

/// <summary>Disentangled attention and feed-forward, each followed by residual and LayerNorm; in v2 a convolution joins the first layer.</summary>
public sealed class DebertaLayer<T> where T : class
{
    private readonly string _name;
    private readonly LinearWeights<T> _attentionOut;
    private readonly AttentionSpec<T> _attention;
    private readonly NormWeights<T> _attentionNorm, _outputNorm;
    private readonly FeedForwardWeights<T> _feedForward;
    private readonly FeedForwardSpec _feedForwardSpec;
    private readonly DebertaV2Convolution<T>? _convolution;
    private readonly float _dropout;

    internal DebertaLayer(
        DebertaV2Config config, int index, IWeights<T> weights, LinearWeights<T> qkv, AttentionSpec<T> attention, DebertaV2Convolution<T>? convolution = null)
    {
        int h = config.HiddenSize, i = config.IntermediateSize;
        _name = $"encoder.layer.{index}";
        _dropout = config.HiddenDropoutProb;
        (Qkv, _attention, _convolution) = (weights.QueryKeyValue(qkv, h), attention, convolution);
        _attentionOut = weights.Linear("attention.output.dense", h, h);
        _attentionNorm = weights.Norm("attention.output.LayerNorm", h, config.LayerNormEps);
        _feedForward = new(In: weights.Linear("intermediate.dense", i, h), Out: weights.Linear("output.dense", h, i));
        _feedForwardSpec = new(config.HiddenAct, Dropout: _dropout);
        _outputNorm = weights.Norm("output.LayerNorm", h, config.LayerNormEps);
    }

    internal QueryKeyValue<T> Qkv { get; }

    /// <summary>[N,H] → [N,H], or [R,H] of the rows that are wanted.</summary>
    public T Forward(IOps<T> ops, T x, TokenBatch batch, RowSet? rows)
    {
        using IScope<T> scope = ops.Scope(_name, ScopeKind.Layer);
        T y = AfterAttention(ops, ops.SelfAttention(x, Qkv, batch, _attention, rows), residual: ops.Chosen(x, rows));
        return scope.Keep(_convolution is null ? y : _convolution.Forward(ops, x, y, batch, rows));
    }

    /// <summary>The same for rows that are not the stream that they see, without the convolution: [R,H] → [R,H].</summary>
    /// <param name="q">Of <paramref name="x"/>, [R,H]; k and v are [N,H].</param>
    internal T Forward(IOps<T> ops, T x, T q, T k, T v, RowSet rows, TokenBatch batch)
    {
        using IScope<T> scope = ops.Scope(_name, ScopeKind.Layer);
        return scope.Keep(AfterAttention(ops, ops.Attention(q, k, v, rows, batch, _attention), residual: x));
    }

    /// <param name="terms">How many terms a score has, which its scale divides by.</param>
    /// <param name="keys">Projects distances to keys: content to position.</param>
    /// <param name="queries">Projects distances to queries: position to content.</param>
    internal static AttentionSpec<T> Attention(DebertaV2Config config, int terms, Derived<T>? distances, LinearWeights<T>? keys, LinearWeights<T>? queries)
    {
        int a = config.NumAttentionHeads, d = config.HiddenSize / a;
        PositionTerm<T> position = new PositionTerm<T>.None();
        if (distances is not null && (keys ?? queries) is not null)
        {
            Derived<T> rows = new(ops => ops.Dropout(ops.Derived(distances), config.HiddenDropoutProb));   // one draw for keys and queries
            position = new PositionTerm<T>.Disentangled(Projected(rows, keys), Projected(rows, queries), config.Buckets);
        }
        return new(a, d, position, Scale: 1 / MathF.Sqrt(d * terms), Dropout: config.AttentionProbsDropoutProb);
    }

    private static Derived<T>? Projected(Derived<T> rows, LinearWeights<T>? matrix) =>
        matrix is { } weights ? new(ops => ops.Linear(ops.Derived(rows), weights)) : null;

    private T AfterAttention(IOps<T> ops, T attended, T residual)
    {
        T x = ops.LayerNorm(ops.Linear(attended, _attentionOut, residual: residual, dropout: _dropout), _attentionNorm);
        return ops.LayerNorm(ops.FeedForward(x, _feedForward, _feedForwardSpec, residual: x), _outputNorm);
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

/// <summary>The enhanced mask decoder: absolute positions enter below the last layer, which then runs twice in place of once.</summary>
/// <remarks>
/// He et al. 2020, §3.2; microsoft/DeBERTa apps/models/masked_language_model.py. Both passes see the states below the last layer, so only
/// the rows to predict are carried through them.
/// </remarks>
internal sealed class EnhancedMaskDecoder<T> where T : class
{
    private readonly DebertaLayer<T> _layer;
    private readonly T _positions;
    private readonly LinearWeights<T> _query, _keyValue;
    private readonly int _hidden;

    /// <param name="weights">Of the encoder.</param>
    /// <param name="layer">Its last.</param>
    public EnhancedMaskDecoder(DebertaV2Config config, IWeights<T> weights, DebertaLayer<T> layer)
    {
        int h = _hidden = config.HiddenSize;
        _layer = layer;
        _positions = weights.Table(config.MaxPositionEmbeddings, h, "embeddings.position_embeddings.weight");
        (_, _query, _keyValue) = layer.Qkv;
    }

    /// <summary>States of the rows to predict from those below the last layer: [N,H] → [R,H].</summary>
    public T Forward(IOps<T> ops, T below, TokenBatch batch, RowSet predict)
    {
        using IScope<T> scope = ops.Scope("decoder");
        T kv = ops.Linear(below, _keyValue);                                                    // [N,2H]
        (T k, T v) = (ops.Columns(kv, 0, _hidden), ops.Columns(kv, _hidden, _hidden));
        T x = ops.SelectRows(ops.Embedding(_positions, batch.Positions, addTo: below), predict.Rows); // [R,H]
        for (int pass = 0; pass < 2; pass++) x = _layer.Forward(ops, x, ops.Linear(x, _query), k, v, predict, batch);
        return scope.Keep(x);
    }
}

/// <summary>Masked language modelling as DeBERTa was pretrained: through the mask decoder, unless positions have entered with the words.</summary>
public sealed class DebertaMaskedLm<T> : IMaskedLm<T> where T : class
{
    private readonly IDebertaEncoder<T> _encoder;
    private readonly EnhancedMaskDecoder<T>? _decoder;
    private readonly MaskedLmHead<T> _head;

    public DebertaMaskedLm(DebertaV2Config config, IWeights<T> weights) : this(config, weights, new DebertaV2<T>(config, weights.Under("deberta"))) { }

    /// <param name="encoder">Of version 1, 2 or 3.</param>
    public DebertaMaskedLm(DebertaV2Config config, IWeights<T> weights, IDebertaEncoder<T> encoder)
    {
        _encoder = encoder;
        _decoder = config.UsesMaskDecoder ? new(config, weights.Under("deberta"), encoder.LastLayer) : null;
        _head = DebertaHeads.MaskedLm(config, weights, encoder.Words);
    }

    public IEncoder<T> Encoder => _encoder;

    public T Forward(IOps<T> ops, TokenBatch batch, RowSet predict, HiddenStates<T>? keep = null)
    {
        using IScope<T> scope = ops.Scope("masked_lm");
        return scope.Keep(_decoder is null
            ? new MaskedLm<T>(_encoder, _head).Forward(ops, batch, predict, keep)
            : _head.Forward(ops, _decoder.Forward(ops, _encoder.ForwardBelowLast(ops, batch, keep), batch, predict)));
    }
}

/// <summary>Replaced token detection, DeBERTaV3's other half.</summary>
/// <remarks>microsoft/DeBERTa apps/models/replaced_token_detection_model.py.</remarks>
public sealed class DebertaReplacedTokens<T> where T : class
{
    private readonly DebertaV2<T> _encoder;
    private readonly ReplacedTokenHead<T> _head;

    public DebertaReplacedTokens(DebertaV2Config config, IWeights<T> weights) : this(config, weights, EmbeddingSharing.None, generator: null) { }

    internal DebertaReplacedTokens(DebertaV2Config config, IWeights<T> weights, EmbeddingSharing sharing, IWeights<T>? generator)
    {
        _encoder = new(config, weights.Under("deberta"), sharing, generator?.Under("deberta"));
        _head = DebertaHeads.ReplacedToken(config, weights);
    }

    public IEncoder<T> Encoder => _encoder;

    /// <summary>[N,1]: above 0 means replaced.</summary>
    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null)
    {
        using IScope<T> scope = ops.Scope("replaced_tokens");
        return scope.Keep(_head.Forward(ops, _encoder.Forward(ops, batch, keep), batch));
    }
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

    /// <summary>As the authors' configurations say (microsoft/DeBERTa experiments, rtd_*.json).</summary>
    public static DebertaV3PretrainingConfig Read(ConfigFields config) => new(
        DebertaV2Config.Read(config.Fields("generator") ?? throw config.Unsupported("generator", "missing", "the configuration of the generator")),
        DebertaV2Config.Read(config.Fields("discriminator") ?? throw config.Unsupported("discriminator", "missing", "the configuration of the discriminator")),
        config.Text("embedding_sharing") switch
        {
            "es" => EmbeddingSharing.Es,
            "gdes" => EmbeddingSharing.Gdes,
            null or "none" => EmbeddingSharing.None,
            string other => throw config.Unsupported("embedding_sharing", $"\"{other}\"", "es, gdes, none"),
        })
    {
        RtdLambda = (float)config.Number("rtd_lambda", 10, minimum: 0),
    };
}

/// <summary>DeBERTaV3's pretraining: a generator fills masked tokens, a discriminator finds what it filled in wrongly.</summary>
/// <remarks>
/// He et al. 2021, §3; microsoft/DeBERTa apps/tasks/rtd_task.py. The caller draws tokens from the generator's scores and packs them anew; where the
/// generator takes its step before that (the original's default), the discriminator reads the generator's new table.
/// </remarks>
public sealed class DebertaV3Pretraining<T>(DebertaV3PretrainingConfig config, IWeights<T> weights) where T : class
{
    public DebertaMaskedLm<T> Generator { get; } = new(config.Generator, weights.Under("generator"));

    public DebertaReplacedTokens<T> Discriminator { get; } =
        new(config.Discriminator, weights.Under("discriminator"), config.EmbeddingSharing, weights.Under("generator"));

    /// <summary>Mean over predicted rows + λ · mean over all tokens.</summary>
    /// <param name="filled">Of <see cref="Generator"/>, [R,V].</param>
    /// <param name="original">The tokens that stood there, R.</param>
    /// <param name="detected">Of <see cref="Discriminator"/>, [N,1].</param>
    /// <param name="replaced">1 where the drawn token is not the original, N.</param>
    public T Loss(ILosses<T> ops, T filled, Labels original, T detected, ReadOnlyMemory<float> replaced)
    {
        using IScope<T> scope = ops.Scope("loss");
        return scope.Keep(ops.WeightedSum([(1, ops.CrossEntropy(filled, original)), (config.RtdLambda, ops.BinaryCrossEntropy(detected, replaced))]));
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

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = ReferenceClasses.Of(["DebertaV2"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.SequenceClassification, ModelTask.TokenClassification,
        ModelTask.QuestionAnswering, ModelTask.MultipleChoice);

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
        DebertaV2Config read = DebertaV2Config.Read(config);
        return file is null ? read : read.AsStored(file);
    }

    /// <remarks>The convolution's bias starts as torch.nn.Conv1d's, the residual tables of a discriminator as zeros (microsoft/DeBERTa rtd_task.py).</remarks>
    public InitialValues Initial(object config, TensorRequest request)
    {
        DebertaV2Config read = (DebertaV2Config)config;
        if (request.Name.EndsWith("encoder.conv.conv.bias", StringComparison.Ordinal))
            return new InitialValues.Uniform(1 / Math.Sqrt((double)read.HiddenSize / read.ConvGroups * read.ConvKernelSize));
        return request.Name.EndsWith("embeddings._weight", StringComparison.Ordinal)
            ? new InitialValues.Constant(0)
            : InitialValues.Of(request, read.InitializerRange);
    }

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class => null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        DebertaV2Config read = (DebertaV2Config)config;
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
            ModelTask.MaskedLm when config.UsesMaskDecoder => new DebertaMaskedLm<T>(config, weights, deberta),
            ModelTask.MaskedLm => new MaskedLm<T>(deberta, MaskedLm(config, weights, deberta.Words)),
            ModelTask.SequenceClassification => SequenceClassification(config, weights, labels),
            ModelTask.TokenClassification => TokenClassification(config, weights, labels),
            ModelTask.QuestionAnswering => QuestionAnswering(config, weights),
            ModelTask.MultipleChoice => MultipleChoice(config, weights),
            _ => throw ReferenceClasses.NoSuchHead("DeBERTa", task),
        };
        return new(deberta, head, GlobalRules.None, new(IgnoresZero: config.IsOriginal, IgnoresNegative: true, FloatsAre: ProblemType.SoftLabels));
    }

    public static Pooler<T> Pooler<T>(DebertaV2Config config, IWeights<T> weights) where T : class =>
        new(weights.Linear("pooler.dense", config.HiddenSize, config.HiddenSize), config.PoolerHiddenAct, config.PoolerDropout);

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

    public static SequenceClassificationHead<T> SequenceClassification<T>(DebertaV2Config config, IWeights<T> weights, int labels) where T : class =>
        new(Pooler(config, weights), weights.Linear("classifier", labels, config.HiddenSize), config.ClsDropout ?? config.HiddenDropoutProb);

    public static MultipleChoiceHead<T> MultipleChoice<T>(DebertaV2Config config, IWeights<T> weights) where T : class =>
        new(SequenceClassification(config, weights, labels: 1));

    public static TokenClassificationHead<T> TokenClassification<T>(DebertaV2Config config, IWeights<T> weights, int labels) where T : class =>
        new(weights.Linear("classifier", labels, config.HiddenSize), config.HiddenDropoutProb);

    public static QuestionAnsweringHead<T> QuestionAnswering<T>(DebertaV2Config config, IWeights<T> weights) where T : class =>
        new(new(weights.Linear("qa_outputs", 2, config.HiddenSize)));
}
