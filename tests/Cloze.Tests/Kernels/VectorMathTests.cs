using Cloze.Kernels.Simd;
namespace Cloze.Tests.Kernels;

/// <summary>Against double; the other widths give the same bits (<see cref="SimdTests"/>).</summary>
public class VectorMathTests
{
    [Fact]
    public void Exp2_IsWithinOneUnitInTheLastPlace()
    {
        double worst = 0;
        for (float x = -125.9f; x < 127; x += 0.00037f) worst = Math.Max(worst, UnitsOff(VectorMath<SimdScalar, float>.Exp2(x), Math.Pow(2, x)));
        Assert.InRange(worst, 0.5, 0.92);
    }

    [Fact]
    public void Exp_IsWithinOneUnitInTheLastPlace()
    {
        double worst = 0;
        for (float x = -87.2f; x < 88.3f; x += 0.00037f) worst = Math.Max(worst, UnitsOff(VectorMath<SimdScalar, float>.Exp(x), Math.Exp(x)));
        for (float x = -0.4f; x < 0.4f; x += 1.3e-6f) worst = Math.Max(worst, UnitsOff(VectorMath<SimdScalar, float>.Exp(x), Math.Exp(x)));
        Assert.InRange(worst, 0.5, 1);
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-126.6f, 0f)]
    [InlineData(-1000f, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.NaN, float.NaN)]
    public void Exp2_IsExactAtTheEdges(float x, float expected) => Assert.Equal(expected, VectorMath<SimdScalar, float>.Exp2(x));

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-87.7f, 0f)]
    [InlineData(float.MinValue, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(89f, float.PositiveInfinity)]
    [InlineData(float.MaxValue, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void Exp_IsExactAtTheEdges(float x, float expected) => Assert.Equal(expected, VectorMath<SimdScalar, float>.Exp(x));

    private static double UnitsOff(float found, double expected) => Math.Abs(found - expected) / Math.Pow(2, Math.Floor(Math.Log2(expected)) - 23);
}
