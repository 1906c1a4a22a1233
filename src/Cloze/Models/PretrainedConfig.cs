using Cloze.Ops;
namespace Cloze.Models;

/// <summary>What the reference's base class of configurations writes into config.json, whatever the architecture.</summary>
/// <remarks>transformers configuration_utils.py, of all versions.</remarks>
internal static class PretrainedConfig
{
    /// <summary>Notes the keys that change nothing in an encoder, and refuses those that do and that nobody follows.</summary>
    /// <exception cref="CheckpointException">Heads are pruned, or the model is one with a decoder.</exception>
    public static void Read(ConfigFields config)
    {
        config.RefuseFlag("is_encoder_decoder");
        if (config.Fields("pruned_heads") is { } pruned && pruned.Names.Any()) throw config.Unsupported("pruned_heads", "not empty", "{}");

        // Where it comes from, how it was run, and what a caller gets.
        config.WithoutEffect("architectures", "transformers_version", "torch_dtype", "dtype", "_name_or_path", "name_or_path", "finetuning_task",
            "task_specific_params", "tokenizer_class", "language", "adapters", "gradient_checkpointing", "output_attentions", "output_hidden_states", "output_past",
            "return_dict", "torchscript", "use_bfloat16", "tf_legacy_loss", "_attn_implementation", "attn_implementation", "_attn_implementation_autoset",
            "is_decoder", "add_cross_attention", "cross_attention_hidden_size", "tie_encoder_decoder", "use_cache", "chunk_size_feed_forward", "label2id");

        // Tokens that models do not look at.
        config.WithoutEffect("bos_token_id", "eos_token_id", "eos_token_ids", "sep_token_id", "cls_token_id", "mask_token_id", "unk_token_id",
            "decoder_start_token_id", "prefix");

        // Generation of text.
        config.WithoutEffect("max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature",
            "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
            "num_return_sequences", "output_scores", "return_dict_in_generate", "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values",
            "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens");
    }

    /// <summary>One network of two that stand in one config.json: "generator", "discriminator".</summary>
    /// <param name="modelType">What it may call itself.</param>
    /// <exception cref="CheckpointException">It is not there or of another architecture, or as <see cref="Read"/>.</exception>
    public static ConfigFields Network(ConfigFields config, string name, string modelType)
    {
        ConfigFields network = config.Part(name) ?? throw config.Unsupported(name, "missing", $"the configuration of the {name}");
        Read(network);
        if (network.Text("model_type") is { } type && type != modelType) throw network.Unsupported("model_type", $"\"{type}\"", modelType);
        return network;
    }
}
