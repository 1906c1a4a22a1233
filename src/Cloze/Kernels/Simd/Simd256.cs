using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
namespace Cloze.Kernels.Simd;

/// <summary>8 lanes: AVX2 with FMA. Elsewhere in halves of 128 bits: slower, the same bits.</summary>
internal readonly unsafe struct Simd256 : ISimd<Vector256<float>>
{
    public static int Count => 8;

    public static Vector256<float> Load(float* p) => Vector256.Load(p);
    public static void Store(Vector256<float> x, float* p) => x.Store(p);
    public static Vector256<float> All(float x) => Vector256.Create(x);

    public static Vector256<float> Add(Vector256<float> x, Vector256<float> y) => x + y;
    public static Vector256<float> Sub(Vector256<float> x, Vector256<float> y) => x - y;
    public static Vector256<float> Mul(Vector256<float> x, Vector256<float> y) => x * y;
    public static Vector256<float> Div(Vector256<float> x, Vector256<float> y) => x / y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MulAdd(Vector256<float> x, Vector256<float> y, Vector256<float> z) => Fma.IsSupported
        ? Vector256.FusedMultiplyAdd(x, y, z)
        : Vector256.Create(Simd128.MulAdd(x.GetLower(), y.GetLower(), z.GetLower()), Simd128.MulAdd(x.GetUpper(), y.GetUpper(), z.GetUpper()));

    public static Vector256<float> Sqrt(Vector256<float> x) => Vector256.Sqrt(x);
    public static Vector256<float> Abs(Vector256<float> x) => Vector256.Abs(x);
    public static Vector256<float> Max(Vector256<float> x, Vector256<float> y) => Vector256.MaxNative(x, y);
    public static Vector256<float> Min(Vector256<float> x, Vector256<float> y) => Vector256.MinNative(x, y);
    public static Vector256<float> AtMost(Vector256<float> x, Vector256<float> y) => Vector256.LessThanOrEqual(x, y);
    public static Vector256<float> Below(Vector256<float> x, Vector256<float> y) => Vector256.LessThan(x, y);
    public static Vector256<float> Select(Vector256<float> mask, Vector256<float> x, Vector256<float> y) => Vector256.ConditionalSelect(mask, x, y);
    public static Vector256<float> And(Vector256<float> x, Vector256<float> y) => x & y;
    public static Vector256<float> Or(Vector256<float> x, Vector256<float> y) => x | y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ShiftLeft(Vector256<float> x, int bits) => (x.AsInt32() << bits).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Gather(float* p, int* index) => Avx2.IsSupported
        ? Avx2.GatherVector256(p, Vector256.Load(index), sizeof(float))
        : Vector256.Create(Simd128.Gather(p, index), Simd128.Gather(p, index + 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Near(float* p, int* index) => Avx2.IsSupported
        ? Avx2.PermuteVar8x32(Vector256.Load(p + index[0]), Vector256.Load(index) - Vector256.Create(index[0]))
        : Vector256.Create(Simd128.Near(p, index), Simd128.Near(p, index + 4));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Diagonal(float* p, nint stride) => Avx.IsSupported
        ? Diagonal(p, p + stride, p + 2 * stride, p + 3 * stride, p + 4 * stride, p + 5 * stride, p + 6 * stride, p + 7 * stride)
        : Vector256.Create(Simd128.Diagonal(p, stride), Simd128.Diagonal(p + 4 * stride + 4, stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Diagonal(float* p, int* index, nint stride) => Avx.IsSupported
        ? Diagonal(p + index[0] * stride, p + index[1] * stride, p + index[2] * stride, p + index[3] * stride,
            p + index[4] * stride, p + index[5] * stride, p + index[6] * stride, p + index[7] * stride)
        : Vector256.Create(Simd128.Diagonal(p, index, stride), Simd128.Diagonal(p + 4, index + 4, stride));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* from, nint fromStride, float* to, nint toStride)
    {
        if (!Avx.IsSupported)
        {
            Simd128.Transpose(from, fromStride, to, toStride);
            Simd128.Transpose(from + 4, fromStride, to + 4 * toStride, toStride);
            Simd128.Transpose(from + 4 * fromStride, fromStride, to + 4, toStride);
            Simd128.Transpose(from + 4 * fromStride + 4, fromStride, to + 4 * toStride + 4, toStride);
            return;
        }
        (Vector256<float> a0, Vector256<float> a1, Vector256<float> a2, Vector256<float> a3) = Quarter(from, fromStride);
        (Vector256<float> b0, Vector256<float> b1, Vector256<float> b2, Vector256<float> b3) = Quarter(from + 4 * fromStride, fromStride);
        Avx.Permute2x128(a0, b0, 0x20).Store(to);
        Avx.Permute2x128(a1, b1, 0x20).Store(to + toStride);
        Avx.Permute2x128(a2, b2, 0x20).Store(to + 2 * toStride);
        Avx.Permute2x128(a3, b3, 0x20).Store(to + 3 * toStride);
        Avx.Permute2x128(a0, b0, 0x31).Store(to + 4 * toStride);
        Avx.Permute2x128(a1, b1, 0x31).Store(to + 5 * toStride);
        Avx.Permute2x128(a2, b2, 0x31).Store(to + 6 * toStride);
        Avx.Permute2x128(a3, b3, 0x31).Store(to + 7 * toStride);
    }

    // Lane l of row l.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Diagonal(float* r0, float* r1, float* r2, float* r3, float* r4, float* r5, float* r6, float* r7)
    {
        Vector256<float> a = Avx.Blend(Vector256.Load(r0), Vector256.Load(r1), 1 << 1), b = Avx.Blend(Vector256.Load(r2), Vector256.Load(r3), 1 << 3);
        Vector256<float> c = Avx.Blend(Vector256.Load(r4), Vector256.Load(r5), 1 << 5), d = Avx.Blend(Vector256.Load(r6), Vector256.Load(r7), 1 << 7);
        return Avx.Blend(Avx.Blend(a, b, 0b0000_1100), Avx.Blend(c, d, 0b1100_0000), 0b1111_0000);
    }

    // Columns j and j+4 of four rows, in the two halves of result j.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float>, Vector256<float>, Vector256<float>, Vector256<float>) Quarter(float* p, nint stride)
    {
        Vector256<float> r0 = Vector256.Load(p), r1 = Vector256.Load(p + stride), r2 = Vector256.Load(p + 2 * stride), r3 = Vector256.Load(p + 3 * stride);
        Vector256<float> low01 = Avx.UnpackLow(r0, r1), high01 = Avx.UnpackHigh(r0, r1), low23 = Avx.UnpackLow(r2, r3), high23 = Avx.UnpackHigh(r2, r3);
        return (Avx.Shuffle(low01, low23, 0x44), Avx.Shuffle(low01, low23, 0xEE), Avx.Shuffle(high01, high23, 0x44), Avx.Shuffle(high01, high23, 0xEE));
    }
}
