using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Tests.Pipelines;

/// <summary>A loaded model's life: calls that run outlive its disposal.</summary>
public sealed class LoadedModelTests
{
    private static string Folder { get; } = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");

    [Fact]
    public void Dispose_DuringACallLetsItFinishAndRefusesLaterOnes()
    {
        LoadedModel model = LoadedModel.Load(Folder, threads: 1);
        PackedTokens packed = model.Model.Pack(new(1, 4, [101, 7592, 2088, 102]));
        float[] expected;
        using (CpuOps ops = model.NewCall()) expected = model.Model.Encoder.Forward(ops, packed.Batch).ToArray();

        using CpuOps running = model.NewCall();
        model.Dispose();
        Assert.Equal(expected, model.Model.Encoder.Forward(running, packed.Batch).ToArray());   // its weights are still mapped
        Assert.Throws<ObjectDisposedException>(model.NewCall);
        running.Dispose();
        running.Dispose();
    }
}
