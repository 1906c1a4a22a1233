using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>score = scale · q·k.</summary>
internal readonly unsafe struct NoTerm : IPositionTerm
{
    public static int QueryTile => 512;

    public int ScratchFloats<S, V>(int queryTile) where S : struct, ISimd<V> where V : struct => 0;

    public void Attach<S, V>(float* scratch, int head, in AttentionCall call, float scale) where S : struct, ISimd<V> where V : struct { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PackRow<S, V>(float* from, float* to, int d, int position, float scale) where S : struct, ISimd<V> where V : struct =>
        HeadRows.Copy<S, V>(from, to, d, scale);

    public void Block<S, V>(in AttentionTile tile, int keys) where S : struct, ISimd<V> where V : struct { }

    public void Panel<S, V>(in AttentionTile tile, int lane, int first, int end) where S : struct, ISimd<V> where V : struct { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Score<S, V>(V score, V queryColumns, float keyColumn, in AttentionTile tile, int key, int lane)
        where S : struct, ISimd<V> where V : struct => score;
}
