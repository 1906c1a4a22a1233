namespace Cloze.Kernels;

/// <summary>y = other ∘ activation(x · Wᵀ + bias), where ∘ adds a residual or multiplies by a gate.</summary>
/// <remarks>x [N,K], W [M,K], bias [M] or null, other and y [N,M]. y may be other itself, element on element; else nothing overlaps y.</remarks>
internal unsafe struct GemmCall
{
    public Matrix X;
    public PackedMatrix Weight;
    public float* Bias;
    public ActivationKind Activation;
    public Combination Combination;
    public Matrix Other;
    public Matrix Y;
}

/// <summary>What happens to an activated product before it is stored.</summary>
internal enum Combination
{
    None,
    /// <summary>other + product: a residual.</summary>
    Add,
    /// <summary>other · product: a gate.</summary>
    Multiply,
}
