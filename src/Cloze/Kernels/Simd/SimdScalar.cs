using System.Runtime.CompilerServices;
namespace Cloze.Kernels.Simd;

/// <summary>One lane: what every width must equal bit by bit, the form for remainders, and for machines without vectors.</summary>
internal readonly unsafe struct SimdScalar : ISimd<float>
{
    public static int Count => 1;

    public static float Load(float* p) => *p;
    public static void Store(float x, float* p) => *p = x;
    public static float All(float x) => x;

    public static float Add(float x, float y) => x + y;
    public static float Sub(float x, float y) => x - y;
    public static float Mul(float x, float y) => x * y;
    public static float Div(float x, float y) => x / y;
    public static float MulAdd(float x, float y, float z) => MathF.FusedMultiplyAdd(x, y, z);
    public static float Sqrt(float x) => MathF.Sqrt(x);
    public static float Abs(float x) => MathF.Abs(x);
    public static float Max(float x, float y) => x > y ? x : y;
    public static float Min(float x, float y) => x < y ? x : y;
    public static float AtMost(float x, float y) => Mask(x <= y);
    public static float Below(float x, float y) => Mask(x < y);
    public static float Select(float mask, float x, float y) => BitConverter.SingleToInt32Bits(mask) != 0 ? x : y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float And(float x, float y) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(x) & BitConverter.SingleToInt32Bits(y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Or(float x, float y) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(x) | BitConverter.SingleToInt32Bits(y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ShiftLeft(float x, int bits) => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(x) << bits);

    public static float Gather(float* p, int* index) => p[*index];
    public static float Near(float* p, int* index) => p[*index];
    public static float Diagonal(float* p, nint stride) => *p;
    public static float Diagonal(float* p, int* index, nint stride) => p[*index * stride];
    public static void Transpose(float* from, nint fromStride, float* to, nint toStride) => *to = *from;

    private static float Mask(bool isSet) => BitConverter.Int32BitsToSingle(isSet ? -1 : 0);
}
