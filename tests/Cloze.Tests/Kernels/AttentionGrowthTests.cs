using Cloze.Kernels.Attention;
using Cloze.Kernels.Simd;
using Cloze.Ops;
namespace Cloze.Tests.Kernels;

/// <summary>How the work and the memory of attention grow with the length of a sequence, counted rather than timed.</summary>
public unsafe class AttentionGrowthTests
{
    private const int Panel = 16;      // 2 vectors of 256 bits
    private const double Tile = 512;   // queries

    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    public void AWindow_CostsItsWidthATokenWhateverTheLength(int window)
    {
        foreach (int length in (int[])[2048, 4096, 16384])
        {
            Counts counts = Count(length, window);
            long seen = Enumerable.Range(0, length).Sum(i => (long)Math.Min(length - 1, i + window) - Math.Max(0, i - window) + 1);
            Assert.InRange(counts.Scores, seen, (long)length * (2 * window + Panel));                              // each panel trims keys to its own band
            Assert.InRange(counts.Keys, length, (long)length * (1 + 2 * (window + AttentionCall.KeyBlock) / Tile) + 1);   // packed again for each tile
        }
    }

    [Fact]
    public void WithoutAWindow_EveryPairIsScoredOnce() => Assert.Equal(1024L * 1024, Count(1024, window: -1).Scores);

    [Theory]
    [MemberData(nameof(Terms))]
    public void Memory_DoesNotGrowWithTheLength(string term)
    {
        RelativeBuckets buckets = new(256, 256, 512);
        int[] floats = [.. new[] { 4096, 16384 }.Select(length => term switch
        {
            "none" => Floats(new NoTerm(), length),
            "rotary" => Floats(new RotaryTerm(null, null), length),
            "alibi" => Floats(new AlibiTerm(null), length),
            "disentangled" => Floats(new RelativeTerm(null, null, new(length, 512, buckets.Row), isScaled: true), length),
            _ => Floats(new RelativeTerm(null, null, new(length, 2 * length + 1, distance => distance + length), isScaled: true), length),
        })];
        Assert.Equal(floats[0], floats[1]);
        Assert.InRange(floats[0] * sizeof(float), 0, 640 * 1024);
    }

    public static TheoryData<string> Terms => ["none", "rotary", "alibi", "disentangled", "relative"];

    private static Counts Count(int length, int window)
    {
        const int HeadSize = 8;
        float[] values = GC.AllocateArray<float>(length * HeadSize, pinned: true), output = GC.AllocateArray<float>(length * HeadSize, pinned: true);
        Counts counts = default;
        fixed (float* x = values, y = output)
        {
            AttentionCall call = new()
            {
                Q = x,
                K = x,
                V = x,
                Output = y,
                QStride = HeadSize,
                KStride = HeadSize,
                VStride = HeadSize,
                OutputStride = HeadSize,
                HeadSize = HeadSize,
                Window = window,
            };
            Run(call, new CountingTerm(&counts), length);
        }
        return counts;
    }

    private static int Floats<P>(P term, int length) where P : struct, IPositionTerm => Run(new AttentionCall { HeadSize = 64, Window = -1 }, term, length, work: false);

    private static int Run<P>(AttentionCall call, P term, int length, bool work = true) where P : struct, IPositionTerm
    {
        int[] columns = [.. Enumerable.Range(0, length)], starts = [0, length];
        fixed (int* column = columns, start = starts)
        {
            (call.Heads, call.Sequences, call.Scale) = (1, 1, 1);
            call.Starts = start;
            call.Columns = column;
            AttentionWork<P> attention = new(SimdWidth.Bits256);
            attention.Prepare(call, term, columns, threads: 1, P.QueryTile);
            if (!work) return attention.ScratchFloats;
            using GuardedMemory scratch = new(attention.ScratchFloats);
            attention.Run(scratch.Pointer, new AttentionCase.Threads(1));
            return attention.ScratchFloats;
        }
    }

    private struct Counts
    {
        /// <summary>Pairs of a query and a key.</summary>
        public long Scores;
        /// <summary>Keys that were packed.</summary>
        public long Keys;
    }

    /// <summary>No term, but it counts.</summary>
    private readonly struct CountingTerm(Counts* counts) : IPositionTerm
    {
        public static int QueryTile => 512;

        public int ScratchFloats<S, V>(int queryTile) where S : struct, ISimd<V> where V : struct => 0;

        public void Attach<S, V>(float* scratch, int head, in AttentionCall call, float scale) where S : struct, ISimd<V> where V : struct { }

        public void PackRow<S, V>(float* from, float* to, int d, int column, float scale) where S : struct, ISimd<V> where V : struct =>
            HeadRows.Copy<S, V>(from, to, d, scale);

        public void Block<S, V>(in AttentionTile tile, int keys) where S : struct, ISimd<V> where V : struct => counts->Keys += keys;

        public void Panel<S, V>(in AttentionTile tile, int lane, int first, int end) where S : struct, ISimd<V> where V : struct { }

        public V Score<S, V>(V score, V queryColumns, float keyColumn, in AttentionTile tile, int key, int lane) where S : struct, ISimd<V> where V : struct
        {
            counts->Scores += S.Count;
            return score;
        }
    }
}
