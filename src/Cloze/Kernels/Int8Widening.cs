using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
namespace Cloze.Kernels;

/// <summary>y = addTo + q · scale for a row of int8.</summary>
/// <remarks>
/// Any alignment; y may be addTo. (float)q is exact, the product rounds once, so y is what a file of float32 would hold; the sum rounds once more. The
/// width is the machine's own: no operation here depends on it. 1 byte read and 4 written an element.
/// </remarks>
internal static unsafe class Int8Widening
{
    /// <param name="addTo">n floats; null: nothing is added.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(sbyte* q, float scale, float* addTo, float* y, int n)
    {
        Vector256<float> scales = Vector256.Create(scale);
        int i = 0;
        for (; i <= n - 8; i += 8)
        {
            Vector256<float> product = Vector256.ConvertToSingle(Load(q + i)) * scales;
            (addTo is null ? product : Vector256.Load(addTo + i) + product).Store(y + i);
        }
        for (; i < n; i++)
        {
            float product = q[i] * scale;
            y[i] = addTo is null ? product : addTo[i] + product;
        }
    }

    /// <summary>8 bytes, none beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(sbyte* q)
    {
        if (Avx2.IsSupported) return Avx2.ConvertToVector256Int32(q);
        Vector128<short> wide = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)q).AsSByte());
        return Vector256.Create(Vector128.WidenLower(wide), Vector128.WidenUpper(wide));
    }
}
