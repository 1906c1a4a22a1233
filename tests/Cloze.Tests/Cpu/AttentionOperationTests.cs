using Cloze.Cpu;
using Cloze.Kernels;
using Cloze.Kernels.Simd;
using Cloze.Ops;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Cpu;

/// <summary>Attention as models call it, against the naive form in double; the kernel's own tests are <see cref="Kernels.AttentionTests"/>.</summary>
public class AttentionOperationTests
{
    private const int Heads = 2, HeadSize = 24, Width = Heads * HeadSize;
    private const double Tolerance = 3e-6;   // scores of some units in float32, exponentiated

    public static TheoryData<string> Names => [.. Cases().Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Attention_IsTheReferences_WithTheSameBitsAtEveryWidthAndThreadCount(string name)
    {
        Case chosen = Cases().Single(one => one.Name == name);
        TokenBatch batch = Batch();
        using ReferenceOps reference = new();
        float[] expected = chosen.Run(reference, new Weights<ReferenceTensor>(new Noise(3), new ReferenceWeights()), batch).ToArray();
        float[]? first = null;
        foreach (SimdWidth width in SimdWidths.All)
        {
            int threads = width switch { SimdWidth.Bits128 => 3, SimdWidth.Bits256 => 2, _ => 1 };
            using CpuRuntime runtime = new(threads, VectorKernels.At(width));
            using CpuOps ops = new(runtime);
            float[] found = chosen.Run(ops, new Weights<CpuTensor>(new Noise(3), new CpuWeights(runtime)), batch).ToArray();
            OperationTests.Near(expected, found, Tolerance, $"{name} at {width}");
            first ??= found;
            Assert.True(OperationTests.SameBits(first, found), $"{name}: {width} with {threads} threads gives other bits than the scalar form alone.");
        }
    }

    [Fact]
    public void Attention_RefusesByName_WhatItDoesNotSupport()
    {
        TokenBatch batch = Batch();
        using CpuOps ops = new();
        Weights<CpuTensor> weights = new(new Noise(3), new CpuWeights());
        ShapeException tooLong = Assert.Throws<ShapeException>(() => new Case("", Term: 3, Rows: 15).Run(ops, weights, batch));
        Assert.Contains("distance 16 in sequence 2, relative table [15,24]", tooLong.Message, StringComparison.Ordinal);
        ArgumentException both = Assert.Throws<ArgumentException>(() => new Case("", Term: 8, Window: 4, SeesGlobal: true).Run(ops, weights, batch));
        Assert.Contains("global keys together with a relative or disentangled position term", both.Message, StringComparison.Ordinal);
        ArgumentException windowed = Assert.Throws<ArgumentException>(() => new Case("", Term: 8, Window: 4, IsMixed: true).Run(ops, weights, batch));
        Assert.Contains("talking heads together with a window", windowed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    public void TalkingHeads_GiveASequenceTheSameBitsAloneAndInABatch(int term)
    {
        Case mixed = new("", term, IsMixed: true);
        TokenBatch batch = Batch();
        using CpuRuntime runtime = new(threads: 2);
        Weights<CpuTensor> weights = new(new Noise(3), new CpuWeights(runtime));
        using CpuOps ops = new(runtime);
        float[] together = mixed.Run(ops, weights, batch).ToArray();
        for (int sequence = 0; sequence < batch.Sequences; sequence++)
        {
            int[] rows = batch.All[sequence].ToArray();
            RowSet all = new(new([.. Enumerable.Range(0, rows.Length)]), new[] { 0, rows.Length }), none = new(new([]), new int[2]);
            TokenBatch alone = new()
            {
                Ids = all.Rows,
                Types = all.Rows,
                Positions = all.Rows,
                Columns = new([.. rows.Select(row => batch.Columns.Span[row])]),
                All = all,
                Global = none,
                First = new(new([0]), new[] { 0, 1 }),
                SequenceOfRow = new(new int[rows.Length]),
            };
            float[] found = mixed.Run(ops, weights, alone, rows).ToArray();
            Assert.True(OperationTests.SameBits(found, together.AsSpan(rows[0] * Width, found.Length).ToArray()), $"sequence {sequence}: other bits");
        }
    }

    [Fact]
    public void TalkingHeads_CostTwoMixesAPair()
    {
        TokenBatch batch = Batch();
        Assert.Equal(4L * Heads * Heads * (3 * 3 + 1 + 17 * 17 + 70 * 70 + 5 * 5), Flops(isMixed: true) - Flops(isMixed: false));

        long Flops(bool isMixed)
        {
            CostOps cost = new();
            new Case("", Term: 0, IsMixed: isMixed).Run(cost, new Weights<Shape>(new Noise(3), new ShapeFactory()), batch);
            return cost.Flops;
        }
    }

    [Fact]
    public void Attention_OfNoQueries_IsEmpty()
    {
        using CpuOps ops = new();
        Assert.Empty(new Case("", Term: 0, Queries: 3).Run(ops, new Weights<CpuTensor>(new Noise(3), new CpuWeights()), Batch()).ToArray());
    }

    private static IEnumerable<Case> Cases()
    {
        string[] terms =
            ["none", "rotary", "ALiBi", "relative keys", "relative keys and queries", "unscaled relative keys and queries", "c2p", "p2c", "c2p and p2c"];
        for (int term = 0; term < terms.Length; term++)
        {
            yield return new(terms[term], term);
            yield return new($"{terms[term]}, window", term, Window: 9);
            yield return new($"{terms[term]}, first rows", term, Window: term % 2 == 0 ? 20 : null, Queries: 1);
        }
        yield return new("global keys in a window", Term: 0, Window: 3, SeesGlobal: true);
        yield return new("global keys in a window, rotary", Term: 1, Window: 0, SeesGlobal: true);
        yield return new("global keys without a window", Term: 0, SeesGlobal: true);
        yield return new("global queries", Term: 0, Queries: 2);
        foreach (int term in (int[])[0, 6, 7, 8])
        {
            yield return new($"{terms[term]}, talking heads", term, IsMixed: true);
            yield return new($"{terms[term]}, talking heads, first rows", term, Queries: 1, IsMixed: true);
        }
    }

    // Sequences of 3, 1, 17, 70 and 5 tokens with holes in some; every sixth token is global.
    private static TokenBatch Batch()
    {
        int[] lengths = [3, 1, 17, 70, 5], mask = new int[lengths.Length * 90], global = new int[mask.Length];
        for (int b = 0; b < lengths.Length; b++)
            for (int i = 0, placed = 0; placed < lengths[b]; i++)
            {
                (int place, bool isReal) = (b * 90 + i, b % 2 == 0 || i % 7 != 3);
                if (!isReal) continue;
                (mask[place], global[place]) = (1, placed++ % 6 == 2 ? 1 : 0);
            }
        PaddedTokens padded = new(lengths.Length, 90, new int[mask.Length]) { Mask = mask, Global = global };
        return TokenBatchBuilder.Pack(padded, PositionRules.Columns, GlobalRules.None).Batch;
    }

    /// <param name="Queries">0: all rows, 1: the first of each sequence, 2: the global ones, 3: none.</param>
    /// <param name="Rows">Of the relative table.</param>
    private sealed record Case(string Name, int Term, int? Window = null, int Queries = 0, bool SeesGlobal = false, int Rows = 181, bool IsMixed = false)
    {
        /// <param name="values">Rows of the values that the tokens have; null: the first.</param>
        public T Run<T>(IOps<T> ops, IWeights<T> weights, TokenBatch batch, int[]? values = null) where T : class
        {
            T qkv = ops.SelectRows(weights.Table(200, 3 * Width, "qkv"), values is null ? batch.All.Rows : new(values)), q = ops.Columns(qkv, 0, Width);
            RowSet none = new(new([]), new int[batch.Sequences + 1]);
            RowSet queries = Queries switch { 0 => batch.All, 1 => batch.First, 2 => batch.Global, _ => none };
            if (Queries != 0) q = ops.SelectRows(q, queries.Rows);
            RelativeBuckets buckets = new(16, 16, 32);
            T relative = weights.Table(Rows, HeadSize, "relative"), key = weights.Table(32, Width, "key"), query = weights.Table(32, Width, "query");
            PositionTerm<T> position = Term switch
            {
                0 => new PositionTerm<T>.None(),
                1 => new PositionTerm<T>.Rotary(10_000),
                2 => new PositionTerm<T>.Alibi(new float[] { 0.25f, 0.0625f }),
                3 => new PositionTerm<T>.Relative(relative, KeyTerm: false),
                4 => new PositionTerm<T>.Relative(relative, KeyTerm: true),
                5 => new PositionTerm<T>.Relative(relative, KeyTerm: true, IsScaled: false),
                6 => new PositionTerm<T>.Disentangled(new(o => key), null, buckets),
                7 => new PositionTerm<T>.Disentangled(null, new(o => query), buckets),
                _ => new PositionTerm<T>.Disentangled(new(o => key), new(o => query), buckets),
            };
            return ops.Attention(q, ops.Columns(qkv, Width, Width), ops.Columns(qkv, 2 * Width, Width), queries, batch,
                new(Heads, HeadSize, position, Scale: 0.2f, Window, SeesGlobal, Mix: IsMixed ? new(weights.Matrix(Heads, Heads, "scores"), weights.Matrix(Heads, Heads, "probabilities")) : null));
        }
    }
}
