using Cloze.Cpu;
using Cloze.Kernels;
namespace Cloze.Tests.Cpu;

public class WorkersTests
{
    [Fact]
    public void For_RunsEveryPartOnce_UnderANumberThatNobodyElseHas()
    {
        using Workers workers = new(4);
        for (int round = 0; round < 300; round++)
        {
            Counting work = new(round % 40);
            workers.For(round % 40, work);
            Assert.All(work.Runs, runs => Assert.Equal(1, runs));
            Assert.False(work.Collided);
        }
    }

    [Fact]
    public async Task For_FromManyThreadsAtOnce_LetsTheOthersRunAlone()
    {
        using Workers workers = new(3);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            for (int round = 0; round < 200; round++)
            {
                Counting work = new(17);
                workers.For(17, work);
                Assert.All(work.Runs, runs => Assert.Equal(1, runs));
                Assert.False(work.Collided);
            }
        }, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void For_WithinAPart_RunsAlone()
    {
        using Workers workers = new(3);
        workers.For(5, new Calling(() =>
        {
            Counting nested = new(9);
            workers.For(9, nested);
            Assert.All(nested.Runs, runs => Assert.Equal(1, runs));
        }));
    }

    [Fact]
    public void For_ThrowsWhatAPartThrew_AndGoesOnAfterwards()
    {
        using Workers workers = new(3);
        Calling failing = new(() => throw new InvalidOperationException("part"));
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => workers.For(20, failing));
        Assert.Equal("part", thrown.Message);
        Counting work = new(20);
        workers.For(20, work);
        Assert.All(work.Runs, runs => Assert.Equal(1, runs));
    }

    [Fact]
    public void AfterDisposal_CallsRunAlone()
    {
        Workers workers = new(3);
        workers.For(8, new Counting(8));
        workers.Dispose();
        Counting work = new(8);
        workers.For(8, work);
        Assert.All(work.Runs, runs => Assert.Equal(1, runs));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1025)]
    public void ANumberOfThreadsThatIsNone_IsRefused(int threads)
    {
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => new CpuRuntime(threads));
        Assert.Contains("Threads are from 1 to 1024", refusal.Message, StringComparison.Ordinal);
    }

    private sealed class Counting(int parts) : IWork
    {
        private readonly int[] _busy = new int[64];

        public int[] Runs { get; } = new int[parts];
        public bool Collided { get; private set; }

        public void Run(int part, int thread)
        {
            if (Interlocked.Increment(ref _busy[thread]) != 1) Collided = true;
            Interlocked.Increment(ref Runs[part]);
            Thread.SpinWait(20);
            Interlocked.Decrement(ref _busy[thread]);
        }
    }

    private sealed class Calling(Action action) : IWork
    {
        public void Run(int part, int thread) => action();
    }
}
