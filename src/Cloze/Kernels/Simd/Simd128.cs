using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
namespace Cloze.Kernels.Simd;

/// <summary>4 lanes: SSE, AdvSimd, or whatever the runtime makes of <see cref="Vector128"/>.</summary>
internal readonly unsafe struct Simd128 : ISimd<Vector128<float>>
{
    public static int Count => 4;

    public static Vector128<float> Load(float* p) => Vector128.Load(p);
    public static void Store(Vector128<float> x, float* p) => x.Store(p);
    public static Vector128<float> All(float x) => Vector128.Create(x);

    public static Vector128<float> Add(Vector128<float> x, Vector128<float> y) => x + y;
    public static Vector128<float> Sub(Vector128<float> x, Vector128<float> y) => x - y;
    public static Vector128<float> Mul(Vector128<float> x, Vector128<float> y) => x * y;
    public static Vector128<float> Div(Vector128<float> x, Vector128<float> y) => x / y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MulAdd(Vector128<float> x, Vector128<float> y, Vector128<float> z) =>
        Fma.IsSupported || AdvSimd.IsSupported || !Sse2.IsSupported ? Vector128.FusedMultiplyAdd(x, y, z) : FusedInSoftware(x, y, z);

    public static Vector128<float> Sqrt(Vector128<float> x) => Vector128.Sqrt(x);
    public static Vector128<float> Abs(Vector128<float> x) => Vector128.Abs(x);
    public static Vector128<float> Max(Vector128<float> x, Vector128<float> y) => Vector128.MaxNative(x, y);
    public static Vector128<float> Min(Vector128<float> x, Vector128<float> y) => Vector128.MinNative(x, y);
    public static Vector128<float> AtMost(Vector128<float> x, Vector128<float> y) => Vector128.LessThanOrEqual(x, y);
    public static Vector128<float> Below(Vector128<float> x, Vector128<float> y) => Vector128.LessThan(x, y);
    public static Vector128<float> Select(Vector128<float> mask, Vector128<float> x, Vector128<float> y) => Vector128.ConditionalSelect(mask, x, y);
    public static Vector128<float> And(Vector128<float> x, Vector128<float> y) => x & y;
    public static Vector128<float> Or(Vector128<float> x, Vector128<float> y) => x | y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ShiftLeft(Vector128<float> x, int bits) => (x.AsInt32() << bits).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Gather(float* p, int* index) => Vector128.Create(p[index[0]], p[index[1]], p[index[2]], p[index[3]]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Near(float* p, int* index) => Gather(p, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Diagonal(float* p, nint stride) => Vector128.Create(p[0], p[stride + 1], p[2 * stride + 2], p[3 * stride + 3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Diagonal(float* p, int* index, nint stride) =>
        Vector128.Create(p[index[0] * stride], p[index[1] * stride + 1], p[index[2] * stride + 2], p[index[3] * stride + 3]);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* from, nint fromStride, float* to, nint toStride)
    {
        for (int column = 0; column < 4; column++, from++, to += toStride)
            Vector128.Create(from[0], from[fromStride], from[2 * fromStride], from[3 * fromStride]).Store(to);
    }

    /// <summary>x·y + z rounded once, where SSE2 is all there is.</summary>
    /// <remarks>
    /// The product is exact in double. The sum is rounded to odd: if it is not exact and its last bit is even, it moves by one unit towards the exact value.
    /// A sum rounded to odd with more than 2 spare bits rounds to float32 as the exact one does (Boldo and Melquiond 2008, doi:10.1109/TC.2007.70819, th. 1).
    /// </remarks>
    internal static Vector128<float> FusedInSoftware(Vector128<float> x, Vector128<float> y, Vector128<float> z)
    {
        (Vector128<double> x0, Vector128<double> x1) = Vector128.Widen(x);
        (Vector128<double> y0, Vector128<double> y1) = Vector128.Widen(y);
        (Vector128<double> z0, Vector128<double> z1) = Vector128.Widen(z);
        return Vector128.Narrow(ToOdd(x0 * y0, z0), ToOdd(x1 * y1, z1));
    }

    // a + b rounded to odd. The error is exact (Knuth's two-sum); for infinities it is a NaN, for which nothing is moved.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ToOdd(Vector128<double> a, Vector128<double> b)
    {
        Vector128<double> sum = a + b, part = sum - a, error = (a - (sum - part)) + (b - part), zero = Vector128<double>.Zero;
        Vector128<long> bits = sum.AsInt64(), inexact = (Vector128.LessThan(error, zero) | Vector128.GreaterThan(error, zero)).AsInt64();
        Vector128<long> even = (bits & Vector128<long>.One) - Vector128<long>.One;                                    // −1: even
        Vector128<long> isNearer = Vector128.LessThan(error * Vector128.CopySign(Vector128<double>.One, sum), zero).AsInt64();   // −1: the exact one, to zero
        Vector128<long> step = isNearer | Vector128<long>.One;                                                          // −1 or 1, of the magnitude
        return (bits + (step & inexact & even)).AsDouble();
    }
}
