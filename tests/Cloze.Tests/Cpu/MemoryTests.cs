using Cloze.Cpu;
using Cloze.Ops;
namespace Cloze.Tests.Cpu;

/// <summary>Whose memory it is, and when it goes back.</summary>
public class MemoryTests
{
    [Fact]
    public void ACall_LeavesNoBlockBehind_AndTheNextOneAsksTheSystemForNothing()
    {
        using CpuRuntime runtime = new(threads: 2);
        Layer<CpuTensor> layer = new(new Weights<CpuTensor>(new Noise(1), new CpuWeights(runtime)));
        TokenBatch batch = OperationCase.Packed(5, 60, 70, 3);
        for (int i = 0; i < 2; i++) Run(runtime, layer, batch);   // the first one packs
        (long peak, long idle) = (runtime.Pool.PeakBytes, runtime.Pool.IdleBytes);
        Assert.Equal(0, runtime.Pool.UsedBytes);
        Assert.True(idle > 0);

        for (int i = 0; i < 5; i++) Run(runtime, layer, batch);
        Assert.Equal(0, runtime.Pool.UsedBytes);
        Assert.Equal((peak, idle), (runtime.Pool.PeakBytes, runtime.Pool.IdleBytes));
    }

    [Fact]
    public void ALaterCall_AllocatesSmallObjectsOnly_WhateverTheNumberOfTokens()
    {
        using CpuRuntime runtime = new(threads: 1);
        Layer<CpuTensor> layer = new(new Weights<CpuTensor>(new Noise(1), new CpuWeights(runtime)));
        TokenBatch few = OperationCase.Packed(5, 4, 5), many = OperationCase.Packed(5, 300, 400, 200);
        long small = Allocated(few), large = Allocated(many);
        Assert.True(large <= small + 256, $"{large} bytes for 900 tokens, {small} for 9");
        Assert.True(large < 4 * 1024, $"{large} bytes");

        long Allocated(TokenBatch batch) => Allocation.Least(() =>
        {
            using CpuOps ops = new(runtime);
            layer.Forward(ops, batch);
        });
    }

    [Fact]
    public void WhatIsLentAndWhatLiesIdle_AreTogetherNeverMoreThanWasLentAtOnce()
    {
        using BlockPool pool = new();
        Random random = new(2);
        List<Block> lent = [];
        for (int i = 0; i < 2000; i++)
        {
            if (lent.Count < 8 && random.Next(2) == 0) lent.Add(pool.Rent(random.Next(1, 200_000)));
            else if (lent.Count > 0)
            {
                pool.Return(lent[^1]);
                lent.RemoveAt(lent.Count - 1);
            }
            Assert.True(pool.UsedBytes + pool.IdleBytes <= pool.PeakBytes);
        }
        foreach (Block block in lent) pool.Return(block);
        Assert.Equal(0, pool.UsedBytes);
    }

    [Fact]
    public void SmallerBatches_TakeTheBlocksOfLargerOnes()
    {
        using BlockPool pool = new();
        foreach (int tokens in (int[])[2048, 2000, 1024, 700, 2048])
        {
            Block[] blocks = [.. ((int[])[384, 1152, 384, 384]).Select(width => pool.Rent((long)tokens * width))];
            foreach (Block block in blocks) pool.Return(block);
            Assert.Equal(2048L * (384 + 1152 + 384 + 384) * sizeof(float), pool.PeakBytes);
            Assert.Equal(pool.PeakBytes, pool.IdleBytes);
        }
    }

    [Fact]
    public void DisposingThePool_GivesItsMemoryBack_AndThatOfBlocksThatComeLater()
    {
        BlockPool pool = new();
        Block early = pool.Rent(1000), late = pool.Rent(1000);
        pool.Return(early);
        pool.Dispose();
        Assert.Equal(0, pool.IdleBytes);
        pool.Return(late);
        Assert.Equal(0, pool.IdleBytes);
        unsafe
        {
            Assert.Throws<ObjectDisposedException>(() => { _ = late.Data; });
            Assert.Throws<ObjectDisposedException>(() => { _ = early.Data; });
        }
        Assert.Throws<ObjectDisposedException>(() => pool.Rent(1));
    }

    [Fact]
    public void ATensor_IsNotUsedAfterItsLife_NorIsAViewOfIt()
    {
        using CpuOps ops = new();
        CpuTensor table = CpuTensor.Lasting(4, 8, Noise.Values(1, 32), "t"), x = ops.SelectRows(table, new([0, 1, 2])), view = ops.Columns(x, 2, 3);
        ops.Release(view);
        foreach (CpuTensor dead in (CpuTensor[])[x, view])
        {
            InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => ops.Add(dead, dead));
            Assert.Contains("Used after its life ended: [3,", thrown.Message, StringComparison.Ordinal);
            Assert.Contains("Embedding", thrown.Message, StringComparison.Ordinal);
            Assert.Throws<InvalidOperationException>(() => ops.Columns(dead, 0, 1));
            Assert.Throws<InvalidOperationException>(() => ops.Dropout(dead, 0.1f));
            Assert.Throws<InvalidOperationException>(() => ops.Release(dead));
            Assert.Throws<InvalidOperationException>(() => dead.ToArray());
        }
        Assert.Throws<InvalidOperationException>(() => ops.Release(table));
    }

    [Fact]
    public void AWeight_IsNotUsedAfterItsRuntime()
    {
        CpuRuntime runtime = new(threads: 1);
        Weights<CpuTensor> weights = new(new Noise(1), new CpuWeights(runtime));
        CpuTensor bias = weights.Bias(5, "b"), table = weights.Table(5, 5, "t"), matrix = weights.Matrix(5, 5, "m");
        runtime.Dispose();
        foreach (CpuTensor weight in (CpuTensor[])[bias, table, matrix]) Assert.Throws<ObjectDisposedException>(() => weight.ToArray());
        using CpuOps ops = new();
        Assert.Throws<ObjectDisposedException>(() => ops.Linear(CpuTensor.Lasting(1, 5, new float[5], "x"), new(matrix, null)));
    }

    [Fact]
    public void PeakAndLiveBytes_AreThoseOfTheCostReading()
    {
        TokenBatch batch = OperationCase.Packed(5, 60, 70, 3);
        using CpuRuntime runtime = new(threads: 2);
        using CpuOps ops = new(runtime);
        new Layer<CpuTensor>(new Weights<CpuTensor>(new Noise(1), new CpuWeights(runtime))).Forward(ops, batch);
        CostOps cost = new();
        new Layer<Shape>(ShapeFactory.Schema()).Forward(cost, batch);
        Assert.Equal((cost.PeakBytes, cost.LiveBytes), (ops.PeakBytes, ops.LiveBytes));
        Assert.Equal(1, ops.Live);
    }

    [Fact]
    public async Task ManyCallsAtOnce_OnOneRuntime_GiveTheBitsOfOneAlone()
    {
        using CpuRuntime runtime = new(threads: 3);
        Layer<CpuTensor> layer = new(new Weights<CpuTensor>(new Noise(1), new CpuWeights(runtime)));
        TokenBatch batch = OperationCase.Packed(5, 60, 70, 3);
        float[] alone = Run(runtime, layer, batch);
        CpuTensor tied = new Weights<CpuTensor>(new Noise(2), new CpuWeights(runtime)).Table(96, 40, "tied");   // packed by whoever asks first
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                Assert.True(OperationTests.SameBits(alone, Run(runtime, layer, batch)));
                using CpuOps ops = new(runtime);
                ops.Linear(ops.SelectRows(tied, new([1, 2, 3])), new(tied, null));
            }
        }, TestContext.Current.CancellationToken)));
        Assert.Equal(0, runtime.Pool.UsedBytes);
    }

    private static float[] Run(CpuRuntime runtime, Layer<CpuTensor> layer, TokenBatch batch)
    {
        using CpuOps ops = new(runtime);
        return layer.Forward(ops, batch).ToArray();
    }

    private sealed class Layer<T>(IWeights<T> weights) where T : class
    {
        private readonly T _words = weights.Table(60, 256, "words");
        private readonly NormWeights<T> _norm = weights.Norm("norm", 256, 1e-12);
        private readonly FeedForwardWeights<T> _feedForward = new(weights.Linear("in", 512, 256), weights.Linear("out", 256, 512));
        private readonly LinearWeights<T> _head = weights.Linear("head", 40, 256);

        public T Forward(IOps<T> ops, TokenBatch batch)
        {
            using IScope<T> scope = ops.Scope("layer", ScopeKind.Layer);
            T x = ops.LayerNorm(ops.Embedding(_words, batch.Ids), _norm), inner = ops.FeedForward(x, _feedForward, new(Activation.Gelu), residual: x);
            ops.Release(x);
            return scope.Keep(ops.Linear(ops.Pool(inner, batch, Pooling.Mean), _head, Activation.Tanh));
        }
    }
}
