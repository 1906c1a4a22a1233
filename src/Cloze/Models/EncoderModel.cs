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

    /// <summary>The batch for this model: positions and global tokens by its rules.</summary>
    /// <exception cref="ArgumentException">As <see cref="TokenBatchBuilder.Pack"/>.</exception>
    public PackedTokens Pack(PaddedTokens tokens) => TokenBatchBuilder.Pack(tokens, Encoder.Positions, Globals, Encoder.Limits);
}
