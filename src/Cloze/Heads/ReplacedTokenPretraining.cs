using Cloze.Ops;
namespace Cloze.Heads;

/// <summary>A discriminator: is each token the original one?</summary>
public sealed class ReplacedTokenDetector<T>(IEncoder<T> encoder, ReplacedTokenHead<T> head) where T : class
{
    public IEncoder<T> Encoder => encoder;

    /// <summary>[N,1]: above 0 means replaced.</summary>
    public T Forward(IOps<T> ops, TokenBatch batch, HiddenStates<T>? keep = null)
    {
        using IScope<T> scope = ops.Scope("discriminator");
        return scope.Keep(head.Forward(ops, encoder.Forward(ops, batch, keep), batch));
    }
}

/// <summary>A generator fills masked tokens, a discriminator finds what it filled in wrongly: the pretraining of ELECTRA and DeBERTaV3.</summary>
/// <param name="lambda">Weight of the discriminator's loss.</param>
/// <remarks>
/// Clark et al. 2020, arXiv:2003.10555, §3; He et al. 2021, arXiv:2111.09543, §3. The caller draws tokens from the generator's scores and packs them anew,
/// so no gradient goes from the discriminator to the generator, save to tables that they share.
/// </remarks>
public sealed class ReplacedTokenPretraining<T>(IMaskedLm<T> generator, ReplacedTokenDetector<T> discriminator, float lambda) where T : class
{
    public IMaskedLm<T> Generator => generator;
    public ReplacedTokenDetector<T> Discriminator => discriminator;

    /// <summary>Mean over predicted rows (0 where none is: the authors' code guards) + λ · mean over all tokens.</summary>
    /// <param name="filled">Of <see cref="Generator"/>, [R,V].</param>
    /// <param name="original">The tokens that stood there, R.</param>
    /// <param name="detected">Of <see cref="Discriminator"/>, [N,1].</param>
    /// <param name="replaced">1 where the drawn token is not the original, N.</param>
    /// <returns>The generator's, the discriminator's, and both together.</returns>
    public (T Generator, T Discriminator, T Both) Losses(ILosses<T> ops, T filled, Labels original, T detected, ReadOnlyMemory<float> replaced)
    {
        using IScope<T> scope = ops.Scope("loss");
        T ofGenerator = scope.Keep(original.Labelled == 0 ? ops.WeightedSum([]) : ops.CrossEntropy(filled, original));
        T ofDiscriminator = scope.Keep(ops.BinaryCrossEntropy(detected, replaced));
        return (ofGenerator, ofDiscriminator, scope.Keep(ops.WeightedSum([(1, ofGenerator), (lambda, ofDiscriminator)])));
    }
}
