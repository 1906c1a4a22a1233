using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>Has the kernels compiled on a thread of its own while a model's files are read, so that the first text does not wait for the compiler.</summary>
/// <remarks>One tiny encoder layer through <see cref="CpuOps"/>, once a process; it computes with memory and threads of its own and leaves nothing.</remarks>
internal static class WarmUp
{
    private static int s_started;

    /// <summary>Starts it, the first time.</summary>
    public static void Start()
    {
        if (Environment.ProcessorCount == 1 || Interlocked.Exchange(ref s_started, 1) != 0) return;
        new Thread(Run) { IsBackground = true, Name = "Cloze warm-up" }.Start();
    }

    private static void Run()
    {
        try
        {
            RunLayer();
        }
        catch (OutOfMemoryException)
        {
            // A thread's exception would end the process. Nothing depends on the warm-up, and a call that needs memory tells its caller.
        }
    }

    private static void RunLayer()
    {
        const int Hidden = 32, Heads = 2;
        using CpuRuntime runtime = new(threads: 1, Kernels.VectorKernels.Chosen);
        using CpuOps ops = new(runtime);
        Weights<CpuTensor> weights = new(new RandomStart(1), new CpuWeights(runtime));
        LinearWeights<CpuTensor> qkv = weights.Linear("qkv", 3 * Hidden, Hidden), output = weights.Linear("out", Hidden, Hidden);
        FeedForwardWeights<CpuTensor> feedForward = new(weights.Linear("up", 2 * Hidden, Hidden), weights.Linear("down", Hidden, 2 * Hidden));
        NormWeights<CpuTensor> norm = weights.Norm("norm", Hidden, 1e-12);
        CpuTensor table = weights.Table(16, Hidden, "words");
        AttentionSpec<CpuTensor> spec = new(Heads, Hidden / Heads, new PositionTerm<CpuTensor>.None(), Scale: 1);
        foreach (int tokens in (int[])[12, 13])   // tiles of 6 rows, and of 5 and 4
        {
            TokenBatch batch = TokenBatchBuilder.Pack(new(1, tokens, new int[tokens]), PositionRules.Columns, GlobalRules.None).Batch;
            CpuTensor x = ops.LayerNorm(ops.Embedding(table, batch.Types, ops.Embedding(table, batch.Positions)), norm);
            x = ops.Linear(ops.SelfAttention(x, qkv, batch, spec), output, residual: x);
            x = ops.FeedForward(x, feedForward, new(Activation.Gelu), residual: x);
            ops.Normalize(ops.Pool(x, batch, Pooling.Mean));
        }
    }
}
