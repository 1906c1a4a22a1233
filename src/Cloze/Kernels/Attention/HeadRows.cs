using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>One head of a row: d floats.</summary>
internal static unsafe class HeadRows
{
    /// <summary>Floats that a packed row takes: whole vectors at every width.</summary>
    public static int Padded(int d) => (d + 15) & ~15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* row, int d)
    {
        if (Sse.IsSupported) for (int x = 0; x < d; x += 16) Sse.Prefetch0(row + x);
    }

    /// <summary>to = from · scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy<S, V>(float* from, float* to, int d, float scale) where S : struct, ISimd<V> where V : struct
    {
        int x = 0;
        V factor = S.All(scale);
        for (; x + S.Count <= d; x += S.Count) S.Store(S.Mul(S.Load(from + x), factor), to + x);
        for (; x < d; x++) to[x] = from[x] * scale;
    }

    /// <summary>The first place in an ascending list whose value is at least <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int LowerBound(int* list, int count, int value)
    {
        int first = 0;
        while (count > 0)
        {
            int half = count >> 1;
            if (list[first + half] < value)
            {
                first += half + 1;
                count -= half + 1;
            }
            else
            {
                count = half;
            }
        }
        return first;
    }
}
