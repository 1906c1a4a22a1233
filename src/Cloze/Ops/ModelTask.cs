namespace Cloze.Ops;

/// <summary>What stands on an encoder.</summary>
public enum ModelTask
{
    /// <summary>The encoder, and its pooler where the file holds one.</summary>
    Base,
    MaskedLm,
    /// <summary>Words and the order of two segments (BERT, ALBERT).</summary>
    PreTraining,
    NextSentence,
    SequenceClassification,
    TokenClassification,
    QuestionAnswering,
    MultipleChoice,
    /// <summary>Was each token replaced (ELECTRA, DeBERTa v3)?</summary>
    ReplacedToken,
}

/// <summary>An encoder with its head, built for one reading.</summary>
/// <param name="Head">An <see cref="IMaskedLm{T}"/>, one of <c>Cloze.Heads</c>, or null where the task has no head.</param>
/// <param name="Globals">Which columns are global where the caller names none.</param>
public sealed record EncoderModel<T>(IEncoder<T> Encoder, object? Head, GlobalRule Globals) where T : class
{
    public PackedTokens Pack(PaddedTokens tokens) => TokenBatchBuilder.Pack(tokens, Encoder.Positions, Globals);
}
