using Cloze.Fuzzing;
using Cloze.Tests.Cli;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

public class KilledConversionTests
{
    /// <summary>The benchmark <c>killed-conversions</c> does it 50 times.</summary>
    [Fact]
    public void Convert_KilledAtAnyMoment_LeavesNoHalfFolderAndTheNextRunFinishesAndTidies()
    {
        using TemporaryFolder folder = new();
        IReadOnlyList<string> faults = KilledConversions.Run(ClozeProcess.Executable, KilledConversions.Convert, folder.Path, kills: 4, rows: 20_000, seed: 3);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }
}
