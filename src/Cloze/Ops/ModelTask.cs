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

/// <summary>What tasks are called, in commands and messages.</summary>
public static class ModelTasks
{
    /// <summary>"masked-lm", "next-sentence" …</summary>
    public static string Name(ModelTask task) => task switch
    {
        ModelTask.Base => "base",
        ModelTask.MaskedLm => "masked-lm",
        ModelTask.PreTraining => "pretraining",
        ModelTask.NextSentence => "next-sentence",
        ModelTask.SequenceClassification => "sequence-classification",
        ModelTask.TokenClassification => "token-classification",
        ModelTask.QuestionAnswering => "question-answering",
        ModelTask.MultipleChoice => "multiple-choice",
        _ => throw new ArgumentOutOfRangeException(nameof(task), task, "No name."),
    };
}
