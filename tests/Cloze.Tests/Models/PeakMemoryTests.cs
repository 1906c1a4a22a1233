using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Models;

/// <summary>What CostOps says before a model is loaded is what the readings hold when it runs.</summary>
public class PeakMemoryTests
{
    [Theory]
    [MemberData(nameof(GoldenCases.RunOnOneNetwork), MemberType = typeof(GoldenCases))]
    public void Peak_IsWhatCostOpsSays(string family, string name)
    {
        GoldenCase golden = new(GoldenCases.Folder(family, name));
        using Checkpoint file = Checkpoint.Open(golden.Folder);
        object settings = file.Architecture.Configure(file.Config, file);
        EncoderModel<Shape> schema = file.Architecture.Build(settings, ModelTask.Base, labels: 2, new Weights<Shape>(file, new ShapeFactory()));
        TokenBatch batch = schema.Pack(golden.Tokens()).Batch;
        CostOps cost = new();
        schema.Encoder.Forward(cost, batch);

        EncoderModel<ReferenceTensor> naive = file.Architecture.Build(settings, ModelTask.Base, labels: 2, new Weights<ReferenceTensor>(file, new ReferenceWeights()));
        ReferenceDerived derived = new();
        using (ReferenceOps first = new(derived)) naive.Encoder.Forward(first, batch); // makes what is derived
        using ReferenceOps reference = new(derived);
        naive.Encoder.Forward(reference, batch);
        Assert.Equal(cost.PeakBytes, reference.PeakBytes);

        using CpuRuntime runtime = new(threads: 1);
        EncoderModel<CpuTensor> fast = file.Architecture.Build(settings, ModelTask.Base, labels: 2, new Weights<CpuTensor>(file, new CpuWeights(runtime)));
        using (CpuOps first = new(runtime)) fast.Encoder.Forward(first, batch);
        using CpuOps cpu = new(runtime);
        fast.Encoder.Forward(cpu, batch);
        Assert.Equal(cost.PeakBytes, cpu.PeakBytes);
    }
}
