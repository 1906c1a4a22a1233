using Cloze.Fuzzing;
namespace Cloze.Tests.Checkpoints;

/// <summary>10 000 mutants of each kind of file; <c>fuzz-checkpoints</c> of benchmarks/ runs a million.</summary>
public class CheckpointFuzzTests
{
    private const int Cases = 10_000, Seed = 7;

    [Theory]
    [InlineData("safetensors")]
    [InlineData("pickle")]
    [InlineData("zip")]
    [InlineData("config.json")]
    [InlineData("index")]
    public void Open_ReadsOrRefusesEveryMutantInLittleTimeAndMemory(string name)
    {
        using CheckpointFuzz fuzz = new(Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Data"));
        FuzzResult result = FuzzRun.Of(fuzz.Targets.Single(target => target.Name == name), Cases, Seed);
        Assert.True(result.Faults.Count == 0, string.Join('\n', result.Faults));
        Assert.Equal(Cases, result.Cases);
        Assert.True(result.Loaded > Cases / 100, $"only {result.Loaded} of the mutants could be read: the seeds are too easily broken to try much");
    }
}
