using Cloze.Kernels;
namespace Cloze.Cpu;

/// <summary>What all calls on one loaded model share: threads, memory, packed weights, and what is derived from them. Safe for concurrent use.</summary>
/// <remarks>Dispose it after the last call has ended: the weights' memory and the pool's go back to the system, and the threads end.</remarks>
public sealed class CpuRuntime : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<IDisposable> _owned = [];

    /// <param name="threads">Threads that one operation may use, from 1 to 1024; null: the environment variable CLOZE_THREADS, else the number of
    /// cores.</param>
    public CpuRuntime(int? threads = null) : this(threads, VectorKernels.Chosen) => WarmUp.Start();

    internal CpuRuntime(int? threads, IKernels kernels)
    {
        Workers workers = new(threads);
        (Workers, Kernels, Pool, Derived, AttentionTables) = (workers, kernels, new(), new(), new());
        (Whole, Alone) = (this, new(this));
        _owned.Add(workers);
        _owned.Add(Derived);
        _owned.Add(Pool);
    }

    private CpuRuntime(CpuRuntime whole)
    {
        (Workers, Kernels, Pool, Derived, AttentionTables) = (Caller.Only, whole.Kernels, whole.Pool, whole.Derived, whole.AttentionTables);
        (Whole, Alone) = (whole, this);
    }

    /// <summary>The vector instructions that kernels use in this process: "256 bits (AVX2, FMA)".</summary>
    public static string Instructions => Cloze.Kernels.Simd.SimdWidths.Describe(Cloze.Kernels.Simd.SimdWidths.Chosen);

    /// <summary>Threads that one operation may use.</summary>
    public int Threads => Workers.Threads;

    /// <summary>The number of threads that a runtime gets.</summary>
    /// <param name="threads">From 1 to 1024; null: the environment variable CLOZE_THREADS, else the number of cores.</param>
    /// <exception cref="ArgumentException">It, or the variable, is no number from 1 to 1024.</exception>
    public static int CountThreads(int? threads = null) => Cpu.Workers.Count(threads);

    internal IKernels Kernels { get; }
    internal IParallel Workers { get; }
    internal BlockPool Pool { get; }
    internal CpuDerived Derived { get; }
    internal AttentionTables AttentionTables { get; }

    /// <summary>
    /// The same memory, weights and tables, but every operation runs on its caller's thread: for calls that threads make side by side. It ends with this.
    /// </summary>
    internal CpuRuntime Alone { get; }

    /// <summary>The one that this is <see cref="Alone"/> of, or this itself.</summary>
    internal CpuRuntime Whole { get; }

    public void Dispose()
    {
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

    /// <summary>Makes calls side by side, each on one thread: they take <see cref="Alone"/>. Returns when the last has ended; throws what one of them did.</summary>
    /// <param name="run">Number of the call, 0 … count−1, and of the thread: no two run at once under the same.</param>
    internal void SideBySide(int count, Action<int, int> run) => Workers.For(count, new Calls(run));

    private sealed class Calls(Action<int, int> run) : IWork
    {
        public void Run(int part, int thread) => run(part, thread);
    }

    /// <summary>No thread but the caller's.</summary>
    private sealed class Caller : IParallel
    {
        public static readonly Caller Only = new();

        public int Threads => 1;

        public void For(int count, IWork work)
        {
            for (int part = 0; part < count; part++) work.Run(part, thread: 0);
        }
    }
}
