using Cloze.Cpu;
using Cloze.Ops;
using CsCheck;
namespace Cloze.Tests.Cpu;

/// <summary>What a sequence gives does not depend on what shares its batch, on its place there, or on the number of threads: bit for bit.</summary>
public class BatchInvarianceTests
{
    private const int Hidden = 96, Heads = 4;

    [Fact]
    public void ASequence_GivesTheSameBits_AloneAndInAnyBatchInAnyOrderWithAnyThreads()
    {
        using CpuRuntime one = new(threads: 1), three = new(threads: 3);
        EncoderLayer alone = new(one), together = new(three);
        Gen.Int[1, 90].Array[1, 12].Sample(lengths =>
        {
            int[][] sequences = [.. lengths.Select((length, i) => Enumerable.Range(0, length).Select(place => (place * 7 + i * 13 + length) % 50).ToArray())];
            int[] order = [.. Enumerable.Range(0, sequences.Length).OrderBy(i => (i * 31 + lengths[0]) % 17)];
            float[][] packed = together.Run([.. order.Select(i => sequences[i])]);
            for (int place = 0; place < order.Length; place++)
                if (!OperationTests.SameBits(alone.Run([sequences[order[place]]])[0], packed[place])) return false;
            return true;
        }, iter: 40, threads: 1);
    }

    private sealed class EncoderLayer
    {
        private readonly CpuRuntime _runtime;
        private readonly CpuTensor _words, _positions;
        private readonly NormWeights<CpuTensor> _norm;
        private readonly LinearWeights<CpuTensor> _qkv, _output;
        private readonly FeedForwardWeights<CpuTensor> _feedForward;
        private readonly AttentionSpec<CpuTensor> _attention = new(Heads, Hidden / Heads, new PositionTerm<CpuTensor>.None(), Scale: 0.2f);

        public EncoderLayer(CpuRuntime runtime)
        {
            Weights<CpuTensor> weights = new(new Noise(1), new CpuWeights(runtime));
            _runtime = runtime;
            (_words, _positions) = (weights.Table(50, Hidden, "words"), weights.Table(100, Hidden, "positions"));
            _norm = weights.Norm("norm", Hidden, 1e-12);
            (_qkv, _output) = (weights.Linear("qkv", 3 * Hidden, Hidden), weights.Linear("output", Hidden, Hidden));
            _feedForward = new(weights.Linear("up", 4 * Hidden, Hidden), weights.Linear("down", Hidden, 4 * Hidden));
        }

        /// <summary>The embedding of each sequence.</summary>
        public float[][] Run(int[][] sequences)
        {
            int longest = sequences.Max(ids => ids.Length);
            int[] ids = new int[sequences.Length * longest], mask = new int[ids.Length];
            for (int i = 0; i < sequences.Length; i++)
            {
                sequences[i].CopyTo(ids, i * longest);
                mask.AsSpan(i * longest, sequences[i].Length).Fill(1);
            }
            TokenBatch batch = TokenBatchBuilder.Pack(new(sequences.Length, longest, ids) { Mask = mask }, PositionRules.Columns, GlobalRules.None).Batch;

            using CpuOps ops = new(_runtime);
            CpuTensor x = ops.LayerNorm(ops.Embedding(_words, batch.Ids, ops.Embedding(_positions, batch.Positions)), _norm);
            x = ops.LayerNorm(ops.Linear(ops.SelfAttention(x, _qkv, batch, _attention), _output, residual: x), _norm);
            x = ops.LayerNorm(ops.FeedForward(x, _feedForward, new(Activation.Gelu), residual: x), _norm);
            CpuTensor pooled = ops.Normalize(ops.Pool(x, batch, Pooling.Mean));
            return [.. Enumerable.Range(0, sequences.Length).Select(i => pooled.Row(i).ToArray())];
        }
    }
}
