using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>How long a text may be, by the files that say so.</summary>
internal static class LengthFiles
{
    /// <summary>Those of sentence-transformers, by the class of its encoder; the first that is there is read.</summary>
    public static readonly string[] Names =
    [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json",
        "sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
    ];

    /// <summary>Tokens that a folder without such a file names: what its tokenizer says, or the training, if its model had no table that limits it.</summary>
    /// <exception cref="CheckpointException">tokenizer_config.json is broken.</exception>
    public static int Named(InputLimits limits, string folder)
    {
        string path = Path.Combine(folder, "tokenizer_config.json");
        double tokenizer = File.Exists(path) ? ConfigFields.Parse(FileFault.ReadSmall(path), path).Number("model_max_length", double.MaxValue) : double.MaxValue;
        return (int)Math.Min(limits.Trained ?? int.MaxValue, tokenizer);
    }

    /// <summary>The same, but no more than the model's tables have rows for; null: any number.</summary>
    /// <exception cref="CheckpointException">tokenizer_config.json is broken.</exception>
    public static int? Longest<T>(IEncoder<T> encoder, string folder) where T : class =>
        Math.Min(Named(encoder.Limits, folder), encoder.LongestSequence() ?? int.MaxValue) is var tokens and < int.MaxValue ? tokens : null;
}
