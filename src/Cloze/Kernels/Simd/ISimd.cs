namespace Cloze.Kernels.Simd;

/// <summary>What kernels do with a vector of float32: the operations of <typeparamref name="V"/>, as static members of a second type argument.</summary>
/// <typeparam name="V">
/// The raw vector (<c>Vector256&lt;float&gt;</c>, …, <c>float</c>), never a struct around it: that costs register moves in every step.
/// </typeparam>
/// <remarks>
/// Lanes never meet, except in <see cref="Transpose"/> and the picks, which move values and compute nothing. Each operation rounds once, as IEEE 754 says,
/// so a kernel gives the same bits at every width, and the scalar form is an exact oracle for all others. Payloads and signs of NaNs are not promised.
/// A mask is a V of all-ones or all-zero lanes.
/// </remarks>
internal unsafe interface ISimd<V> where V : struct
{
    /// <summary>W: float32 values in a V.</summary>
    static abstract int Count { get; }

    /// <summary>p[0 … W−1]; any alignment.</summary>
    static abstract V Load(float* p);
    static abstract void Store(V x, float* p);
    static abstract V All(float x);

    static abstract V Add(V x, V y);
    static abstract V Sub(V x, V y);
    static abstract V Mul(V x, V y);
    static abstract V Div(V x, V y);

    /// <summary>x·y + z, rounded once on every machine: in software where the hardware has no fused form.</summary>
    static abstract V MulAdd(V x, V y, V z);
    static abstract V Sqrt(V x);
    static abstract V Abs(V x);

    /// <summary>The larger one. If y is a NaN, so is the result; if only x is, the result is y or a NaN.</summary>
    static abstract V Max(V x, V y);

    /// <summary>The smaller one. If y is a NaN, so is the result; if only x is, the result is y or a NaN.</summary>
    static abstract V Min(V x, V y);

    /// <summary>Mask of x ≤ y; false where either is a NaN.</summary>
    static abstract V AtMost(V x, V y);

    /// <summary>Mask of x &lt; y; false where either is a NaN.</summary>
    static abstract V Below(V x, V y);

    /// <summary>x where the mask is set, else y.</summary>
    static abstract V Select(V mask, V x, V y);

    /// <summary>Bits of both.</summary>
    static abstract V And(V x, V y);

    /// <summary>Bits of either.</summary>
    static abstract V Or(V x, V y);

    /// <summary>The lane's bits, as an integer, shifted left.</summary>
    static abstract V ShiftLeft(V x, int bits);

    /// <summary>p[index[l]] in lane l.</summary>
    static abstract V Gather(float* p, int* index);

    /// <summary>As <see cref="Gather"/>, for indices that ascend by 0 or 1 from lane to lane. May read p[index[0] … index[0]+W−1].</summary>
    static abstract V Near(float* p, int* index);

    /// <summary>p[l·stride + l] in lane l. May read W floats of each row.</summary>
    static abstract V Diagonal(float* p, nint stride);

    /// <summary>p[index[l]·stride + l] in lane l. May read W floats of each row.</summary>
    static abstract V Diagonal(float* p, int* index, nint stride);

    /// <summary>W rows of W floats become columns.</summary>
    static abstract void Transpose(float* from, nint fromStride, float* to, nint toStride);
}
