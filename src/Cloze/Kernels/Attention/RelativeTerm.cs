using System.Runtime.CompilerServices;
using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>
/// score = scale · (q·k + q·Kr[b] + k·Qr[b]) with b = row(c_i − c_j): DeBERTa's content-to-position and position-to-content, and BERT's relative keys.
/// </summary>
/// <param name="keys">Kr; null: that product is left out.</param>
/// <param name="queries">Qr; null: that product is left out.</param>
/// <param name="rows">Row of the tables for each distance of the batch.</param>
/// <param name="isScaled">False: scale · q·k + q·Kr[b] + k·Qr[b] (ALBERT).</param>
/// <remarks>
/// Nothing of the size of the scores is made. The rows that a block of keys can meet are a range where rows ascend with distance, else all of the table:
/// q·Kr over that range is a small product for each panel, k·Qr one for each six keys, and a score picks from both by its distance. Blocks far away meet
/// few rows where rows are logarithmic, so they cost little. He et al. 2021, arXiv:2006.03654, eq. 4; Huang et al. 2020, arXiv:2009.13658.
/// The terms must stay reachable until the call has ended: this struct holds addresses only.
/// </remarks>
internal unsafe struct RelativeTerm(PackedRelativeKeys? keys, PackedRelativeQueries? queries, DistanceRows rows, bool isScaled) : IPositionTerm
{
    private readonly float* _keyTable = keys == null ? null : keys.Address, _queryTable = queries == null ? null : queries.Address;
    private readonly nint _keyHead = keys?.HeadStride ?? 0, _queryHead = queries?.HeadStride ?? 0, _queryStride = queries?.RowStride ?? 0;
    private readonly int* _rows = rows.AtZero;   // of a distance, which may be negative
    private readonly bool _ascends = rows.Ascends, _isSmooth = rows.IsSmooth, _isScaled = isScaled;
    private readonly int _rowCount = rows.Count;

    // of the task
    private float* _key, _query, _keyProducts, _queryProducts;
    private int* _ownRows;
    private int _d, _span;
    private float _keyFactor, _queryFactor;
    // of the block, of the panel
    private float* _queryProductsOfRow0, _keyProductsOfRow0;
    private bool _isLinear;

    public static int QueryTile => 128;

    public readonly int ScratchFloats<S, V>(int queryTile) where S : struct, ISimd<V> where V : struct =>
        (2 * S.Count + AttentionCall.KeyBlock + 1) * Span<S, V>(queryTile) + 64;

    public void Attach<S, V>(float* scratch, int head, in AttentionCall call, float scale) where S : struct, ISimd<V> where V : struct
    {
        (_d, _span) = (call.HeadSize, Span<S, V>(call.QueryTile));
        _key = _keyTable == null ? null : _keyTable + head * _keyHead;
        _query = _queryTable == null ? null : _queryTable + head * _queryHead;
        _keyFactor = _isScaled ? 1 : 1 / call.Scale;   // queries are packed with the scale
        _queryFactor = _isScaled ? scale : scale / call.Scale;
        _keyProducts = scratch;
        _queryProducts = _keyProducts + _span * 2 * S.Count;
        _ownRows = (int*)(_queryProducts + AttentionCall.KeyBlock * _span);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void PackRow<S, V>(float* from, float* to, int d, int position, float scale) where S : struct, ISimd<V> where V : struct =>
        HeadRows.Copy<S, V>(from, to, d, scale);

    /// <summary>k·Qr of six keys at a time with the rows that they can meet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Block<S, V>(in AttentionTile tile, int keys) where S : struct, ISimd<V> where V : struct
    {
        int firstColumn = tile.QueryColumns[0], lastColumn = tile.QueryColumns[tile.QueryCount - 1];
        int first = firstColumn - tile.KeyColumns[keys - 1], last = lastColumn - tile.KeyColumns[0], base0 = Meets(first, last).From;
        _isLinear = tile.IsContiguous && _isSmooth && _rows[last] - _rows[first] == last - first;
        if (_query == null) return;
        _queryProductsOfRow0 = _queryProducts - base0;
        for (int j = 0; j < keys; j += 6)
        {
            int count = Math.Min(6, keys - j);
            (int from, int to) = Meets(firstColumn - tile.KeyColumns[j + count - 1], lastColumn - tile.KeyColumns[j]);
            for (int row = from; row <= to; row += 2 * S.Count)
            {
                PanelProduct<S, V>.Multiply(tile.Keys + j * tile.Stride, tile.Stride, 1, _query + row, _queryStride,
                    _queryProductsOfRow0 + j * _span + row, _span, count, _d, null);
            }
        }
    }

    /// <summary>q·Kr of a panel with the rows that it can meet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Panel<S, V>(in AttentionTile tile, int lane, int first, int end) where S : struct, ISimd<V> where V : struct
    {
        if (_key == null) return;
        int width = 2 * S.Count, firstColumn = tile.QueryColumns[lane], lastColumn = tile.QueryColumns[Math.Min(lane + width, tile.QueryCount) - 1];
        (int from, int to) = Meets(firstColumn - tile.KeyColumns[end - 1], lastColumn - tile.KeyColumns[first]);
        PanelProduct<S, V>.Multiply(_key + from * tile.Stride, tile.Stride, 1, tile.Queries + lane * tile.Stride, width,
            _keyProducts, width, to - from + 1, _d, null);
        _keyProductsOfRow0 = _keyProducts - (nint)from * width - lane;   // lane l of the tile and row b: [l + b·2W]
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Score<S, V>(V score, V queryColumns, float keyColumn, in AttentionTile tile, int key, int lane)
        where S : struct, ISimd<V> where V : struct
    {
        int width = 2 * S.Count;
        int* rows = _rows + (tile.QueryColumns[lane] - tile.KeyColumns[key]);
        if (!tile.IsContiguous)
        {
            for (int l = 0; l < S.Count; l++) _ownRows[l] = _rows[tile.QueryColumns[lane + l] - tile.KeyColumns[key]];
            rows = _ownRows;
        }
        if (_key != null)
        {
            V product = _isLinear ? S.Diagonal(_keyProductsOfRow0 + lane + (nint)rows[0] * width, width) : S.Diagonal(_keyProductsOfRow0 + lane, rows, width);
            score = S.MulAdd(product, S.All(_keyFactor), score);
        }
        if (_query != null)
        {
            float* products = _queryProductsOfRow0 + key * _span;
            V product = _isLinear ? S.Load(products + rows[0]) : tile.IsContiguous && _isSmooth ? S.Near(products, rows) : S.Gather(products, rows);
            score = S.MulAdd(product, S.All(_queryFactor), score);
        }
        return score;
    }

    // The first and the last row that distances from one to another can have.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly (int From, int To) Meets(int lowest, int highest) => _ascends ? (_rows[lowest], _rows[highest]) : (0, _rowCount - 1);

    // Rows that a block of keys can meet against a tile, lanes beyond its last query included, and a panel's width.
    private readonly int Span<S, V>(int queryTile) where S : struct, ISimd<V> where V : struct =>
        (_isSmooth ? Math.Min(_rowCount, queryTile + AttentionCall.KeyBlock + 2 * S.Count) : _rowCount) + 2 * S.Count;
}
