using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
namespace Cloze.Kernels.Simd;

/// <summary>16 lanes. Without AVX-512 in halves of 256 bits: slower, the same bits, so that its kernels are tested everywhere.</summary>
internal readonly unsafe struct Simd512 : ISimd<Vector512<float>>
{
    public static int Count => 16;

    public static Vector512<float> Load(float* p) => Vector512.Load(p);
    public static void Store(Vector512<float> x, float* p) => x.Store(p);
    public static Vector512<float> All(float x) => Vector512.Create(x);

    public static Vector512<float> Add(Vector512<float> x, Vector512<float> y) => x + y;
    public static Vector512<float> Sub(Vector512<float> x, Vector512<float> y) => x - y;
    public static Vector512<float> Mul(Vector512<float> x, Vector512<float> y) => x * y;
    public static Vector512<float> Div(Vector512<float> x, Vector512<float> y) => x / y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MulAdd(Vector512<float> x, Vector512<float> y, Vector512<float> z) => Avx512F.IsSupported
        ? Vector512.FusedMultiplyAdd(x, y, z)
        : Vector512.Create(Simd256.MulAdd(x.GetLower(), y.GetLower(), z.GetLower()), Simd256.MulAdd(x.GetUpper(), y.GetUpper(), z.GetUpper()));

    public static Vector512<float> Sqrt(Vector512<float> x) => Vector512.Sqrt(x);
    public static Vector512<float> Abs(Vector512<float> x) => Vector512.Abs(x);
    public static Vector512<float> Max(Vector512<float> x, Vector512<float> y) => Vector512.MaxNative(x, y);
    public static Vector512<float> Min(Vector512<float> x, Vector512<float> y) => Vector512.MinNative(x, y);
    public static Vector512<float> AtMost(Vector512<float> x, Vector512<float> y) => Vector512.LessThanOrEqual(x, y);
    public static Vector512<float> Below(Vector512<float> x, Vector512<float> y) => Vector512.LessThan(x, y);
    public static Vector512<float> Select(Vector512<float> mask, Vector512<float> x, Vector512<float> y) => Vector512.ConditionalSelect(mask, x, y);
    public static Vector512<float> And(Vector512<float> x, Vector512<float> y) => x & y;
    public static Vector512<float> Or(Vector512<float> x, Vector512<float> y) => x | y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ShiftLeft(Vector512<float> x, int bits) => (x.AsInt32() << bits).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Gather(float* p, int* index) => Vector512.Create(Simd256.Gather(p, index), Simd256.Gather(p, index + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Near(float* p, int* index) => Vector512.Create(Simd256.Near(p, index), Simd256.Near(p, index + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Diagonal(float* p, nint stride) =>
        Vector512.Create(Simd256.Diagonal(p, stride), Simd256.Diagonal(p + 8 * stride + 8, stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Diagonal(float* p, int* index, nint stride) =>
        Vector512.Create(Simd256.Diagonal(p, index, stride), Simd256.Diagonal(p + 8, index + 8, stride));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* from, nint fromStride, float* to, nint toStride)
    {
        Simd256.Transpose(from, fromStride, to, toStride);
        Simd256.Transpose(from + 8, fromStride, to + 8 * toStride, toStride);
        Simd256.Transpose(from + 8 * fromStride, fromStride, to + 8, toStride);
        Simd256.Transpose(from + 8 * fromStride + 8, fromStride, to + 8 * toStride + 8, toStride);
    }
}
