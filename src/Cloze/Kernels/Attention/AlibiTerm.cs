using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>score = scale · q·k − slope_h · |c_i − c_j|.</summary>
/// <param name="slopes">[A].</param>
/// <remarks>Press et al. 2021, arXiv:2108.12409, in the symmetric form for encoders. Two operations and a fused one a score: not measurable.</remarks>
internal unsafe struct AlibiTerm(float* slopes) : IPositionTerm
{
    private const float Log2E = 1.44269504f;
    private float _slope;

    public static int QueryTile => 512;

    public readonly int ScratchFloats<S, V>(int queryTile) where S : struct, ISimd<V> where V : struct => 0;

    public void Attach<S, V>(float* scratch, int head, in AttentionCall call, float scale)
        where S : struct, ISimd<V> where V : struct =>
        _slope = -slopes[head] * Log2E;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void PackRow<S, V>(float* from, float* to, int d, int position, float scale) where S : struct, ISimd<V> where V : struct =>
        HeadRows.Copy<S, V>(from, to, d, scale);

    public readonly void Block<S, V>(in AttentionTile tile, int keys) where S : struct, ISimd<V> where V : struct { }

    public readonly void Panel<S, V>(in AttentionTile tile, int lane, int first, int end) where S : struct, ISimd<V> where V : struct { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Score<S, V>(V score, V queryColumns, float keyColumn, in AttentionTile tile, int key, int lane)
        where S : struct, ISimd<V> where V : struct =>
        S.MulAdd(S.Abs(S.Sub(queryColumns, S.All(keyColumn))), S.All(_slope), score);
}
