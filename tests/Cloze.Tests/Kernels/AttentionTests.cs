using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Cloze.Kernels.Attention;
using Cloze.Kernels.Simd;
using Cloze.Ops;
namespace Cloze.Tests.Kernels;

/// <summary>Online-softmax attention against its definition in float64, and bit against bit.</summary>
/// <remarks>
/// All operands end at a protected page; scratch memory starts as NaN. Tolerance relative to max|out|: a score of size s carries a rounding error
/// of some s·2⁻²⁴ in float32 and is exponentiated, and sums of up to 300 probabilities round too. Scores here reach 10, so 2e-6; measured 1.1e-6.
/// </remarks>
public class AttentionTests
{
    private const double Tolerance = 2e-6;

    // Without vectors, or without a fused multiply-add, some forms are emulated: there, small cases must do.
    private static readonly bool s_isFast = Fma.IsSupported || AdvSimd.IsSupported;

    public static TheoryData<string> Terms => [.. AttentionCase.Terms];

    [Theory]
    [MemberData(nameof(Terms))]
    public void MatchesTheDefinitionAndEveryWidthGivesTheSameBits(string term)
    {
        int[] lengths = s_isFast ? [1, 2, 3, 5, 8, 13, 16, 17, 31, 33, 47, 48, 49, 95, 97, 130, 257, 300] : [1, 2, 7, 17, 49, 97];
        Random random = new(7);
        foreach (int d in new[] { 8, 16, 32, 64, 80 })
        {
            foreach (int n in d == 64 ? lengths : lengths.Where((_, i) => i % 3 == d / 16 % 3))
            {
                int? window = random.Next(4) switch { 0 => null, 1 => random.Next(0, 8), 2 => 64, _ => random.Next(1, 100) };
                // linear; logarithmic in steps of up to 2 rows; up and down again; logarithmic
                RelativeBuckets buckets = random.Next(4) switch { 0 => new(16, 0, 0), 1 => new(64, 32, 40), 2 => new(32, 32, 12), _ => new(32, 32, 64) };
                using AttentionCase problem = new(new([n], 2, d, term) { Window = window, Buckets = buckets }, random.Next());
                CheckAgainstTheDefinition(problem);
                CheckWidths(problem);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void BatchesWithHolesSubsetsAndGlobals_GiveEachSequenceWhatItGetsAlone(string term)
    {
        Random random = new(term.Length * 31 + term[0]);
        for (int trial = 0; trial < (s_isFast ? 10 : 4); trial++)
        {
            using AttentionCase problem = new(RandomShape(term, random, trial), random.Next());
            float[] whole = problem.Run(SimdWidths.Chosen);
            CheckAgainstTheDefinition(problem);
            CheckWidths(problem);
            for (int sequence = 0; sequence < problem.Shape.Lengths.Length; sequence++)
            {
                using AttentionCase alone = new(problem.Shape.Alone(sequence), seed: 1);
                alone.CopySequence(problem, sequence);
                Span<float> rows = whole.AsSpan(problem.FirstQuery(sequence) * problem.Shape.Width, alone.Rows.Length * problem.Shape.Width);
                Same(rows, alone.Run(SimdWidths.Chosen), $"{problem.Shape}, sequence {sequence} alone");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void AQuerySubset_GivesThoseRowsOfAll(string term)
    {
        AttentionShape shape = new([120, 61], 2, 32, term) { Window = 40 };
        using AttentionCase all = new(shape, seed: 3);
        float[] every = all.Run(SimdWidths.Chosen);
        foreach (int[][] queries in new int[][][] { [[0], [0]], [[3, 50, 51, 119], [60]], [[], [5, 6, 7]], [[], []] })
        {
            using AttentionCase some = new(shape with { Queries = queries }, seed: 3);
            float[] rows = some.Run(SimdWidths.Chosen);
            for (int r = 0; r < some.Rows.Length; r++)
                Same(every.AsSpan(some.Rows[r] * shape.Width, shape.Width), rows.AsSpan(r * shape.Width, shape.Width), $"{some.Shape}, row {some.Rows[r]}");
        }
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void ThreadsAndTiles_LeaveNoTrace(string term)
    {
        using AttentionCase problem = new(new([190, 7, 64], 3, 16, term) { Window = 70 }, seed: 5);
        float[] one = problem.Run(SimdWidths.Chosen);
        Same(one, problem.Run(SimdWidths.Chosen, new AttentionCase.Threads(2)), "2 threads");
        Same(one, problem.Run(SimdWidths.Chosen, new AttentionCase.Threads(5)), "5 threads");
        foreach (int tile in new[] { 16, 48, 100, 128, 512 }) Same(one, problem.Run(SimdWidths.Chosen, tile: tile), $"tiles of {tile}");
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void ValuesThatAreNotFinite_StayInTheirSequence(string term)
    {
        AttentionShape shape = new([60, 55, 9], 2, 16, term) { Window = 20 };
        using AttentionCase clean = new(shape, seed: 8);
        float[] expected = clean.Run(SimdWidths.Chosen);
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue })
        {
            using AttentionCase spoilt = new(shape, seed: 8);
            for (int row = 60; row < 114; row += 3)
            {
                spoilt.Q(row)[row % 32] = bad;
                spoilt.K(row + 1)[row % 32] = bad;
                spoilt.V(row)[row % 31] = bad;
            }
            float[] found = spoilt.Run(SimdWidths.Chosen);
            Same(expected.AsSpan(0, 60 * 32), found.AsSpan(0, 60 * 32), $"{term}: {bad} in the next sequence");
            Same(expected.AsSpan(115 * 32), found.AsSpan(115 * 32), $"{term}: {bad} in the sequence before");
        }
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void OneTokenGivesItsValue_AndAnEmptyBatchNothing(string term)
    {
        foreach (int? window in new int?[] { null, 0 })
        {
            using AttentionCase one = new(new([1, 1], 2, 16, term) { Window = window }, seed: 2);
            Same([.. one.V(0), .. one.V(1)], one.Run(SimdWidths.Chosen), "one token");
        }
        using AttentionCase empty = new(new([], 2, 16, term), seed: 2);
        Assert.Empty(empty.Run(SimdWidths.Chosen));
        using AttentionCase hole = new(new([3, 0, 2], 2, 16, term), seed: 2);
        Assert.Equal(5 * 32, hole.Run(SimdWidths.Chosen).Count(float.IsFinite));
    }

    [Theory]
    [InlineData("none", 1f)]
    [InlineData("none", 0.01f)]   // nearly equal weights: the longest sums
    [InlineData("rotary", 1f)]
    [InlineData("c2p+p2c", 1f)]
    public void LongInputs_KeepTheAccuracyOfShortOnes(string term, float gain)
    {
        int n = s_isFast ? 650 : 200;
        using AttentionCase problem = new(new([n], 1, 64, term) { Queries = [[0, 1, n / 2, n - 2, n - 1]] }, seed: 4);
        for (int row = 0; row < n; row++) foreach (ref float x in problem.K(row)) x *= gain;
        problem.Run(SimdWidths.Chosen);
        CheckAgainstTheDefinition(problem);
    }

    [Fact]
    public void ASecondCall_AllocatesNothing()
    {
        using AttentionCase problem = new(new([40, 9], 2, 16, "none"), seed: 6);
        AttentionWork<NoTerm> work = new(SimdWidths.Chosen);
        AttentionCase.Threads alone = new(1);
        using GuardedMemory scratch = new(1_000_000);
        Assert.InRange(Allocation.Least(Call), 0, 200);   // the test's own threads: an empty array and a closure

        unsafe void Call()
        {
            work.Prepare(problem.Call, new NoTerm(), problem, threads: 1, NoTerm.QueryTile);
            work.Run(scratch.Pointer, alone);
        }
    }

    [Fact]
    public void DistanceRows_RefusesRowsThatLeaveTheTable_AndKnowsHowTheyRise()
    {
        ArgumentException beyond = Assert.Throws<ArgumentException>(() => new DistanceRows(5, 10, distance => distance + 5));
        Assert.Contains("Distance 5 has row 10 of a relative table of 10 rows", beyond.Message, StringComparison.Ordinal);
        Assert.Equal([(true, true), (true, false), (false, false)], ((Func<int, int>[])[distance => distance + 5, distance => 2 * (distance + 5), distance => 10 - distance])
            .Select(row => new DistanceRows(5, 21, row)).Select(rows => (rows.Ascends, rows.IsSmooth)));
    }

    private static AttentionShape RandomShape(string term, Random random, int trial)
    {
        int largest = s_isFast ? 200 : 60;
        int[] lengths = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, largest))];
        int? window = trial % 3 == 0 ? null : random.Next(0, 90);
        bool isRelative = term is not ("none" or "rotary" or "alibi");
        return new(lengths, 2, trial % 5 == 0 ? 32 : 64, term)
        {
            Window = window,
            Globals = isRelative || window is null ? null : Chosen(n => random.Next(n > 150 ? 2 : 20) == 0),
            Queries = (trial % 4) switch { 1 => Chosen(_ => random.Next(5) == 0), 2 => [.. lengths.Select(_ => new[] { 0 })], _ => null },
            Columns = trial % 5 > 2 ? [.. lengths.Select(WithHoles)] : null,
            Buckets = trial % 2 == 0 ? new(64, 64, 128) : new(24, 0, 0),
        };

        int[][] Chosen(Func<int, bool> isChosen) => [.. lengths.Select(n => Enumerable.Range(0, n).Where(_ => isChosen(n)).ToArray())];

        int[] WithHoles(int n)
        {
            int column = random.Next(5);
            return [.. Enumerable.Range(0, n).Select(_ => column += 1 + (random.Next(6) == 0 ? random.Next(12) : 0))];
        }
    }

    private static unsafe void CheckAgainstTheDefinition(AttentionCase problem)
    {
        float[] found = problem.Run(SimdWidths.Chosen);
        (double[] output, double[] logSum) = problem.Reference();
        Near(output, found, "output");
        Near(logSum, new ReadOnlySpan<float>(problem.Call.LogSum, logSum.Length), "log-sum");

        void Near(double[] expected, ReadOnlySpan<float> values, string what)
        {
            double scale = Math.Max(1e-30, expected.Length == 0 ? 0 : expected.Max(Math.Abs));
            for (int i = 0; i < expected.Length; i++)
                if (!(Math.Abs(expected[i] - values[i]) <= Tolerance * Math.Max(scale, what == "output" ? 0 : 1)))
                    Assert.Fail($"{what} of {problem.Shape}: {values[i]:R} at {i}, not {expected[i]:R} (max {scale:G4}).");
        }
    }

    private static void CheckWidths(AttentionCase problem)
    {
        float[] expected = problem.Run(SimdWidth.Scalar);
        foreach (SimdWidth width in s_isFast || problem.Starts[^1] < 20 ? SimdWidths.All : [SimdWidth.Bits128])
            Same(expected, problem.Run(width), $"{problem.Shape}, {width}");
    }

    private static void Same(ReadOnlySpan<float> expected, ReadOnlySpan<float> found, string what)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(found[i]))
                Assert.Fail($"{what}: bits differ at {i}: {expected[i]:R} and {found[i]:R}.");
    }
}
