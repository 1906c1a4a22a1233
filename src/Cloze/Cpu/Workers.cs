using System.Runtime.ExceptionServices;
using Cloze.Kernels;
namespace Cloze.Cpu;

/// <summary>
/// One set of threads for all calls that share it: the caller and up to <see cref="Threads"/> − 1 others, which start when they are needed first.
/// </summary>
/// <remarks>
/// Safe for concurrent use: while one call has the set, another runs its parts alone, so there are never more busy threads than callers and workers. Work
/// of few parts wakes few workers. A worker that has nothing to do watches for some 30 µs, since the next operation of a model follows at once, then
/// sleeps. Which thread runs a part is left to chance: no result may depend on it.
/// </remarks>
internal sealed class Workers : IParallel, IDisposable
{
    /// <summary>The environment variable that gives the number of threads where no option does.</summary>
    public const string Variable = "CLOZE_THREADS";

    private const int Most = 1024, Watching = 1000;
    private const long Closed = int.MaxValue;   // as the next part: none

    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread?[] _threads;
    private int _hasCaller;
    private int _asleep;
    private volatile bool _disposed;

    // The job. The ticket holds its number above and the next part below; work and count are written only while the ticket is closed, so whoever takes a
    // part by exchanging the ticket that he has read knows that what he read after it belongs to it.
    private long _ticket = Closed;
    private IWork? _work;
    private int _count, _done;
    private Exception? _failure;

    /// <param name="threads">At least 1; null: <see cref="Variable"/>, else the number of cores.</param>
    /// <exception cref="ArgumentException">The number is not from 1 to 1024.</exception>
    public Workers(int? threads = null)
    {
        Threads = Count(threads);
        _threads = new Thread?[Threads];
    }

    public int Threads { get; }

    public void For(int count, IWork work)
    {
        if (count > 1 && Threads > 1 && !_disposed && Interlocked.Exchange(ref _hasCaller, 1) == 0)
        {
            try
            {
                Share(count, work);
            }
            finally
            {
                Volatile.Write(ref _hasCaller, 0);
            }
            return;
        }
        for (int part = 0; part < count; part++) work.Run(part, thread: 0);
    }

    /// <summary>Ends the threads. Calls after it run alone.</summary>
    public void Dispose()
    {
        _disposed = true;
        _wake.Release(Threads);
        foreach (Thread? thread in _threads) thread?.Join();
        _wake.Dispose();
    }

    /// <inheritdoc cref="CpuRuntime.CountThreads"/>
    public static int Count(int? threads)
    {
        if (threads is { } asked) return asked is >= 1 and <= Most ? asked : throw new ArgumentOutOfRangeException(nameof(threads),
            $"Threads are from 1 to {Most}; {asked} are asked for.");
        string? wish = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(wish)) return Math.Min(Environment.ProcessorCount, Most);
        return int.TryParse(wish, System.Globalization.CultureInfo.InvariantCulture, out int wished) && wished is >= 1 and <= Most
            ? wished
            : throw new ArgumentException($"The environment variable {Variable} is '{wish}'; set it to a number of threads from 1 to {Most}, or remove it.");
    }

    private void Share(int count, IWork work)
    {
        long job = (_ticket >> 32) + 1;
        (_work, _count, _done, _failure) = (work, count, 0, null);
        Interlocked.Exchange(ref _ticket, job << 32);
        Wake(Math.Min(count, Threads) - 1);
        TakeParts(thread: 0);
        SpinWait wait = default;
        while (Volatile.Read(ref _done) < count) wait.SpinOnce(sleep1Threshold: -1);
        Interlocked.Exchange(ref _ticket, job << 32 | Closed);
        _work = null;
        if (_failure is { } failure) ExceptionDispatchInfo.Throw(failure);
    }

    private void Wake(int helpers)
    {
        for (int i = 1; i <= helpers; i++)
        {
            if (_threads[i] is not null) continue;
            int number = i;
            _threads[i] = new Thread(() => Work(number)) { IsBackground = true, Name = $"Cloze worker {number}" };
            _threads[i]!.Start();
        }
        int asleep = Math.Min(Volatile.Read(ref _asleep), helpers);
        if (asleep > 0) _wake.Release(asleep);
    }

    private void Work(int thread)
    {
        while (!_disposed)
        {
            TakeParts(thread);
            WaitForParts();
        }
    }

    private void TakeParts(int thread)
    {
        while (true)
        {
            long ticket = Volatile.Read(ref _ticket);
            IWork? work = _work;
            if ((int)ticket >= _count) return;
            if (Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) != ticket) continue;
            try
            {
                work!.Run((int)ticket, thread);
            }
            catch (Exception e)   // the caller throws it again
            {
                Interlocked.CompareExchange(ref _failure, e, null);
            }
            Interlocked.Increment(ref _done);
        }
    }

    /// <summary>Returns when there are parts to take, or for no reason at all.</summary>
    private void WaitForParts()
    {
        for (int i = 0; i < Watching; i++)
        {
            if (HasParts()) return;
            Thread.SpinWait(1);
        }
        Interlocked.Increment(ref _asleep);
        if (!HasParts() && !_disposed) _wake.Wait();
        Interlocked.Decrement(ref _asleep);
    }

    private bool HasParts() => (int)Volatile.Read(ref _ticket) < Volatile.Read(ref _count);
}
