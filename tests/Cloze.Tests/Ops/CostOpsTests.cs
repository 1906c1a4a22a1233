using Cloze.Models;
using Cloze.Ops;
using Cloze.Tests.Models;
namespace Cloze.Tests.Ops;

/// <summary>FLOPs and memory by hand-derived formulas, and wrong shapes found without a weight.</summary>
public class CostOpsTests
{
    private static readonly BertConfig s_base = Published.Config<BertConfig>("bert-base");

    [Fact]
    public void Bert_CostsWhatItsProductsCost()
    {
        long[] lengths = [512, 384, 128, 37];
        long n = lengths.Sum(), squares = lengths.Sum(length => length * length), h = 768, i = 3072;
        CostOps cost = Read(new Bert<Shape>(s_base, ShapeFactory.Schema()), Batch([.. lengths.Select(length => (int)length)]));
        Assert.Equal(12 * (2 * n * (4 * h * h + 2 * h * i) + 4 * squares * h), cost.Flops); // 4 projections, 2 matrices; q·k and p·v
    }

    /// <summary>In the last layer all tokens are keys and values; queries, and what follows attention, are those of the rows that are read.</summary>
    [Fact]
    public void TheLastLayer_CostsWhatTheRowsCostThatAHeadReads()
    {
        const long n = 512 + 37, squares = 512 * 512 + 37 * 37, b = 2, h = 768, i = 3072;
        long layer = 2 * n * (4 * h * h + 2 * h * i) + 4 * squares * h, lastLayer = 2 * n * 2 * h * h + 2 * b * (2 * h * h + 2 * h * i) + 4 * n * h;
        TokenBatch batch = Batch([512, 37]).Batch;
        Weights<Shape> weights = ShapeFactory.Schema();
        EncoderModel<Shape> model = new BertArchitecture().Build(s_base, ModelTask.SequenceClassification, labels: 3, weights);
        CostOps cost = new();
        (Shape hidden, TokenBatch read) = model.ForHead(cost, batch);
        Assert.Equal(new Size(2, 768), hidden.Size);
        Assert.Equal(2, read.Tokens);
        Assert.Equal(11 * layer + lastLayer, cost.Flops);
    }

    /// <summary>A layer's input, attended rows, their projection, its norm, the feed-forward block's output and its norm; while it attends 5: input, the product of three, result.</summary>
    [Fact]
    public void Bert_HoldsSixHiddenStatesAtItsPeak_AndOneAfterIt()
    {
        Bert<Shape> bert = new(s_base, ShapeFactory.Schema());
        PackedTokens tokens = Batch([512]);
        CostOps cost = Read(bert, tokens);
        long state = 512L * 768 * sizeof(float);
        Assert.Equal(6 * state, cost.PeakBytes);
        Assert.Equal(state, cost.LiveBytes);

        CostOps keeping = new();
        using IScope<Shape> call = keeping.Scope("call");
        bert.Forward(keeping, tokens.Batch, new(call));
        Assert.Equal((11 + 6) * state, keeping.PeakBytes); // the last layer's input is a kept state too
        Assert.Equal(13 * state, keeping.LiveBytes);
    }

    [Fact]
    public void Longformer_CostsTheSameForEachToken_HoweverManyThereAre()
    {
        Longformer<Shape> longformer = new(Published.Config<LongformerConfig>("longformer-base"), ShapeFactory.Schema());
        double[] perToken = [.. ((int[])[1024, 2048, 4096]).Select(length => Read(longformer, Batch([length])).Flops / (double)length)];
        Assert.InRange(perToken[2] / perToken[0], 1, 1.02); // the ends of a sequence see half a window
    }

    [Fact]
    public void Lines_SumToTheWhole_OneALayer()
    {
        CostOps cost = Read(new Bert<Shape>(s_base, ShapeFactory.Schema()), Batch([16]));
        Assert.Equal(12, cost.Lines.Count(line => line.Kind == ScopeKind.Layer));
        Assert.Equal(cost.Flops, cost.Lines.Sum(line => line.Flops));
        Assert.Equal(cost.PeakBytes, cost.Lines.Max(line => line.PeakBytes));
    }

    [Fact]
    public void Shapes_AreRefused_WithoutAWeight()
    {
        Bert<Shape> bert = new(s_base, ShapeFactory.Schema());
        Assert.Contains("512", Assert.Throws<ShapeException>(() => bert.Forward(new CostOps(), Batch([513]).Batch)).Message, StringComparison.Ordinal);

        BertConfig wider = s_base with { HiddenSize = 1024, NumAttentionHeads = 16 };
        CostOps ops = new();
        TokenBatch batch = Batch([20]).Batch;
        ShapeException other = Assert.Throws<ShapeException>(() => BertHeads.Pooler(wider, ShapeFactory.Schema()).Forward(ops, bert.Forward(ops, batch), batch));
        Assert.Contains("[1024,1024]", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReleaseWhereDropoutStands_IsRefused()
    {
        CostOps ops = new();
        Shape x = ops.SelectRows(ShapeFactory.Schema().Table(5, 4, "table"), new([1, 2]));
        ops.Dropout(x, 0.1f);
        Assert.Throws<InvalidOperationException>(() => ops.Release(x));
    }

    [Fact]
    public void RelativeTable_ThatIsShorterThanASequence_IsRefused()
    {
        BertConfig relative = s_base with { PositionEmbeddingType = PositionEmbeddingType.RelativeKey, MaxPositionEmbeddings = 8 };
        Bert<Shape> bert = new(relative, ShapeFactory.Schema());
        bert.Forward(new CostOps(), Batch([8]).Batch);
        Assert.Throws<ShapeException>(() => bert.Forward(new CostOps(), Batch([9]).Batch));
    }

    private static CostOps Read(IEncoder<Shape> model, PackedTokens tokens)
    {
        CostOps cost = new();
        model.Forward(cost, tokens.Batch);
        return cost;
    }

    private static PackedTokens Batch(int[] lengths)
    {
        int width = lengths.Max();
        int[] mask = new int[lengths.Length * width];
        for (int sequence = 0; sequence < lengths.Length; sequence++) mask.AsSpan(sequence * width, lengths[sequence]).Fill(1);
        return TokenBatchBuilder.Pack(new(lengths.Length, width, new int[mask.Length]) { Mask = mask }, PositionRules.Columns, GlobalRules.None);
    }
}
