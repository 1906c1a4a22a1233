namespace Cloze.Tests.Checkpoints;

/// <summary>Every recorded file and folder gets its verdict, and its tensors where it loads, in little time and memory.</summary>
public class CheckpointGoldenTests
{
    [Fact]
    public void Open_GivesEveryCommittedEntryItsVerdict()
    {
        (int entries, IReadOnlyList<string> wrong) = CheckpointVerdicts.OfAll(CheckpointGoldens.Committed.All);
        Assert.Equal(198, entries);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("safetensors", 195)]
    [InlineData("torch", 316)]
    [InlineData("folder", 65)]
    [InlineData("config", 102)]
    public void Open_GivesEveryRecordedEntryItsVerdict(string kind, int count)
    {
        Shared.RequireOrSkip();
        (int entries, IReadOnlyList<string> wrong) = CheckpointVerdicts.OfAll(CheckpointGoldens.Recorded.Of(kind));
        Assert.Equal(count, entries);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}
