using Cloze.Kernels;
namespace Cloze.Cpu;

/// <summary>What all calls on one loaded model share: threads, memory, packed weights, and what is derived from them. Safe for concurrent use.</summary>
/// <remarks>Dispose it after the last call has ended: the weights' memory and the pool's go back to the system, and the threads end.</remarks>
public sealed class CpuRuntime : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<IDisposable> _owned = [];
    private readonly Workers _workers;

    /// <param name="threads">Threads that one operation may use, from 1 to 1024; null: the environment variable CLOZE_THREADS, else the number of
    /// cores.</param>
    public CpuRuntime(int? threads = null) : this(threads, VectorKernels.Chosen) => WarmUp.Start();

    internal CpuRuntime(int? threads, IKernels kernels) => (_workers, Kernels) = (new(threads), kernels);

    /// <summary>The vector instructions that kernels use in this process: "256 bits (AVX2, FMA)".</summary>
    public static string Instructions => Cloze.Kernels.Simd.SimdWidths.Describe(Cloze.Kernels.Simd.SimdWidths.Chosen);

    /// <summary>Threads that one operation may use.</summary>
    public int Threads => _workers.Threads;

    /// <summary>The number of threads that a runtime gets.</summary>
    /// <param name="threads">From 1 to 1024; null: the environment variable CLOZE_THREADS, else the number of cores.</param>
    /// <exception cref="ArgumentException">It, or the variable, is no number from 1 to 1024.</exception>
    public static int CountThreads(int? threads = null) => Cpu.Workers.Count(threads);

    internal IKernels Kernels { get; }
    internal IParallel Workers => _workers;
    internal BlockPool Pool { get; } = new();
    internal CpuDerived Derived { get; } = new();
    internal AttentionTables AttentionTables { get; } = new();

    public void Dispose()
    {
        _workers.Dispose();
        Derived.Dispose();
        Pool.Dispose();
        lock (_lock)
        {
            foreach (IDisposable owned in _owned) owned.Dispose();
            _owned.Clear();
        }
        Block.Trim();
    }

    /// <summary>Ends the life of something with this one's.</summary>
    internal void Own(IDisposable owned)
    {
        lock (_lock) _owned.Add(owned);
    }
}
