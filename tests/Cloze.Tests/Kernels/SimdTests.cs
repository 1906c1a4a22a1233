using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Cloze.Kernels.Simd;
namespace Cloze.Tests.Kernels;

public unsafe class SimdTests
{
    private delegate void Operation(float* x, float* y, float* z, float* result);

    // Zeros, subnormals, ones, ends of the range, infinities; then numbers of all sizes.
    private static readonly float[] s_values =
    [
        0, -0f, 1, -1, 0.5f, 1.5f, float.Epsilon, -float.Epsilon, 1.17549435e-38f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity,
        3, 1e-3f, -2.75f,
        .. Numbers(new Random(11), 240),
    ];

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void EveryOperation_GivesTheBitsOfTheScalarForm(int lanes)
    {
        CompareAll call = default;
        SimdWidths.Run((SimdWidth)lanes, ref call);
        Assert.True(call.Compared > 10_000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void PicksAndTranspose_MoveTheValuesTheyName(int lanes)
    {
        CheckMoves call = default;
        SimdWidths.Run((SimdWidth)lanes, ref call);
    }

    [Fact]
    public void MulAdd_RoundsOnce_AlsoInSoftware()
    {
        Random random = new(5);
        for (int i = 0; i < 200_000; i++)
        {
            float x = Any(random), y = Any(random), z = Any(random);
            if (i % 3 == 0) z = -(float)((double)x * y * (1 + (random.Next(3) - 1) * 1e-8));   // cancels nearly
            float expected = MathF.FusedMultiplyAdd(x, y, z);
            float found = Simd128.FusedInSoftware(Vector128.Create(x), Vector128.Create(y), Vector128.Create(z))[i % 4];
            if (!SameBits(expected, found)) Assert.Fail($"{x:R}·{y:R} + {z:R}: {found:R}, not {expected:R}.");
        }
    }

    [Fact]
    public void Choose_RefusesAWidthThatIsNone()
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => SimdWidths.Choose("257"));
        Assert.Contains("CLOZE_SIMD is '257'; set it to 512, 256, 128 or scalar", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(SimdWidth.Bits512, SimdWidths.Choose("512"));
        Assert.Equal(SimdWidth.Bits256, SimdWidths.Choose("256"));
        Assert.Equal(SimdWidth.Bits128, SimdWidths.Choose("128"));
        Assert.Equal(SimdWidth.Scalar, SimdWidths.Choose("scalar"));
    }

    [Fact]
    public void Choose_TakesTheWidestThatTheInstructionsOfThisProcessServe()
    {
        SimdWidth expected = Avx512F.IsSupported ? SimdWidth.Bits512 : Avx2.IsSupported && Fma.IsSupported ? SimdWidth.Bits256
            : Vector128.IsHardwareAccelerated ? SimdWidth.Bits128 : SimdWidth.Scalar;
        Assert.Equal(expected, SimdWidths.Choose(null));
        Assert.StartsWith(expected == SimdWidth.Scalar ? "scalar" : $"{32 * (int)expected} bits (", SimdWidths.Describe(expected), StringComparison.Ordinal);
        if (IsOff("DOTNET_EnableAVX512") || IsOff("DOTNET_EnableAVX2") || IsOff("DOTNET_EnableHWIntrinsic")) Assert.False(Avx512F.IsSupported);
        if (IsOff("DOTNET_EnableAVX2") || IsOff("DOTNET_EnableHWIntrinsic")) Assert.False(Avx2.IsSupported);
        if (IsOff("DOTNET_EnableHWIntrinsic")) Assert.Equal(SimdWidth.Scalar, expected);

        static bool IsOff(string variable) => Environment.GetEnvironmentVariable(variable) == "0";
    }

    private struct CompareAll : ISimdCall
    {
        public int Compared;

        public void Invoke<S, V>() where S : struct, ISimd<V> where V : struct
        {
            (string Name, Operation Wide, Operation Scalar)[] pairs =
                [.. Operations<S, V>().Zip(Operations<SimdScalar, float>(), (a, b) => (a.Name, a.Run, b.Run))];
            float* x = stackalloc float[16], y = stackalloc float[16], z = stackalloc float[16], wide = stackalloc float[16];
            Random random = new(3);
            for (int round = 0; round < 400; round++)
            {
                for (int l = 0; l < S.Count; l++) (x[l], y[l], z[l]) = (Pick(random), Pick(random), Pick(random));
                foreach ((string name, Operation run, Operation scalar) in pairs)
                {
                    run(x, y, z, wide);
                    for (int l = 0; l < S.Count; l++, Compared++)
                    {
                        float one;
                        scalar(x + l, y + l, z + l, &one);
                        if (!SameBits(one, wide[l])) Assert.Fail($"{name}({x[l]:R}, {y[l]:R}, {z[l]:R}) is {wide[l]:R} in lane {l} of {S.Count}, not {one:R}.");
                    }
                }
            }
        }

        private static float Pick(Random random) => s_values[random.Next(s_values.Length)];
    }

    private static IEnumerable<(string Name, Operation Run)> Operations<S, V>() where S : struct, ISimd<V> where V : struct =>
    [
        ("Add", (x, y, z, r) => S.Store(S.Add(S.Load(x), S.Load(y)), r)),
        ("Sub", (x, y, z, r) => S.Store(S.Sub(S.Load(x), S.Load(y)), r)),
        ("Mul", (x, y, z, r) => S.Store(S.Mul(S.Load(x), S.Load(y)), r)),
        ("Div", (x, y, z, r) => S.Store(S.Div(S.Load(x), S.Load(y)), r)),
        ("MulAdd", (x, y, z, r) => S.Store(S.MulAdd(S.Load(x), S.Load(y), S.Load(z)), r)),
        ("Sqrt", (x, y, z, r) => S.Store(S.Sqrt(S.Load(x)), r)),
        ("Abs", (x, y, z, r) => S.Store(S.Abs(S.Load(x)), r)),
        ("Max", (x, y, z, r) => S.Store(S.Max(S.Load(x), S.Load(y)), r)),
        ("Min", (x, y, z, r) => S.Store(S.Min(S.Load(x), S.Load(y)), r)),
        ("AtMost", (x, y, z, r) => S.Store(S.Select(S.AtMost(S.Load(x), S.Load(y)), S.Load(z), S.All(7)), r)),
        ("Below", (x, y, z, r) => S.Store(S.Select(S.Below(S.Load(x), S.Load(y)), S.Load(z), S.All(7)), r)),
        ("And", (x, y, z, r) => S.Store(S.And(S.Load(x), S.Load(y)), r)),
        ("Or", (x, y, z, r) => S.Store(S.Or(S.Load(x), S.Load(y)), r)),
        ("ShiftLeft", (x, y, z, r) => S.Store(S.ShiftLeft(S.Load(x), 3), r)),
        ("Exp", (x, y, z, r) => S.Store(VectorMath<S, V>.Exp(S.Load(x)), r)),
        ("Exp2", (x, y, z, r) => S.Store(VectorMath<S, V>.Exp2(S.Min(S.All(127), S.Load(x))), r)),
    ];

    private struct CheckMoves : ISimdCall
    {
        public readonly void Invoke<S, V>() where S : struct, ISimd<V> where V : struct
        {
            int w = S.Count;
            float* table = stackalloc float[2048], result = stackalloc float[256];
            int* far = stackalloc int[16], near = stackalloc int[16];
            for (int i = 0; i < 2048; i++) table[i] = i + 0.5f;
            Random random = new(1);
            for (int l = 0; l < w; l++) (far[l], near[l]) = (random.Next(40), l == 0 ? 17 : near[l - 1] + random.Next(2));

            S.Store(S.Gather(table, far), result);
            for (int l = 0; l < w; l++) Assert.Equal(table[far[l]], result[l]);
            S.Store(S.Near(table, near), result);
            for (int l = 0; l < w; l++) Assert.Equal(table[near[l]], result[l]);
            S.Store(S.Diagonal(table, 37), result);
            for (int l = 0; l < w; l++) Assert.Equal(table[l * 37 + l], result[l]);
            S.Store(S.Diagonal(table, far, 33), result);
            for (int l = 0; l < w; l++) Assert.Equal(table[far[l] * 33 + l], result[l]);
            S.Transpose(table, 50, result, 16);
            for (int row = 0; row < w; row++) for (int column = 0; column < w; column++) Assert.Equal(table[row * 50 + column], result[column * 16 + row]);
            S.Store(S.All(4.25f), result);
            for (int l = 0; l < w; l++) Assert.Equal(4.25f, result[l]);
        }
    }

    private static bool SameBits(float x, float y) =>
        BitConverter.SingleToInt32Bits(x) == BitConverter.SingleToInt32Bits(y) || (float.IsNaN(x) && float.IsNaN(y));

    private static float[] Numbers(Random random, int count)
    {
        float[] all = new float[count];
        for (int i = 0; i < count; i++) all[i] = (random.NextSingle() * 2 - 1) * MathF.Pow(10, random.Next(-12, 12));
        return all;
    }

    // Any bit pattern, half of the time; else one of the listed values.
    private static float Any(Random random) =>
        random.Next(2) == 0 ? BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)) : s_values[random.Next(s_values.Length)];
}
