using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>q and k rotated by their position as they are packed: x₁·cos − x₂·sin and x₂·cos + x₁·sin of the two halves of a head.</summary>
/// <param name="cosines">[positions][d/2], as the reference rounds them.</param>
/// <param name="sines">[positions][d/2].</param>
/// <remarks>Su et al. 2021, arXiv:2104.09864, in the halves layout of GPT-NeoX. Costs no pass over memory.</remarks>
internal readonly unsafe struct RotaryTerm(float* cosines, float* sines) : IPositionTerm
{
    public static int QueryTile => 512;

    public int ScratchFloats<S, V>(int queryTile) where S : struct, ISimd<V> where V : struct => 0;

    public void Attach<S, V>(float* scratch, int head, in AttentionCall call, float scale) where S : struct, ISimd<V> where V : struct { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PackRow<S, V>(float* from, float* to, int d, int position, float scale) where S : struct, ISimd<V> where V : struct
    {
        int half = d / 2;
        nint row = (nint)position * half;
        int done = Turn<S, V>(from, to, half, 0, cosines + row, sines + row, scale);
        if (done < half) Turn<SimdScalar, float>(from, to, half, done, cosines + row, sines + row, scale);
    }

    public void Block<S, V>(in AttentionTile tile, int keys) where S : struct, ISimd<V> where V : struct { }

    public void Panel<S, V>(in AttentionTile tile, int lane, int first, int end) where S : struct, ISimd<V> where V : struct { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Score<S, V>(V score, V queryColumns, float keyColumn, in AttentionTile tile, int key, int lane)
        where S : struct, ISimd<V> where V : struct => score;

    // Whole vectors of both halves from x on; returns where they end.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Turn<S, V>(float* from, float* to, int half, int x, float* cosine, float* sine, float scale) where S : struct, ISimd<V> where V : struct
    {
        V factor = S.All(scale);
        for (; x + S.Count <= half; x += S.Count)
        {
            V first = S.Mul(S.Load(from + x), factor), second = S.Mul(S.Load(from + x + half), factor), c = S.Load(cosine + x), s = S.Load(sine + x);
            S.Store(S.Sub(S.Mul(first, c), S.Mul(second, s)), to + x);
            S.Store(S.Add(S.Mul(second, c), S.Mul(first, s)), to + x + half);
        }
        return x;
    }
}
