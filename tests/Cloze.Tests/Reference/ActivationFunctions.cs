using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Value and derivative of each activation, in double.</summary>
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
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };

    public static double Derivative(Activation activation, double x)
    {
        switch (activation)
        {
            case Activation.Linear: return 1;
            case Activation.Gelu: return NormalCdf(x) + x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);
            case Activation.GeluTanh:
                double tanh = Math.Tanh(SqrtTwoOverPi * (x + TanhCubic * x * x * x));
                return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * SqrtTwoOverPi * (1 + 3 * TanhCubic * x * x);
            case Activation.QuickGelu:
                double quick = Sigmoid(1.702 * x);
                return quick + 1.702 * x * quick * (1 - quick);
            case Activation.Relu: return x > 0 ? 1 : 0;
            case Activation.Silu:
                double silu = Sigmoid(x);
                return silu + x * silu * (1 - silu);
            case Activation.Tanh: return 1 - Math.Tanh(x) * Math.Tanh(x);
            case Activation.Sigmoid: return Sigmoid(x) * (1 - Sigmoid(x));
            case Activation.Mish:
                double soft = Math.Tanh(Softplus(x));
                return soft + x * (1 - soft * soft) * Sigmoid(x);
            default: throw new ArgumentOutOfRangeException(nameof(activation), activation, null);
        }
    }

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

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
