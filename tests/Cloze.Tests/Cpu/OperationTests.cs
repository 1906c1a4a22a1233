using Cloze.Cpu;
using Cloze.Kernels;
using Cloze.Kernels.Simd;
using Cloze.Ops;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Cpu;

public class OperationTests
{
    public static TheoryData<string> Names => [.. OperationCase.All().Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void AnOperation_IsTheReferences_WithTheSameBitsAtEveryWidthAndThreadCount(string name)
    {
        OperationCase chosen = OperationCase.All().Single(one => one.Name == name);
        TokenBatch batch = OperationCase.Batch();
        using ReferenceOps reference = new();
        float[] expected = chosen.Program.Run(reference, new Weights<ReferenceTensor>(new Noise(3), new ReferenceWeights()), batch).ToArray();

        float[]? first = null;
        foreach (SimdWidth width in SimdWidths.All)
            foreach (int threads in (int[])[1, 3])
            {
                using CpuRuntime runtime = new(threads, VectorKernels.At(width));
                using CpuOps ops = new(runtime);
                float[] found = chosen.Program.Run(ops, new Weights<CpuTensor>(new Noise(3), new CpuWeights(runtime)), batch).ToArray();
                Near(expected, found, chosen.Tolerance, $"{name} at {width}");
                first ??= found;
                Assert.True(SameBits(first, found), $"{name}: {width} with {threads} threads gives other bits than {SimdWidths.All[0]} alone.");
            }
    }

    internal static void Near(ReadOnlySpan<float> expected, ReadOnlySpan<float> found, double tolerance, string what)
    {
        Assert.Equal(expected.Length, found.Length);
        double largest = 0, worst = 0;
        int at = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            double distance = Math.Abs((double)expected[i] - found[i]);
            if (distance > worst || double.IsNaN(distance)) (worst, at) = (double.IsNaN(distance) ? double.PositiveInfinity : distance, i);
        }
        if (worst > tolerance * largest)
            Assert.Fail($"{what}: element {at} is {found[at]:R}, not {expected[at]:R}; {worst / largest:E1} of the largest element, {tolerance:E1} are allowed.");
    }

    internal static bool SameBits(ReadOnlySpan<float> x, ReadOnlySpan<float> y) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(x).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes(y));
}
