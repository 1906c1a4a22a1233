namespace Cloze.Kernels;

/// <summary>y = residual + (activation(x · Inᵀ + b) [· (x · Gateᵀ + g)]) · Outᵀ + c.</summary>
/// <remarks>x [N,H], In and Gate [I,H], Out [M,I]; y [N,M] may be the residual, else nothing overlaps it.</remarks>
internal unsafe struct FeedForwardCall
{
    public Matrix X;
    public PackedMatrix In;
    public float* InBias;
    public ActivationKind Activation;
    /// <summary>Inputs 0: the block is not gated.</summary>
    public PackedMatrix Gate;
    public float* GateBias;
    public PackedMatrix Out;
    public float* OutBias;
    public Matrix Residual;
    public Matrix Y;
}

/// <summary>Both matrices of a feed-forward block, tile of rows by tile of rows, so that the inner rows stay in a cache.</summary>
/// <remarks>
/// Products of <see cref="IKernels.Multiply"/>, so the bits are those of two products with all rows. The gate is multiplied onto the activated inner rows
/// as its own product leaves the registers. 2·N·(I·H + M·I) flops (gated: 2·I·H); what would be N·I floats of inner rows is a tile's.
/// </remarks>
internal static unsafe class FeedForward
{
    /// <summary>
    /// Rows of a tile: 48 where the inner rows of so many fit the level-2 cache beside what they are made of and become (H 384), else 192, which share a
    /// visit of a panel (H 768).
    /// </summary>
    /// <remarks>The wrong one costs up to 15 %.</remarks>
    public static int TileRows(int hidden, int inner) => 48L * (inner + 2 * hidden) * sizeof(float) <= CacheSizes.Level2 ? 48 : 192;

    /// <summary>The first matrix, and the gate: some rows and panels of the inner rows.</summary>
    public static void Inner(IKernels kernels, in FeedForwardCall call, in Matrix inner, int rowFrom, int rowTo, int panelFrom, int panelTo)
    {
        GemmCall first = new() { X = call.X, Weight = call.In, Bias = call.InBias, Activation = call.Activation, Y = inner };
        kernels.Multiply(first, rowFrom, rowTo, panelFrom, panelTo);
        if (call.Gate.Inputs == 0) return;
        GemmCall gate = new() { X = call.X, Weight = call.Gate, Bias = call.GateBias, Combination = Combination.Multiply, Other = inner, Y = inner };
        kernels.Multiply(gate, rowFrom, rowTo, panelFrom, panelTo);
    }

    /// <summary>The second matrix: some rows and panels of y.</summary>
    public static void Outer(IKernels kernels, in FeedForwardCall call, in Matrix inner, int rowFrom, int rowTo, int panelFrom, int panelTo)
    {
        GemmCall second = new()
        {
            X = inner,
            Weight = call.Out,
            Bias = call.OutBias,
            Combination = call.Residual.IsNone ? Combination.None : Combination.Add,
            Other = call.Residual,
            Y = call.Y,
        };
        kernels.Multiply(second, rowFrom, rowTo, panelFrom, panelTo);
    }

    /// <summary>Rows <paramref name="rowFrom"/> … <paramref name="rowTo"/>−1 through both.</summary>
    /// <param name="inner">A place for as many inner rows [·,I].</param>
    public static void Tile(IKernels kernels, in FeedForwardCall call, in Matrix inner, int rowFrom, int rowTo)
    {
        FeedForwardCall tile = call;
        int rows = rowTo - rowFrom;
        tile.X = call.X.Slice(rowFrom, rows);
        tile.Y = call.Y.Slice(rowFrom, rows);
        if (!call.Residual.IsNone) tile.Residual = call.Residual.Slice(rowFrom, rows);
        Inner(kernels, tile, inner, 0, rows, 0, call.In.PanelCount(kernels.PanelColumns));
        Outer(kernels, tile, inner, 0, rows, 0, call.Out.PanelCount(kernels.PanelColumns));
    }
}
