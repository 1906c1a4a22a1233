using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>The formulas that readings on this machine compute with, each in one kernel: inference and a tape call the same.</summary>
/// <remarks>
/// What each one computes, from which layout and how exactly stands above the kernel it leads to. No result depends on how its rows or panels are split.
/// </remarks>
internal unsafe interface IKernels
{
    /// <summary>For kernels that take it as an argument (attention).</summary>
    SimdWidth Width { get; }

    /// <summary>P: outputs of a panel of <see cref="PackedMatrix"/>.</summary>
    int PanelColumns { get; }

    /// <inheritdoc cref="PanelPacking{S,V}.Run"/>
    void Pack(in Matrix w, float* panel);

    /// <summary>Some rows and panels of y = other ∘ activation(x · Wᵀ + bias): <see cref="PackedGemm{S,V}"/>.</summary>
    void Multiply(in GemmCall call, int rowFrom, int rowTo, int panelFrom, int panelTo);

    /// <inheritdoc cref="LayerNorm{S,V}.Run"/>
    void LayerNorm(in Matrix x, float* scale, float* shift, float epsilon, in Matrix y, float* moments = null);

    /// <summary>y = activation(x): <see cref="Activations{S,V}"/>.</summary>
    void Activate(ActivationKind kind, in Matrix x, in Matrix y);

    /// <inheritdoc cref="RowKernels{S,V}.Embedding(in Matrix, int*, in Matrix, in Matrix)"/>
    void Embedding(in Matrix table, int* rows, in Matrix addTo, in Matrix y);

    /// <inheritdoc cref="RowKernels{S,V}.Embedding(sbyte*, float*, int*, in Matrix, in Matrix)"/>
    void Embedding(sbyte* q, float* scales, int* rows, in Matrix addTo, in Matrix y);

    /// <inheritdoc cref="RowKernels{S,V}.Add(in Matrix, in Matrix, in Matrix)"/>
    void Add(in Matrix a, in Matrix b, in Matrix y);

    /// <inheritdoc cref="RowKernels{S,V}.Scale(in Matrix, float, in Matrix)"/>
    void Scale(in Matrix x, float factor, in Matrix y);

    /// <inheritdoc cref="RowKernels{S,V}.Normalize"/>
    void Normalize(in Matrix x, in Matrix y);

    /// <inheritdoc cref="PoolingKernels{S,V}.Run"/>
    void Pool(PoolingKind kind, in Matrix x, int* columns, float* y);
}
