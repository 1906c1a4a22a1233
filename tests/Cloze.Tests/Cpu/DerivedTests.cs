using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Cpu;

/// <summary>What depends on weights only is computed, and packed for the kernel, once a loaded model, whoever asks first and however many at once.</summary>
public class DerivedTests
{
    private static readonly DebertaV2Config s_config = new()
    {
        VocabSize = 50,
        HiddenSize = 32,
        NumHiddenLayers = 3,
        NumAttentionHeads = 4,
        IntermediateSize = 40,
        RelativeAttention = true,
        PosAttType = ["c2p", "p2c"],
        PositionBuckets = 8,
        ShareAttKey = true,
        NormRelEbd = ["layer_norm"],
        PositionBiasedInput = false,
    };

    [Fact]
    public void Derived_IsMadeOnce_WhenManyAskAtOnce()
    {
        using CpuRuntime runtime = new(threads: 1);
        Weights<CpuTensor> weights = new(new Noise(1), new CpuWeights(runtime));
        LinearWeights<CpuTensor> linear = new(weights.Matrix(16, 24, "m"), null);
        CpuTensor table = weights.Table(200, 24, "t");
        int made = 0;
        Derived<CpuTensor> derived = new(ops =>
        {
            Interlocked.Increment(ref made);
            return ops.Linear(table, linear);
        });
        CpuTensor[] found = AtOnce(runtime, ops => ops.Derived(derived));
        Assert.Equal(1, made);
        Assert.All(found, one => Assert.Same(found[0], one));
        Assert.Same(runtime.AttentionTables.Keys(found[0], heads: 2), runtime.AttentionTables.Keys(found[0], heads: 2));
        Assert.Same(runtime.AttentionTables.Queries(found[0], heads: 2), runtime.AttentionTables.Queries(found[0], heads: 2));
    }

    [Fact]
    public void Deberta_ComputesItsRelativeTablesOnce_ForAllCalls()
    {
        using CpuRuntime runtime = new(threads: 2);
        DebertaV2<CpuTensor> model = new(s_config, new Weights<CpuTensor>(new Noise(1), new CpuWeights(runtime)));
        TokenBatch batch = TokenBatchBuilder.Pack(new(2, 9, [.. Enumerable.Range(1, 18)]), model.Positions, GlobalRules.None).Batch;
        float[][] states = AtOnce(runtime, ops => model.Forward(ops, batch).ToArray());
        Assert.All(states, one => Assert.Equal(states[0], one));

        int tables = 1 + 3 * (1 + 2);   // the normed distances; for each layer its draw of them, keys and queries
        Assert.Equal(tables, runtime.Derived.Count);
        using CpuOps later = new(runtime);
        Assert.Equal(states[0], model.Forward(later, batch).ToArray());
        Assert.Equal(tables, runtime.Derived.Count);
        CostOps cost = new();
        DebertaV2<Shape> shapes = new(s_config, ShapeFactory.Schema());
        shapes.Forward(cost, batch);
        long first = cost.DerivedFlops;
        shapes.Forward(cost, batch);
        Assert.Equal((3 * 2 * 2 * 16 * 32 * 32, first), (first, cost.DerivedFlops));
    }

    private static T[] AtOnce<T>(CpuRuntime runtime, Func<CpuOps, T> ask)
    {
        using Barrier start = new(6);
        T[] found = new T[start.ParticipantCount];
        Thread[] threads = [.. Enumerable.Range(0, found.Length).Select(i => new Thread(() =>
        {
            using CpuOps ops = new(runtime);
            start.SignalAndWait();
            found[i] = ask(ops);
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        return found;
    }
}
