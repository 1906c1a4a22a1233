using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>An encoder with its head, built for one reading.</summary>
/// <param name="Head">
/// An <see cref="IMaskedLm{T}"/> or one of <c>Cloze.Heads</c>; for <see cref="ModelTask.Base"/> the pooler, or null where there is none.
/// </param>
/// <param name="Globals">Which columns are global where the caller names none.</param>
/// <param name="Rules">How labels are read.</param>
public sealed record EncoderModel<T>(IEncoder<T> Encoder, object? Head, GlobalRule Globals, LabelRules Rules) where T : class
{
    public EncoderModel(IEncoder<T> encoder, object? head) : this(encoder, head, GlobalRules.None, LabelRules.Reference) { }

    /// <summary>The encoder's last states for the head and nobody else: only the rows that it reads go through what follows the last attention.</summary>
    /// <returns>[R,H], and a batch of these rows, which the head takes.</returns>
    public (T Hidden, TokenBatch Batch) ForHead(IOps<T> ops, TokenBatch batch)
    {
        RowSet? rows = (Head as IReadsRows)?.RowsOf(batch);
        return (Encoder.Forward(ops, batch, keep: null, rows), rows is null ? batch : batch.Only(rows));
    }

    /// <summary>The separator that ends a question, for a model with global tokens; null: the model has no global attention.</summary>
    public int? GlobalSeparator { get; init; }

    /// <summary>The same, for a caller who has chosen global tokens.</summary>
    /// <exception cref="ArgumentException">The model has no global attention.</exception>
    public int RequireGlobalSeparator() =>
        GlobalSeparator ?? throw new ArgumentException("Global tokens are chosen, but the model has no global attention. Leave them out.");

    /// <summary>Whether columns and positions count real tokens, so that a hole in a mask leaves no trace (<see cref="TokenBatchBuilder.Pack"/>).</summary>
    public bool ClosesHoles { get; init; }

    /// <summary>Whether the code that trained the classifier pools pads too, which have no row here.</summary>
    public bool OriginalPoolsPads { get; init; }

    /// <summary>Whether positions that a caller gives change a result.</summary>
    public bool ReadsPositions => (Encoder.Limits.Positions is not null || Encoder.Limits.Rotates) && !ClosesHoles;

    /// <summary>The batch for this model: positions and global tokens by its rules.</summary>
    /// <exception cref="ArgumentException">
    /// As <see cref="TokenBatchBuilder.Pack"/>; or global tokens are named and the model has no global attention.
    /// </exception>
    public PackedTokens Pack(PaddedTokens tokens)
    {
        if (tokens.Global is not null) RequireGlobalSeparator();
        return TokenBatchBuilder.Pack(tokens, Encoder.Positions, Globals, Encoder.Limits, ClosesHoles);
    }
}
