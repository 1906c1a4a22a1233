namespace Cloze.Tests.Models;

/// <summary>Every recorded output of every family within 1e-5 of its largest, on the naive reference and on the product's kernels.</summary>
public class GoldenCaseTests
{
    [Theory]
    [MemberData(nameof(GoldenCases.Run), MemberType = typeof(GoldenCases))]
    public void ReferenceOps_GivesWhatTheReferenceImplementationGave(string family, string name) => Run(new ReferenceReading(), family, name);

    [Theory]
    [MemberData(nameof(GoldenCases.Run), MemberType = typeof(GoldenCases))]
    public void CpuOps_GivesWhatTheReferenceImplementationGave(string family, string name)
    {
        using CpuReading reading = new();
        Run(reading, family, name);
    }

    private static void Run<T>(IReading<T> reading, string family, string name) where T : class
    {
        GoldenCase golden = new(GoldenCases.Folder(family, name));
        if (golden.IsPair) new GoldenPairRun<T>(reading, golden).Run(); else new GoldenRun<T>(reading, golden).Run();
        Assert.Empty(golden.Faults());
    }
}
