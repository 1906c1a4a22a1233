using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>A function of one element that stands between two products.</summary>
internal enum ActivationKind { Linear, Gelu, GeluTanh, QuickGelu, Relu, Silu, Tanh, Sigmoid, Mish, ClippedGelu, ReluSquared, Relu6, LeakyRelu, Laplace }

/// <summary>y = activation(x), element by element.</summary>
/// <remarks>
/// x and y [rows, columns] at any alignment and stride; y may be x. The same bits at every width; what no vector fills is computed by the scalar form.
/// Accuracy against the exact function, |x| ≤ 80: Gelu 1.2e-7·|x|, 3.2e-7 for |x| ≤ 6 (its formula with erf in float32: 1.1e-7·|x| and 4.5e-7); Laplace 2e-7; relative:
/// Tanh, Sigmoid and Silu 3e-7, LeakyRelu and ReluSquared 1e-7, Mish 5e-7, QuickGelu and GeluTanh 5e-7 + 2e-7 for each unit of exp's argument, which float32 rounds. NaN gives NaN;
/// infinities give what the formula gives (Gelu of −∞ is −∞ · 0 = NaN, as the reference's). About 25 operations an element for Gelu, 8 bytes.
/// </remarks>
internal static unsafe class Activations<S, V> where S : struct, ISimd<V> where V : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(ActivationKind kind, float* x, nint xStride, float* y, nint yStride, int rows, int columns)
    {
        switch (kind)
        {
            case ActivationKind.Linear: Each<Linear<S, V>, Linear<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Gelu: Each<Gelu<S, V>, Gelu<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.GeluTanh: Each<GeluTanh<S, V>, GeluTanh<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.QuickGelu: Each<QuickGelu<S, V>, QuickGelu<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Relu: Each<Relu<S, V>, Relu<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Silu: Each<Silu<S, V>, Silu<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Tanh: Each<Tanh<S, V>, Tanh<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Sigmoid: Each<Sigmoid<S, V>, Sigmoid<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Mish: Each<Mish<S, V>, Mish<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.ClippedGelu: Each<ClippedGelu<S, V>, ClippedGelu<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.ReluSquared: Each<ReluSquared<S, V>, ReluSquared<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Relu6: Each<Relu6<S, V>, Relu6<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.LeakyRelu: Each<LeakyRelu<S, V>, LeakyRelu<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            case ActivationKind.Laplace: Each<Laplace<S, V>, Laplace<SimdScalar, float>>(x, xStride, y, yStride, rows, columns); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Each<F, Rest>(float* x, nint xStride, float* y, nint yStride, int rows, int columns)
        where F : struct, IFunction<V> where Rest : struct, IFunction<float>
    {
        for (int row = 0; row < rows; row++, x += xStride, y += yStride)
        {
            int column = 0;
            for (; column <= columns - S.Count; column += S.Count) S.Store(F.Of(S.Load(x + column)), y + column);
            if (column < columns) Remainder<Rest>(x + column, y + column, columns - column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Remainder<Rest>(float* x, float* y, int count) where Rest : struct, IFunction<float>
    {
        for (int i = 0; i < count; i++) y[i] = Rest.Of(x[i]);
    }
}

/// <summary>A function of each lane.</summary>
internal interface IFunction<V>
{
    static abstract V Of(V x);
}
