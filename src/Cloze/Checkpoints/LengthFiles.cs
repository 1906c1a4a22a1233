namespace Cloze.Checkpoints;

/// <summary>Files in which sentence-transformers says how long a text may be, by the class of its encoder.</summary>
internal static class LengthFiles
{
    /// <summary>The first that is there is read.</summary>
    public static readonly string[] Names =
    [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json",
        "sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
    ];
}
