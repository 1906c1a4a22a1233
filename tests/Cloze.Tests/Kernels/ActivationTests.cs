using Cloze.Kernels;
using Cloze.Kernels.Simd;
using Cloze.Ops;
namespace Cloze.Tests.Kernels;

public unsafe class ActivationTests
{
    /// <summary>The largest distance from the exact value that the kernel's contract allows. Below the least normal number nothing is promised.</summary>
    private static double Allowed(ActivationKind kind, double x, double exact) => kind switch
    {
        ActivationKind.Linear or ActivationKind.Relu or ActivationKind.Relu6 => 0,
        ActivationKind.Gelu or ActivationKind.ClippedGelu => 1.2e-7 * Math.Abs(x),
        ActivationKind.ReluSquared or ActivationKind.LeakyRelu => 1e-7 * Math.Abs(exact),
        ActivationKind.Laplace => 2e-7,
        // exp turns a relative error of its argument into argument times as much
        ActivationKind.GeluTanh => (5e-7 + 2e-7 * Math.Abs(2 * Inner(x))) * Math.Abs(exact),
        ActivationKind.QuickGelu => (5e-7 + 2e-7 * Math.Abs(1.702 * x)) * Math.Abs(exact),
        ActivationKind.Mish => 5e-7 * Math.Abs(exact),
        _ => 3e-7 * Math.Abs(exact),
    } + 1.2e-38 * Math.Max(1, Math.Abs(x));

    private static double Ratio(double n) => n / (n + 2);

    private static double Inner(double x) => 0.79788456080286535588 * (x + 0.044715 * x * x * x);

    private static double Exact(ActivationKind kind, double x) => kind switch
    {
        ActivationKind.GeluTanh => x / (1 + Math.Exp(-2 * Inner(x))),   // x/2 · (1 + tanh u) without cancelling
        ActivationKind.Mish when x < 0 => x * Ratio(Math.Exp(x) * (Math.Exp(x) + 2)),   // the reference's log(1 + eˣ) loses eˣ
        _ => Reference.ActivationFunctions.Value(Enum.Parse<Activation>(kind.ToString()), x),
    };

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void EveryActivation_IsAsExactAsItSays_WithTheBitsOfTheScalarForm(int lanes)
    {
        IKernels kernels = VectorKernels.At((SimdWidth)lanes), scalar = VectorKernels.At(SimdWidth.Scalar);
        float[] values =
        [
            .. Enumerable.Range(-4000, 8001).Select(i => i / 500f), .. Numbers.Even(3, 2000, 80), .. Numbers.Even(4, 1000, 1e-3f), 0, -0f, 1e-30f, -1e-30f,
        ];
        using Buffer x = new(values), y = new(values.Length), z = new(values.Length);
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
        {
            kernels.Activate(kind, x.Rows(values.Length), y.Rows(values.Length));
            scalar.Activate(kind, x.Rows(values.Length), z.Rows(values.Length));
            Assert.True(Numbers.SameBits(y.Span, z.Span), $"{kind} at {lanes} lanes");
            for (int i = 0; i < values.Length; i++)
            {
                double exact = Exact(kind, values[i]), distance = Math.Abs(exact - y.Data[i]);
                if (!(distance <= Allowed(kind, values[i], exact)))
                    Assert.Fail($"{kind}({values[i]:R}) is {y.Data[i]:R}, not {exact:R}: {distance / Math.Abs(exact):E1} of it.");
            }
        }
    }

    [Fact]
    public void Gelu_IsNoLessExactThanItsFormulaInFloat32()
    {
        (double Worst, double Squares) kernel = default, formula = default;
        for (float x = -6; x < 6; x += 0.00037f)
        {
            double exact = Exact(ActivationKind.Gelu, x);
            Count(ref kernel, Gelu<SimdScalar, float>.Of(x) - exact);
            Count(ref formula, 0.5f * x * (1 + Erf(x * 0.70710678f)) - exact);
        }
        Assert.True(kernel.Worst <= 3.2e-7 && kernel.Worst <= formula.Worst, $"{kernel.Worst:E2} against {formula.Worst:E2} at worst");
        Assert.True(kernel.Squares <= formula.Squares, $"{kernel.Squares:E2} against {formula.Squares:E2}, squared");

        static float Erf(float z) => z == 0 ? z : (float)(2 * Exact(ActivationKind.Gelu, z * Math.Sqrt(2)) / (z * Math.Sqrt(2)) - 1);   // from x·Φ(x), rounded once

        static void Count(ref (double Worst, double Squares) sum, double error) => sum = (Math.Max(sum.Worst, Math.Abs(error)), sum.Squares + error * error);
    }

    [Fact]
    public void NaNGivesNaN_AndInfinitiesWhatTheFormulaGives()
    {
        foreach (SimdWidth width in SimdWidths.All)
            foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
            {
                using Buffer x = new(51), y = new(51);
                x.Span[17..34].Fill(float.PositiveInfinity);   // the first 17 are NaN
                x.Span[34..].Fill(float.NegativeInfinity);
                VectorKernels.At(width).Activate(kind, x.Rows(17), y.Rows(17));
                float top = kind switch
                {
                    ActivationKind.Tanh or ActivationKind.Sigmoid or ActivationKind.Laplace => 1,
                    ActivationKind.Relu6 => 6,
                    ActivationKind.ClippedGelu => 10,
                    _ => float.PositiveInfinity,
                };
                float bottom = kind switch
                {
                    ActivationKind.Linear or ActivationKind.LeakyRelu => float.NegativeInfinity,
                    ActivationKind.Relu or ActivationKind.ReluSquared or ActivationKind.Relu6 or ActivationKind.Sigmoid or ActivationKind.Laplace => 0,
                    ActivationKind.Tanh => -1,
                    _ => float.NaN,   // −∞ · 0
                };
                Assert.All(y.Span[..17].ToArray(), value => Assert.True(float.IsNaN(value)));
                Assert.All(y.Span[17..34].ToArray(), value => Assert.Equal(top, value));
                Assert.All(y.Span[34..].ToArray(), value => Assert.Equal(bottom, value));
            }
    }
}
