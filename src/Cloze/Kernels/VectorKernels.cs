using System.Runtime.Intrinsics.X86;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>The kernels at one vector width.</summary>
internal sealed unsafe class VectorKernels<S, V> : IKernels where S : struct, ISimd<V> where V : struct
{
    private static readonly bool s_tall = S.Count == 16 && Avx512F.IsSupported;   // 32 vector registers

    public SimdWidth Width => (SimdWidth)S.Count;

    public int PanelColumns => PackedGemm<S, V>.PanelColumns;

    public void Pack(in Matrix w, float* panel) => PanelPacking<S, V>.Run(w, panel);

    public void Multiply(in GemmCall call, int rowFrom, int rowTo, int panelFrom, int panelTo) =>
        PackedGemm<S, V>.Run(call, rowFrom, rowTo, panelFrom, panelTo, s_tall);

    public void LayerNorm(in Matrix x, float* scale, float* shift, float epsilon, in Matrix y, float* moments = null) =>
        LayerNorm<S, V>.Run(x, scale, shift, epsilon, y, moments);

    public void Activate(ActivationKind kind, in Matrix x, in Matrix y) => Activations<S, V>.Apply(kind, x.Data, x.Stride, y.Data, y.Stride, y.Rows, y.Columns);

    public void Embedding(in Matrix table, int* rows, in Matrix addTo, in Matrix y) => RowKernels<S, V>.Embedding(table, rows, addTo, y);

    public void Embedding(sbyte* q, float* scales, int* rows, in Matrix addTo, in Matrix y) => RowKernels<S, V>.Embedding(q, scales, rows, addTo, y);

    public void Add(in Matrix a, in Matrix b, in Matrix y) => RowKernels<S, V>.Add(a, b, y);

    public void Scale(in Matrix x, float factor, in Matrix y) => RowKernels<S, V>.Scale(x, factor, y);

    public void Normalize(in Matrix x, in Matrix y) => RowKernels<S, V>.Normalize(x, y);

    public void Pool(PoolingKind kind, in Matrix x, int* columns, float* y) => PoolingKernels<S, V>.Run(kind, x, columns, y);
}

/// <summary>The kernels of each width.</summary>
internal static class VectorKernels
{
    /// <summary>Those of the width that <see cref="SimdWidths"/> chooses.</summary>
    public static IKernels Chosen { get; } = At(SimdWidths.Chosen);

    public static IKernels At(SimdWidth width)
    {
        Maker maker = default;
        SimdWidths.Run(width, ref maker);
        return maker.Made!;
    }

    private struct Maker : ISimdCall
    {
        public IKernels? Made;

        public void Invoke<S, V>() where S : struct, ISimd<V> where V : struct => Made = new VectorKernels<S, V>();
    }
}
