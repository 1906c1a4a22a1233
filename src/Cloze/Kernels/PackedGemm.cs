using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels;

/// <summary>y = other ∘ activation(x · Wᵀ + bias) over packed weights: walks rows and panels in tiles that stay in registers.</summary>
/// <remarks>
/// <para>Batch invariance: every product is one chain c = fma(x[n,k], W[m,k], c) from c = 0 over k = 0 … K−1, then + bias[m] (+ 0 where there is none).
/// No split of k, no block sums, no other order for few rows. So the bits of y[n,m] depend on row n of x, row m of W and bias[m] alone: not on the number
/// of rows, the tile, the ranges, the thread or the vector width.</para>
/// <para>x is read in place, rows of any alignment and stride. A panel (<see cref="PackedMatrix"/>) is visited by up to <see cref="RowBlock"/> rows, which
/// lie in the level-2 cache then, in tiles of up to 6 rows, or of 12 where there are 32 registers. Few rows take two or three panels at once. The processor
/// fetches a panel ahead of its own accord: to ask for the next one gained nothing at many rows and cost up to 15 % at few of long rows of W. Bias,
/// residual and gate meet the sums in registers. An activation needs more registers than the sums leave: it walks the stored tile, which lies in the
/// level-1 cache. Of a panel that W does not fill, only the columns of y are written.</para>
/// <para>|error| ≤ 2.1e-7·Σ|terms| measured at K ≤ 1537. 2·N·M·K flops; W is read once for each <see cref="RowBlock"/> rows. Panels after Goto and van de
/// Geijn 2008, the micro-kernel after BLIS (Van Zee and van de Geijn 2015); the whole of K in registers is ours.</para>
/// </remarks>
internal static unsafe class PackedGemm<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>Rows that share a visit of a panel. A multiple of 6 and 12.</summary>
    public const int RowBlock = 192;

    private const int TileRows = 6, LowRows = 4, TallRows = 12;

    /// <summary>P: columns of a panel.</summary>
    public static int PanelColumns => 2 * S.Count;

    /// <summary>
    /// Rows <paramref name="rowFrom"/> … <paramref name="rowTo"/>−1 of panels <paramref name="panelFrom"/> … <paramref name="panelTo"/>−1. Any thread; any
    /// split gives the same bits.
    /// </summary>
    /// <param name="tall">Whether tiles of 12 rows are used: worth it with 32 vector registers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in GemmCall call, int rowFrom, int rowTo, int panelFrom, int panelTo, bool tall)
    {
        int rows = rowTo - rowFrom;
        if (rows <= 0) return;
        int blocks = (rows + RowBlock - 1) / RowBlock;
        for (int block = 0, row = rowFrom; block < blocks; block++)
        {
            int end = block == blocks - 1 ? rowTo : rowFrom + (int)((long)rows * (block + 1) / blocks / TileRows * TileRows);
            for (int panel = panelFrom, count; panel < panelTo; panel += count)
            {
                count = Together(end - row, panelTo - panel, call.Weight.Outputs - panel * PanelColumns);
                Visit(call, row, end, panel, count, tall);
            }
            row = end;
        }
    }

    /// <summary>
    /// Panels that a visit takes at once, so that few rows make enough chains: two for up to 3 rows, three where a tile has 4 (4, 7, 8, 9, 13, 14, 19 rows).
    /// </summary>
    private static int Together(int rows, int panels, int columns)
    {
        if (rows <= 3) return Math.Min(2, panels);
        bool hasLowTile = rows < 4 * TileRows && rows / ((rows + TileRows - 1) / TileRows) <= LowRows;
        return hasLowTile && panels >= 3 && columns >= 3 * PanelColumns ? 3 : 1;
    }

    /// <summary>All tiles of some rows and up to three panels. Tiles are of nearly one height: 13 rows are 5, 4 and 4, not 6, 6 and 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Visit(in GemmCall call, int row, int end, int panel, int panels, bool tall)
    {
        for (; tall && end - row >= TallRows; row += TallRows) PanelByPanel(call, row, TallRows, panel, panels);
        int rest = end - row, tiles = (rest + TileRows - 1) / TileRows;
        for (; tiles > 0; tiles--)
        {
            int rows = (end - row + tiles - 1) / tiles;
            if (rows <= LowRows) Tile(call, row, rows, panel, panels);
            else PanelByPanel(call, row, rows, panel, panels);
            row += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PanelByPanel(in GemmCall call, int row, int rows, int panel, int panels)
    {
        for (int i = 0; i < panels; i++) Tile(call, row, rows, panel + i, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(in GemmCall call, int row, int rows, int panel, int panels)
    {
        int width = PanelColumns, column = panel * width, columns = panels * width;
        GemmTile tile = new()
        {
            X = call.X[row],
            XStride = call.X.Stride,
            Inputs = call.Weight.Inputs,
            Panel = call.Weight.Panels + (nint)column * call.Weight.Inputs,
            Bias = call.Bias is null ? null : call.Bias + column,
            Y = call.Y[row] + column,
            YStride = call.Y.Stride,
            Combination = call.Activation == ActivationKind.Linear ? call.Combination : Combination.None,
            Other = call.Combination == Combination.None ? null : call.Other[row] + column,
            OtherStride = call.Other.Stride,
        };
        if (call.Weight.Outputs - column >= columns) Full(call, tile, rows, panels);
        else Partial(call, tile, rows, panels, call.Weight.Outputs - column);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Full(in GemmCall call, in GemmTile tile, int rows, int panels)
    {
        GemmTiles<S, V>.Run(tile, rows, panels);
        if (call.Activation == ActivationKind.Linear) return;
        int columns = panels * PanelColumns;
        Activations<S, V>.Apply(call.Activation, tile.Y, tile.YStride, tile.Y, tile.YStride, rows, columns);
        if (call.Combination != Combination.None) Combine(call.Combination, tile, tile.Y, tile.YStride, rows, columns);
    }

    /// <summary>A panel that W does not fill: the tile stands beside y first.</summary>
    private static void Partial(in GemmCall call, GemmTile tile, int rows, int panels, int columns)
    {
        int width = panels * PanelColumns;
        float* beside = stackalloc float[TallRows * 2 * 2 * 16], bias = stackalloc float[2 * 2 * 16];
        new Span<float>(bias, width).Clear();
        if (tile.Bias is not null) new Span<float>(tile.Bias, columns).CopyTo(new(bias, columns));
        GemmTile inner = tile;
        inner.Y = beside;
        inner.YStride = width;
        inner.Bias = bias;
        inner.Combination = Combination.None;
        GemmTiles<S, V>.Run(inner, rows, panels);
        if (call.Activation != ActivationKind.Linear) Activations<S, V>.Apply(call.Activation, beside, width, beside, width, rows, width);
        for (int i = 0; i < rows; i++)
            if (call.Combination == Combination.None) new Span<float>(beside + i * width, columns).CopyTo(new(tile.Y + i * tile.YStride, columns));
        if (call.Combination != Combination.None) Combine(call.Combination, tile, beside, width, rows, columns);
    }

    /// <summary>y = other ∘ product where the product has been stored.</summary>
    private static void Combine(Combination combination, in GemmTile tile, float* product, nint stride, int rows, int columns)
    {
        for (int i = 0; i < rows; i++)
        {
            float* from = product + i * stride, other = tile.Other + i * tile.OtherStride, to = tile.Y + i * tile.YStride;
            for (int j = 0; j < columns; j++) to[j] = combination == Combination.Add ? other[j] + from[j] : other[j] * from[j];
        }
    }
}
