using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Models;

/// <summary>A reading that computes values, for tests that run on each of them: makes weights, opens calls that share what is derived, shows values.</summary>
internal interface IReading<T> where T : class
{
    IWeightFactory<T> Factory { get; }

    ILosses<T> Open();

    void Close(ILosses<T> ops);

    /// <summary>Tensors alive in all open scopes.</summary>
    int Live(ILosses<T> ops);

    /// <summary>All elements, row-major.</summary>
    float[] Values(T x);
}

internal sealed class ReferenceReading : IReading<ReferenceTensor>
{
    private readonly ReferenceDerived _derived = new();

    public IWeightFactory<ReferenceTensor> Factory { get; } = new ReferenceWeights();
    public ILosses<ReferenceTensor> Open() => new ReferenceOps(_derived);
    public void Close(ILosses<ReferenceTensor> ops) => ((ReferenceOps)ops).Dispose();
    public int Live(ILosses<ReferenceTensor> ops) => ((ReferenceOps)ops).Live;
    public float[] Values(ReferenceTensor x) => x.ToArray();
}

internal sealed class CpuReading : IReading<CpuTensor>, IDisposable
{
    private readonly CpuRuntime _runtime = new(threads: 1);

    public CpuReading() => Factory = new CpuWeights(_runtime);

    public IWeightFactory<CpuTensor> Factory { get; }
    public ILosses<CpuTensor> Open() => new CpuOps(_runtime);
    public void Close(ILosses<CpuTensor> ops) => ((CpuOps)ops).Dispose();
    public int Live(ILosses<CpuTensor> ops) => ((CpuOps)ops).Live;
    public float[] Values(CpuTensor x) => x.ToArray();
    public void Dispose() => _runtime.Dispose();
}
