namespace Cloze.Ops;

/// <summary>What stands on an encoder.</summary>
public enum ModelTask
{
    /// <summary>The encoder, and its pooler where the file holds one.</summary>
    Base,
    MaskedLm,
    /// <summary>
    /// What the architecture was pretrained on, where that is more than masked words: words and the order of two segments (BERT, ALBERT), replaced
    /// tokens (ELECTRA, DeBERTa v3: the discriminator alone, or with its generator).
    /// </summary>
    PreTraining,
    NextSentence,
    SequenceClassification,
    TokenClassification,
    QuestionAnswering,
    MultipleChoice,
}
