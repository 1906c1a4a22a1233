using System.Globalization;
using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>The fields of config.json that FlexBERT, the code ModernBERT was trained with, reads: a ModernBERT encoder, and heads of its own.</summary>
/// <remarks>AnswerDotAI/ModernBERT, src/bert_layers/configuration_bert.py. Its defaults are not what was trained, so most values must be given.</remarks>
public sealed record FlexBertConfig
{
    /// <summary>The same network as the reference's ModernBERT classes describe it.</summary>
    public required ModernBertConfig Encoder { get; init; }
    /// <summary>Whether pads are dropped before anything is computed, so that columns count real tokens.</summary>
    public bool Unpadded { get; init; } = true;
    public Activation HeadClassAct { get; init; } = Activation.Silu;
    public bool HeadClassBias { get; init; }
    public bool HeadClassNorm { get; init; }
    public float HeadClassDropout { get; init; }
    /// <summary>"cls", "mean" or "max" in config.json, before the classifier's dense matrix.</summary>
    public Pooling PoolingType { get; init; } = Pooling.First;
    /// <summary>"default" or "full_megatron": what a random start draws.</summary>
    public string InitMethod { get; init; } = "default";

    /// <summary>As config.json says, with the training code's defaults.</summary>
    /// <exception cref="CheckpointException">An option that changes the result is not one that stands here; it is named.</exception>
    public static FlexBertConfig Read(ConfigFields config)
    {
        Only(config, "bert_layer", "prenorm", "prenorm");
        Only(config, "attention_layer", "base", "rope");
        Only(config, "embedding_layer", "absolute_pos", "sans_pos");
        Only(config, "encoder_layer", "base", "base");
        Only(config, "normalization", "rmsnorm", "layernorm", "triton_layernorm");
        string mlp = Only(config, "mlp_layer", "mlp", "mlp", "glu");
        if (config.Int32("num_initial_layers", 1, minimum: 0) > 0)
        {
            OnlyOrAbsent(config, "initial_bert_layer", "prenorm");
            OnlyOrAbsent(config, "initial_attention_layer", "rope");
            OnlyOrAbsent(config, "initial_mlp_layer", mlp);
        }
        if (!Truth(config, "head_pred_norm", true)) throw config.Unsupported("head_pred_norm", "false", "true");
        RequireMeanCrossEntropy(config);
        config.WithoutEffect("initial_bert_layer", "initial_attention_layer", "initial_mlp_layer", "use_fa2", "use_sdpa_attn_mask", "deterministic_fa2",
            "compile_model", "pad_logits", "allow_embedding_resizing", "head_pred_dropout", "position_embedding_type",
            "type_vocab_size", "hidden_dropout_prob", "layer_norm_eps", "initializer_range", "classifier_dropout", "alibi_starting_size",
            "auto_map", "init_small_embedding");

        bool embeddingNorm = config.Flag("embed_norm", true);
        ConfigFields? norm = config.Fields("norm_kwargs");
        if (norm?.Names.FirstOrDefault(name => name is not ("eps" or "bias")) is { } other) throw norm.Unsupported(other, "given", "eps and bias");
        double theta = config.Number("rotary_emb_base", 10000, minimum: 1), localTheta = config.Number("local_attn_rotary_emb_base", -1);
        ModernBertConfig encoder = new()
        {
            VocabSize = config.Int32("vocab_size"),
            HiddenSize = config.Int32("hidden_size"),
            NumHiddenLayers = config.Layers("num_hidden_layers"),
            NumAttentionHeads = config.Int32("num_attention_heads"),
            IntermediateSize = config.Int32("intermediate_size"),
            PadTokenId = config.PaddingRow("pad_token_id", absent: 0),
            MaxPositionEmbeddings = config.Int32("max_position_embeddings", 512, minimum: 1),
            LocalAttention = Math.Max(config.Int32("sliding_window", -1, minimum: -1), 0),
            LayerTypes = LayerTypes(config),
            NormEps = norm?.Number("eps", 1e-5, minimum: 0) ?? 1e-5,
            NormBias = norm?.Flag("bias", true) ?? true,
            AttentionBias = config.Flag("attn_qkv_bias", false),
            AttentionOutBias = config.Flag("attn_out_bias", false),
            MlpBias = config.Flag("mlp_in_bias", false),
            MlpOutBias = config.Flag("mlp_out_bias", false),
            ClassifierBias = config.Flag("head_pred_bias", false),
            DecoderBias = config.Flag("decoder_bias", true),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", true),
            HiddenActivation = config.Activation("hidden_act", Activation.Gelu),
            ClassifierActivation = HeadActivation(config, "head_pred_act"),
            AttentionDropout = config.Rate("attention_probs_dropout_prob", 0),
            AttentionOutDropout = config.Rate("attn_out_dropout_prob", 0),
            MlpDropout = config.Rate("mlp_dropout_prob", 0),
            EmbeddingDropout = config.Rate("embed_dropout_prob", 0),
            GlobalRopeTheta = theta,
            LocalRopeTheta = localTheta == -1 ? theta : config.Number("local_attn_rotary_emb_base", theta, minimum: 1),
            EmbeddingNorm = embeddingNorm,
            FirstAttentionNorm = !(embeddingNorm && config.Flag("skip_first_prenorm", false)),
            FinalNorm = config.Flag("final_norm", false),
            Gated = mlp == "glu",
            SparsePrediction = config.Flag("masked_prediction", false),
            InitializerRange = config.Number("init_std", 0.02, minimum: 0),
            InitializerCutoffFactor = config.Number("init_cutoff_factor", 2, minimum: 0),
        };
        encoder.Require(config);
        RequirePlainRotation(config, encoder.HiddenSize / encoder.NumAttentionHeads);
        bool unpadded = Only(config, "padding", "unpadded", "unpadded", "padded") == "unpadded";
        return new()
        {
            Encoder = encoder,
            Unpadded = config.Flag("unpad_embeddings", false) || unpadded,
            HeadClassAct = HeadActivation(config, "head_class_act"),
            HeadClassBias = config.Flag("head_class_bias", false),
            HeadClassNorm = Truth(config, "head_class_norm", false),
            HeadClassDropout = config.Rate("head_class_dropout", 0),
            PoolingType = config.Text("pooling_type") switch
            {
                null or "cls" => Pooling.First,
                "mean" => Pooling.Mean,
                "max" => Pooling.Max,
                string pooling => throw config.Unsupported("pooling_type", $"\"{pooling}\"", "cls, mean, max"),
            },
            InitMethod = config.Text("init_method") ?? "default",
        };
    }

    /// <summary>With what the file says and config.json does not: the code that trained rounds the word table up to a multiple of 8 rows.</summary>
    public FlexBertConfig AsStored(IStoredTensors file) => this with
    {
        Encoder = Encoder.AsStored(file) with { VocabSize = file.Rows("model.embeddings.tok_embeddings.weight") ?? Encoder.VocabSize },
    };

    /// <summary>Every n-th layer sees all and the others a window; without n all layers have the window, or none.</summary>
    private static List<string> LayerTypes(ConfigFields config)
    {
        int layers = config.Layers("num_hidden_layers"), every = config.Int32("global_attn_every_n_layers", -1, minimum: -1);
        bool hasWindow = config.Int32("sliding_window", -1, minimum: -1) >= 0;
        if (every > 0 && !hasWindow) throw config.Unsupported("sliding_window", "-1", $"a width, since global_attn_every_n_layers is {every}");
        if (every > 0 && (layers - 1) % every != 0)
            throw config.Unsupported("global_attn_every_n_layers", $"{every}", $"a divisor of num_hidden_layers - 1, {layers - 1}, as in the code that trained");
        return [.. Enumerable.Range(0, layers).Select(layer =>
            !hasWindow || (every > 0 && layer % every == 0) ? ModernBertConfig.Full : ModernBertConfig.Sliding)];
    }

    private static void RequirePlainRotation(ConfigFields config, int headSize)
    {
        config.RefuseFlag("rotary_emb_interleaved");
        if (config.Has("rotary_emb_scale_base")) throw config.Unsupported("rotary_emb_scale_base", "given", "null");
        foreach (string name in (string[])["rotary_emb_dim", "local_attn_rotary_emb_dim"])
            if (config.Int32OrNull(name) is { } columns && columns != headSize) throw config.Unsupported(name, $"{columns}", $"null or the head size, {headSize}");
    }

    private static void RequireMeanCrossEntropy(ConfigFields config)
    {
        Only(config, "loss_function", "cross_entropy", "cross_entropy", "fa_cross_entropy");
        if (config.Fields("loss_kwargs") is not { } loss) return;
        Only(loss, "reduction", "mean", "mean");
        if (loss.Int32OrNull("ignore_index") is { } ignored and not Labels.Ignored) throw loss.Unsupported("ignore_index", $"{ignored}", $"{Labels.Ignored}");
        foreach (string name in (string[])["label_smoothing", "lse_square_scale"])
        {
            if (loss.Number(name, 0) is double share and not 0)
                throw loss.Unsupported(name, share.ToString(CultureInfo.InvariantCulture), "0");
        }
    }

    /// <summary>Absent: silu; null or empty: none.</summary>
    private static Activation HeadActivation(ConfigFields config, string name) =>
        config.IsNull(name) || config.Text(name) is "" ? Activation.Linear : config.Activation(name, Activation.Silu);

    /// <summary>A flag that some files write as a text, which then means true.</summary>
    private static bool Truth(ConfigFields config, string name, bool absent) =>
        config.IsText(name) ? config.Text(name) is not "" : !config.IsNull(name) && config.Flag(name, absent);

    private static string Only(ConfigFields config, string name, string absent, params ReadOnlySpan<string> known)
    {
        string value = config.Text(name) ?? absent;
        return known.Contains(value) ? value : throw config.Unsupported(name, $"\"{value}\"", string.Join(", ", known));
    }

    private static void OnlyOrAbsent(ConfigFields config, string name, string known) => Only(config, name, known, known);
}

/// <summary>FlexBERT as the registry lists it: ModernBERT under the names and options of the code that trained it.</summary>
/// <remarks>Its config.json names no class, and "bert" as model_type if any. The names of tensors tell it.</remarks>
public sealed class FlexBertArchitecture : IArchitecture
{
    public IReadOnlyList<string> ModelTypes { get; } = ["flexbert", "bert"];

    public IReadOnlyDictionary<string, ModelTask> Classes { get; } = ReferenceClasses.Of(["FlexBert"],
        ModelTask.Base, ModelTask.MaskedLm, ModelTask.SequenceClassification, ModelTask.MultipleChoice);

    public TensorNames Names => ModernBertConfig.Names;

    /// <remarks>AnswerDotAI/ModernBERT, yamls/modernbert.</remarks>
    public IReadOnlyDictionary<string, string> Shapes { get; } = new Dictionary<string, string>
    {
        ["flexbert-base"] = """
            {"model_type":"flexbert","vocab_size":50368,"hidden_size":768,"num_hidden_layers":22,"num_attention_heads":12,"intermediate_size":1152,
            "max_position_embeddings":8192,"pad_token_id":50283,"bert_layer":"prenorm","attention_layer":"rope","embedding_layer":"sans_pos","mlp_layer":"glu",
            "normalization":"layernorm","norm_kwargs":{"eps":1e-5,"bias":false},"embed_norm":true,"skip_first_prenorm":true,"final_norm":true,
            "sliding_window":128,"global_attn_every_n_layers":3,"rotary_emb_base":160000.0,"local_attn_rotary_emb_base":10000.0,"num_initial_layers":0,
            "head_pred_act":"gelu","init_method":"full_megatron"}
            """,
    };

    /// <remarks>Layers of all its forms, so that those that are not supported are refused by name.</remarks>
    public bool Recognises(IEnumerable<string> stored) => stored.Any(name =>
        name.Contains("encoder.layers.0.attn.", StringComparison.Ordinal) || name.Contains("encoder.layers.0.Wqkvff.", StringComparison.Ordinal));

    public object Configure(ConfigFields config, IStoredTensors? file)
    {
        FlexBertConfig read = FlexBertConfig.Read(config);
        return file is null ? read : read.AsStored(file);
    }

    /// <remarks>src/bert_layers/initialization.py. A prediction head's dense matrix is drawn like those that read the residual stream.</remarks>
    public InitialValues Initial(object config, TensorRequest request)
    {
        FlexBertConfig read = (FlexBertConfig)config;
        double deviation = read.Encoder.InitializerRange;
        return read.InitMethod switch
        {
            "default" => InitialValues.Of(request, deviation),
            "full_megatron" when request.Name == "head.dense.weight" =>
                new InitialValues.Normal(deviation, read.Encoder.InitializerCutoffFactor, ZeroesPadding: false),
            "full_megatron" => ModernBertArchitecture.Initial(read.Encoder, request),
            string other => throw new CheckpointException($"init_method is \"{other}\"; default and full_megatron are supported."),
        };
    }

    public Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class => null;

    public EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class
    {
        FlexBertConfig read = (FlexBertConfig)config;
        ModernBert<T> encoder = new(read.Encoder, weights.Under("model"));
        object? head = task switch
        {
            ModelTask.Base => null,
            ModelTask.MaskedLm => new MaskedLm<T>(encoder, ModernBertHeads.MaskedLm(read.Encoder, weights, encoder.Words)),
            ModelTask.SequenceClassification => Classification(read, weights, labels),
            ModelTask.MultipleChoice => new MultipleChoiceHead<T>(Classification(read, weights, labels: 1)),
            _ => throw ReferenceClasses.NoSuchHead("FlexBERT", task),
        };
        return new(encoder, head, GlobalRules.None, new(ScoresLabelledOnly: read.Encoder.SparsePrediction))
        {
            ClosesHoles = read.Unpadded,
            OriginalPoolsPads = task is ModelTask.SequenceClassification or ModelTask.MultipleChoice && read.PoolingType != Pooling.First,
        };
    }

    /// <remarks>A module of its own, which the published models have not. Where the original's mean and maximum take pads in, these are left out (docs/decisions/0057).</remarks>
    private static SequenceClassificationHead<T> Classification<T>(FlexBertConfig config, IWeights<T> weights, int labels) where T : class
    {
        (ModernBertConfig encoder, int h) = (config.Encoder, config.Encoder.HiddenSize);
        NormWeights<T>? norm = config.HeadClassNorm ? weights.Norm("head.norm", h, encoder.NormEps, encoder.NormBias) : null;
        Pooler<T> pooler = new(weights.Linear("head.dense", h, h, config.HeadClassBias), config.HeadClassAct, pooling: config.PoolingType, norm: norm);
        return new(pooler, weights.Linear("classifier", labels, h), config.HeadClassDropout);
    }
}
