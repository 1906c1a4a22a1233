using Cloze.Checkpoints;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Tests.Models;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Ops;

/// <summary>Weights by their stored names: stacks, orders, holes, sharing, and all faults of a file at once.</summary>
public class WeightsTests
{
    [Fact]
    public void Load_NamesEveryMissingMisshapedAndMisusedTensor()
    {
        using Checkpoint file = Checkpoint.Open(GoldenCases.Folder("bert", "base"));
        BertConfig config = (BertConfig)file.Architecture.Configure(file.Config, file);
        Weights<Shape> weights = new(file, new ShapeFactory());
        _ = new Bert<Shape>(config with { IntermediateSize = config.IntermediateSize + 1, NumHiddenLayers = 3, PositionEmbeddingType = PositionEmbeddingType.RelativeKey }, weights.Under("bert"));
        weights.Under("bert").Table(config.HiddenSize, config.HiddenSize, "encoder.layer.0.attention.output.dense.weight");

        Assert.Equal(16 + 3, weights.Faults.Count(fault => fault.EndsWith("is missing.", StringComparison.Ordinal)));     // a layer; three tables of distances
        Assert.Equal(2 * 3, weights.Faults.Count(fault => fault.Contains("is needed as", StringComparison.Ordinal)));      // both matrices and the inner bias of two layers
        Assert.Single(weights.Faults, fault => fault.Contains("as Matrix and as Table", StringComparison.Ordinal));
        CheckpointException refusal = Assert.Throws<CheckpointException>(() => weights.ThrowIfFaulty("model.safetensors"));
        Assert.StartsWith("model.safetensors: 26 tensors do not fit.", refusal.Message, StringComparison.Ordinal);
        foreach (string fault in weights.Faults) Assert.Contains(fault, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATensorThatIsMissing_IsRefusedWhenItsValuesAreRead() =>
        Assert.Contains("x [2,2] is missing", Assert.Throws<CheckpointException>(() => Numbers().Matrix(2, 2, "x")).Message, StringComparison.Ordinal);

    [Fact]
    public void AWeightThatCannotBeAddressed_IsAFault_AndNothingIsAllocated()
    {
        Weights<Shape> weights = ShapeFactory.Schema();
        weights.Matrix(1 << 16, 1 << 16, "huge");
        Assert.Contains("[65536,65536] has more than 2147483647 elements", Assert.Single(weights.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void ANameInTwoGroupings_HasTheSameValuesInBoth_AndOneObjectInEach()
    {
        Weights<ReferenceTensor> weights = Numbers();
        ReferenceTensor alone = weights.Matrix(2, 2, "b"), stack = weights.Matrix(2, 2, "a", "b");
        Assert.Equal([1, 2, 3, 4, 10, 20, 30, 40], stack.ToArray());
        Assert.Equal([10, 20, 30, 40], alone.ToArray());
        Assert.Same(alone, weights.Matrix(2, 2, "b"));
        Assert.Equal(["b", "a"], weights.Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void ABiasWithAHole_IsZeroThere() => Assert.Equal([5, 6, 0, 0, 7, 8], Numbers().Bias(2, "bias1", null, "bias2").ToArray());

    /// <summary>[heads][parts][rows] is read as [parts][heads][rows]: two heads of one row, queries, keys and values.</summary>
    [Fact]
    public void ARowOrder_RegroupsRows() =>
        Assert.Equal([0, 3, 1, 4, 2, 5], Numbers().Matrix(6, 1, new RowOrder(Heads: 2, Parts: 3), "rows").ToArray());

    [Fact]
    public void Outputs_AreAViewOfRowsAndOfTheirBias()
    {
        Weights<ReferenceTensor> weights = Numbers();
        LinearWeights<ReferenceTensor> second = weights.Outputs(new(weights.Matrix(2, 2, "a"), weights.Bias(2, "bias1")), 1, 1);
        Assert.Equal([3, 4], second.Weight.ToArray());
        Assert.Equal([6], second.Bias!.ToArray());
    }

    [Fact]
    public void APrefix_StandsBeforeEveryName()
    {
        Weights<Shape> weights = ShapeFactory.Schema();
        weights.Under("bert").Under("layer").Scale(3, "norm.weight");
        Assert.Equal("bert.layer.norm.weight", Assert.Single(weights.Asked).Key);
    }

    private static Weights<ReferenceTensor> Numbers() => new(new Source(new()
    {
        ["a"] = ([2, 2], [1, 2, 3, 4]),
        ["b"] = ([2, 2], [10, 20, 30, 40]),
        ["bias1"] = ([2], [5, 6]),
        ["bias2"] = ([2], [7, 8]),
        ["rows"] = ([6, 1], [0, 1, 2, 3, 4, 5]),
    }), new ReferenceWeights());

    private sealed class Source(Dictionary<string, (int[] Shape, float[] Values)> tensors) : ITensorSource
    {
        public StoredTensor? Find(TensorRequest request) =>
            tensors.TryGetValue(request.Name, out (int[] Shape, float[] Values) found) ? new(request.Name, [.. found.Shape], () => found.Values) : null;
    }
}
