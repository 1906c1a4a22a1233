using Cloze.Ops;
namespace Cloze.Tests.Ops;

/// <summary>Pads do not exist in a batch; what stays of them is the column of each token.</summary>
public class TokenBatchTests
{
    /// <summary>Left padding in the first row, a hole in the second.</summary>
    private static readonly PaddedTokens s_padded = new(2, 4, [0, 0, 5, 6, 7, 8, 9, 0]) { Mask = [0, 0, 1, 1, 1, 0, 1, 0] };

    [Fact]
    public void Pack_KeepsColumns_PastPaddingAndHoles()
    {
        PackedTokens packed = TokenBatchBuilder.Pack(s_padded, PositionRules.Columns, GlobalRules.First);
        Assert.Equal([5, 6, 7, 9], packed.Batch.Ids.Span.ToArray());
        Assert.Equal([2, 3, 0, 2], packed.Batch.Columns.Span.ToArray());
        Assert.Equal([2, 3, 0, 2], packed.Batch.Positions.Span.ToArray());
        Assert.Equal([0, 2, 4], packed.Batch.All.Starts.ToArray());
        Assert.Equal([0, 2], packed.Batch.First.Rows.Span.ToArray());
        Assert.Equal([0, 2], packed.Batch.Global.Rows.Span.ToArray());
        Assert.Equal([0, 0, 1, 1], packed.Batch.SequenceOfRow.Span.ToArray());
        Assert.Equal((1, 2), packed.Origin(3));
    }

    [Fact]
    public void RobertasPositions_CountIdsThatAreNotThePad_WhateverTheMaskSays()
    {
        int[] positions = new int[6];
        PositionRules.AfterPad(1)([1, 0, 5, 1, 6, 1], positions);
        Assert.Equal([1, 2, 3, 1, 4, 1], positions);
    }

    /// <summary>transformers create_position_ids_from_input_ids with padding_idx −1: no id is −1, so the cumulative sum of ones − 1.</summary>
    [Fact]
    public void RobertasPositions_WithoutAPad_AreTheColumns()
    {
        int[] positions = new int[4];
        PositionRules.AfterPad(-1)([1, 0, 5, 1], positions);
        Assert.Equal([0, 1, 2, 3], positions);
    }

    [Fact]
    public void GivenPositionsTypesAndGlobals_AreTaken()
    {
        PaddedTokens padded = s_padded with { Positions = [9, 9, 1, 2, 3, 9, 4, 9], Types = [0, 0, 1, 0, 1, 0, 0, 0], Global = [1, 0, 0, 1, 0, 1, 0, 0] };
        TokenBatch batch = TokenBatchBuilder.Pack(padded, PositionRules.Columns, GlobalRules.First).Batch;
        Assert.Equal([1, 2, 3, 4], batch.Positions.Span.ToArray());
        Assert.Equal([1, 0, 1, 0], batch.Types.Span.ToArray());
        Assert.Equal([1], batch.Global.Rows.Span.ToArray()); // those on pads are dropped
    }

    [Fact]
    public void Only_IsABatchOfSomeRows_WhoseGlobalsAreFoundAmongThem()
    {
        TokenBatch batch = TokenBatchBuilder.Pack(s_padded with { Global = [0, 0, 1, 0, 1, 0, 0, 0] }, PositionRules.Columns, GlobalRules.None).Batch;
        RowSet rows = new(new([1, 2, 3]), new int[] { 0, 1, 3 });
        TokenBatch some = batch.Only(rows);
        Assert.Equal([6, 7, 9], some.Ids.Span.ToArray());
        Assert.Equal([3, 0, 2], some.Columns.Span.ToArray());
        Assert.Equal([0, 1, 3], some.All.Starts.ToArray());
        Assert.Equal([0, 1], some.First.Rows.Span.ToArray());
        Assert.Equal([0, 1, 1], some.SequenceOfRow.Span.ToArray());
        (RowSet global, Rows places) = batch.GlobalAmong(rows);
        Assert.Equal([2], global.Rows.Span.ToArray());
        Assert.Equal([0, 0, 1], global.Starts.ToArray());
        Assert.Equal([1], places.Span.ToArray());
    }

    [Fact]
    public void Pad_PutsRowsBack_WithZerosElsewhere()
    {
        PackedTokens packed = TokenBatchBuilder.Pack(s_padded, PositionRules.Columns, GlobalRules.None);
        Assert.Equal([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0], packed.Pad([1, 2, 3, 4, 5, 6, 7, 8], width: 2));
        Assert.Equal([50, 60, 70, 90], packed.Of([0, 0, 50, 60, 70, 80, 90, 0]));
    }

    [Fact]
    public void Labels_AreThoseOfTokens_AndAnswersPlacesAmongThem()
    {
        PackedTokens packed = TokenBatchBuilder.Pack(s_padded, PositionRules.Columns, GlobalRules.None);
        (RowSet rows, Labels labels) = packed.Labelled([3, -100, -100, 4, -100, 5, 6, -100]);
        Assert.Equal([1, 3], rows.Rows.Span.ToArray());
        Assert.Equal([4, 6], labels.Span.ToArray());
        Assert.Equal([1, 0], packed.PlacesOf([3, -2]).Span.ToArray());                                    // column 3 is the second token; below 0 is the first column
        Assert.Equal([Labels.Ignored, Labels.Ignored], packed.PlacesOf([0, 7]).Span.ToArray());            // a pad; beyond the end
    }

    [Fact]
    public void WhatIsNoBatch_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => TokenBatchBuilder.Pack(new(0, 4, []), PositionRules.Columns, GlobalRules.None));
        Assert.Throws<ArgumentException>(() => TokenBatchBuilder.Pack(new(1, 2, [1]), PositionRules.Columns, GlobalRules.None));
        Assert.Throws<ArgumentException>(() => TokenBatchBuilder.Pack(s_padded with { Mask = [0, 0, 0, 0, 1, 1, 1, 1] }, PositionRules.Columns, GlobalRules.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rows([0, -1]));
    }
}
