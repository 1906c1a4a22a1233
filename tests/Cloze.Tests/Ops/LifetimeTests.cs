using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Ops;

/// <summary>The conformance test of lifetimes: every rule on every reading.</summary>
public sealed class LifetimeTests : IDisposable
{
    private readonly CpuRuntime _runtime = new(threads: 1);

    public static TheoryData<string> Readings => ["CostOps", "ReferenceOps", "CpuOps", "TracedOps", "TimedOps", "TimedOps on CostOps"];

    [Theory]
    [MemberData(nameof(Readings))]
    public void Scopes_EndWhatTheyDoNotKeep(string reading) =>
        Run(reading, rules => rules.ScopesEndWhatTheyDoNotKeep(), rules => rules.ScopesEndWhatTheyDoNotKeep(), rules => rules.ScopesEndWhatTheyDoNotKeep());

    [Theory]
    [MemberData(nameof(Readings))]
    public void Scopes_CloseInTheReverseOrder(string reading) =>
        Run(reading, rules => rules.ScopesCloseInTheReverseOrder(), rules => rules.ScopesCloseInTheReverseOrder(), rules => rules.ScopesCloseInTheReverseOrder());

    [Theory]
    [MemberData(nameof(Readings))]
    public void Views_LiveAsLongAsTheirWhole(string reading) =>
        Run(reading, rules => rules.ViewsLiveAsLongAsTheirWhole(), rules => rules.ViewsLiveAsLongAsTheirWhole(), rules => rules.ViewsLiveAsLongAsTheirWhole());

    [Theory]
    [MemberData(nameof(Readings))]
    public void Release_EndsALifeOnce(string reading) =>
        Run(reading, rules => rules.ReleaseEndsALifeOnce(), rules => rules.ReleaseEndsALifeOnce(), rules => rules.ReleaseEndsALifeOnce());

    [Theory]
    [MemberData(nameof(Readings))]
    public void DropoutAndStopGradient_MayGiveTheirOperand(string reading) => Run(reading,
        rules => rules.DropoutAndStopGradientMayGiveTheirOperand(), rules => rules.DropoutAndStopGradientMayGiveTheirOperand(),
        rules => rules.DropoutAndStopGradientMayGiveTheirOperand());

    [Theory]
    [MemberData(nameof(Readings))]
    public void HiddenStates_OutliveTheScopesInBetween(string reading) => Run(reading,
        rules => rules.HiddenStatesOutliveTheScopesInBetween(), rules => rules.HiddenStatesOutliveTheScopesInBetween(),
        rules => rules.HiddenStatesOutliveTheScopesInBetween());

    [Theory]
    [MemberData(nameof(Readings))]
    public void WhatDependsOnWeightsOnly_IsMadeOnceAndStays(string reading) => Run(reading,
        rules => rules.WhatDependsOnWeightsOnlyIsMadeOnceAndStays(), rules => rules.WhatDependsOnWeightsOnlyIsMadeOnceAndStays(),
        rules => rules.WhatDependsOnWeightsOnlyIsMadeOnceAndStays());

    private void Run(string reading, Action<LifetimeRules<Shape>> onShapes, Action<LifetimeRules<ReferenceTensor>> onReference, Action<LifetimeRules<CpuTensor>> onCpu)
    {
        switch (reading)
        {
            case "CostOps": onShapes(new(() => new CostOps(), new ShapeFactory())); break;
            case "TimedOps on CostOps": onShapes(new(() => new TimedOps<Shape>(new CostOps()), new ShapeFactory())); break;
            case "ReferenceOps": onReference(new(() => new ReferenceOps(), new ReferenceWeights())); break;
            case "CpuOps": onCpu(new(() => new CpuOps(_runtime), new CpuWeights(_runtime))); break;
            case "TracedOps": onCpu(new(() => new TracedOps<CpuTensor>(new CpuOps(_runtime), (_, _) => { }), new CpuWeights(_runtime))); break;
            case "TimedOps": onCpu(new(() => new TimedOps<CpuTensor>(new CpuOps(_runtime)), new CpuWeights(_runtime))); break;
            default: throw new ArgumentOutOfRangeException(nameof(reading), reading, "No such reading.");
        }
    }

    public void Dispose() => _runtime.Dispose();
}
