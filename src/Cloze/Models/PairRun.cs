using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>What a generator and a discriminator compute for one batch, under the names of DeBERTaV3's authors, and their losses; for any reading.</summary>
/// <param name="masked">The generator's tokens, some of them masked.</param>
/// <param name="drawn">The discriminator's: what was drawn for those. B·S, as <paramref name="words"/>.</param>
/// <param name="words">The original tokens where one was masked, else none: 0 in the code of DeBERTa's authors, else −100.</param>
public sealed class PairRun<T>(EncoderModel<T> model, ReplacedTokenPretraining<T> pair, PaddedTokens masked, int[] drawn, int[] words) where T : class
{
    private readonly PackedTokens _drawn = TokenBatchBuilder.Pack(
        masked with { Ids = drawn }, pair.Discriminator.Encoder.Positions, GlobalRules.None, pair.Discriminator.Encoder.Limits);

    /// <summary>The masked batch.</summary>
    public PackedTokens Packed { get; } = model.Pack(masked);

    /// <summary>1 where the discriminator should find another token than the original, for each real token.</summary>
    public float[] Replaced => [.. _drawn.Of(words).Zip(_drawn.Of(drawn), (word, token) => IsWord(word) && word != token ? 1f : 0f)];

    /// <summary>All outputs, owned by the innermost open scope; losses are one row of one column.</summary>
    /// <param name="owner">Where given, states of all layers are among them, and live as long as this scope.</param>
    /// <exception cref="ArgumentException">A label is no word.</exception>
    public IReadOnlyList<TaskOutput<T>> Outputs(ILosses<T> ops, IScope<T>? owner)
    {
        (RowSet predict, Labels original) = Packed.Labelled(words, IsWord);
        foreach (int word in original.Span)
            if ((uint)word >= (uint)pair.Generator.Encoder.Limits.Words)
                throw new ArgumentException($"A label is {word}; words are 0 … {pair.Generator.Encoder.Limits.Words - 1}.");
        List<TaskOutput<T>> outputs = [];
        HiddenStates<T>? filling = null, detecting = null;
        if (owner is not null)
        {
            (filling, detecting) = (new(owner), new(owner));
            pair.Generator.Encoder.Forward(ops, Packed.Batch, filling);   // the mask decoder leaves the last layer's own states out
        }
        T filled = pair.Generator.Forward(ops, Packed.Batch, predict), detected = pair.Discriminator.Forward(ops, _drawn.Batch, detecting);
        (T ofGenerator, T ofDiscriminator, T both) = pair.Losses(ops, filled, original, detected, Replaced);
        foreach ((int i, T state) in (filling?.States ?? []).Index()) outputs.Add(new($"generator.hidden_states.{i}", OutputRows.Tokens, state));
        foreach ((int i, T state) in (detecting?.States ?? []).Index()) outputs.Add(new($"discriminator.hidden_states.{i}", OutputRows.Tokens, state));
        return
        [
            .. outputs,
            new("generator_selected_logits", OutputRows.Labelled, filled), new("generator_loss", OutputRows.None, ofGenerator),
            new("discriminator_logits", OutputRows.TokenScores, detected), new("discriminator_loss", OutputRows.None, ofDiscriminator),
            new("loss", OutputRows.None, both),
        ];
    }

    private bool IsWord(int label) => model.Rules.IsWord(label);
}
