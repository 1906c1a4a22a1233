using System.Text.Json;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>Says a FlexBERT model, as ModernBERT's training code describes it, in the reference's words.</summary>
/// <remarks>
/// transformers configuration_modernbert.py. What the reference's classes cannot compute is refused by name. They have one rate of dropout for attention's
/// probabilities and for what it adds: that of the probabilities is written, which changes no result but training's.
/// </remarks>
internal static class FlexBertConversion
{
    /// <summary>config.json of the same model as a ModernBERT.</summary>
    /// <exception cref="CheckpointException">The reference has no such model.</exception>
    public static byte[] Config(FlexBertConfig config, ModelTask task, ConfigFields source)
    {
        ModernBertConfig encoder = config.Encoder;
        string className = task switch
        {
            ModelTask.Base => "ModernBertModel",
            ModelTask.MaskedLm => "ModernBertForMaskedLM",
            _ => throw new CheckpointException($"{source.Source}: a FlexBERT with a head for {ModelTasks.Name(task)} has another head than the reference's class; "
                + "convert its encoder or masked language model."),
        };
        Require(encoder.EmbeddingNorm, "embed_norm", "true");
        Require(!encoder.FirstAttentionNorm, "skip_first_prenorm", "true");
        Require(encoder.FinalNorm, "final_norm", "true");
        Require(encoder.Gated, "mlp_layer", "glu");
        Require(encoder.AttentionBias == encoder.AttentionOutBias, "attn_out_bias", "the same as attn_qkv_bias");
        Require(encoder.MlpBias == encoder.MlpOutBias, "mlp_out_bias", "the same as mlp_in_bias");
        Require(!source.IsNull("head_pred_act") && source.Text("head_pred_act") is not "", "head_pred_act", "the name of an activation");

        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new() { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartArray("architectures");
            json.WriteStringValue(className);
            json.WriteEndArray();
            json.WriteString("model_type", "modernbert");
            json.WriteString("torch_dtype", "float32");
            json.WriteNumber("vocab_size", encoder.VocabSize);
            json.WriteNumber("hidden_size", encoder.HiddenSize);
            json.WriteNumber("num_hidden_layers", encoder.NumHiddenLayers);
            json.WriteNumber("num_attention_heads", encoder.NumAttentionHeads);
            json.WriteNumber("intermediate_size", encoder.IntermediateSize);
            json.WriteNumber("max_position_embeddings", encoder.MaxPositionEmbeddings);
            json.WriteString("hidden_activation", source.Text("hidden_act") ?? "gelu");
            json.WriteString("classifier_activation", source.Text("head_pred_act") ?? "silu");
            json.WriteNumber("norm_eps", encoder.NormEps);
            json.WriteBoolean("norm_bias", encoder.NormBias);
            json.WriteBoolean("attention_bias", encoder.AttentionBias);
            json.WriteBoolean("mlp_bias", encoder.MlpBias);
            json.WriteBoolean("classifier_bias", encoder.ClassifierBias);
            json.WriteBoolean("decoder_bias", encoder.DecoderBias);
            json.WriteBoolean("tie_word_embeddings", encoder.TieWordEmbeddings);
            json.WriteBoolean("sparse_prediction", encoder.SparsePrediction);
            json.WriteNumber("attention_dropout", encoder.AttentionDropout);
            json.WriteNumber("mlp_dropout", encoder.MlpDropout);
            json.WriteNumber("embedding_dropout", encoder.EmbeddingDropout);
            json.WriteNumber("initializer_range", encoder.InitializerRange);
            json.WriteNumber("initializer_cutoff_factor", encoder.InitializerCutoffFactor);
            json.WriteNumber("global_rope_theta", encoder.GlobalRopeTheta);
            json.WriteNumber("local_rope_theta", encoder.LocalRopeTheta);
            json.WriteNumber("local_attention", encoder.LocalAttention);
            json.WriteNumber("global_attn_every_n_layers", Every(encoder.LayerTypes!));
            json.WriteStartArray("layer_types");
            foreach (string type in encoder.LayerTypes!) json.WriteStringValue(type);
            json.WriteEndArray();
            if (encoder.PadTokenId is { } pad) json.WriteNumber("pad_token_id", pad);
            else json.WriteNull("pad_token_id");
            foreach (string token in (string[])["bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"])
                if (source.Has(token)) json.WriteNumber(token, source.Int32(token, minimum: 0));
            json.WriteEndObject();
        }
        return [.. stream.ToArray(), (byte)'\n'];

        void Require(bool isSo, string field, string supported)
        {
            if (!isSo) throw source.Unsupported(field, "otherwise", $"{supported}, in what the reference's ModernBERT computes");
        }
    }

    /// <summary>For readers that know no layer_types: the distance of the first two layers that see all.</summary>
    private static int Every(IReadOnlyList<string> types)
    {
        int second = types.Skip(1).TakeWhile(type => type != ModernBertConfig.Full).Count() + 1;
        return second < types.Count ? second : types.Count + 1;
    }
}
