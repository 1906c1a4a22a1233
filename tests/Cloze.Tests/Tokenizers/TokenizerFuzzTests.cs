using Cloze.Fuzzing;
namespace Cloze.Tests.Tokenizers;

/// <summary>10 000 mutants of each kind; <c>fuzz-tokenizers</c> of benchmarks/ runs a million.</summary>
public sealed class TokenizerFuzzTests
{
    private const int Cases = 10_000, Seed = 5;

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.txt")]
    [InlineData("spm.model")]
    [InlineData("texts")]
    public void Tokenizer_ReadsOrRefusesEveryMutantInLittleTimeAndMemory(string name)
    {
        using TokenizerFuzz fuzz = new(Path.Combine(TokenizerGoldens.Committed, "fuzz"));
        FuzzResult result = FuzzRun.Of(fuzz.Targets.Single(target => target.Name == name), Cases, Seed);
        Assert.True(result.Faults.Count == 0, string.Join('\n', result.Faults));
        Assert.Equal(Cases, result.Cases);
        Assert.True(result.Loaded > Cases / 50, $"only {result.Loaded} of the mutants could be read: the seeds are too easily broken to try much");
    }
}
