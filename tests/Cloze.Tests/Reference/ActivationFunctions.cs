using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Each activation by its formula, in double.</summary>
internal static class ActivationFunctions
{
    private const double SqrtTwoOverPi = 0.79788456080286535588, TanhCubic = 0.044715;

    public static double Value(Activation activation, double x) => activation switch
    {
        Activation.Linear => x,
        Activation.Gelu => x * NormalCdf(x),
        Activation.GeluTanh => 0.5 * x * (1 + Math.Tanh(SqrtTwoOverPi * (x + TanhCubic * x * x * x))),
        Activation.QuickGelu => x * Sigmoid(1.702 * x),
        Activation.Relu => Math.Max(x, 0),
        Activation.Silu => x * Sigmoid(x),
        Activation.Tanh => Math.Tanh(x),
        Activation.Sigmoid => Sigmoid(x),
        Activation.Mish => x * Math.Tanh(Softplus(x)),
        Activation.ClippedGelu => Math.Clamp(x * NormalCdf(x), -10, 10),
        Activation.ReluSquared => x > 0 ? x * x : 0,
        Activation.Relu6 => Math.Clamp(x, 0, 6),
        Activation.LeakyRelu => x > 0 ? x : 0.01 * x,
        Activation.Laplace => NormalCdf((x - 0.707107) / 0.282095),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>log(1 + exp(x)), which does not overflow.</summary>
    public static double Softplus(double x) => Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x)));

    private static double NormalCdf(double x) => 0.5 * (1 + Erf(x / Math.Sqrt(2)));

    /// <summary>2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·5 … (2n+1)): all terms of one sign, so nothing cancels.</summary>
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 6) return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); n++) sum += term *= 2 * x * x / (2 * n + 1);
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
