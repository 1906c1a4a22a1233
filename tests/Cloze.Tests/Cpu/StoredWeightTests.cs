using Cloze.Cpu;
using Cloze.Ops;
namespace Cloze.Tests.Cpu;

/// <summary>Weights in the form in which a file stores them.</summary>
public class StoredWeightTests
{
    [Fact]
    public void Int8Weights_GiveTheBitsOfTheFloatsThatTheyStandFor()
    {
        using CpuRuntime runtime = new(threads: 2);
        float[] quantized = Run(runtime, asInt8: true), widened = Run(runtime, asInt8: false);
        Assert.True(OperationTests.SameBits(widened, quantized));
    }

    [Fact]
    public void AFloatTable_IsUsedWhereItLies()
    {
        float[] values = GC.AllocateUninitializedArray<float>(40, pinned: true);
        values.AsSpan().Fill(1);
        using CpuRuntime runtime = new(threads: 1);
        CpuTensor table = new Weights<CpuTensor>(new OneTensor(name => new(name, [10, 4], new Stored(values))), new CpuWeights(runtime)).Table(10, 4, "t");
        values[5] = 7;
        Assert.Equal(7, table.Row(1)[1]);
    }

    [Fact]
    public void RowsInAnotherOrder_AndHoles_AreReadInTheirPlaces()
    {
        float[] values = Noise.Values(4, 12 * 5);
        using CpuRuntime runtime = new(threads: 1);
        OneTensor source = new(name => name == "m" ? new(name, [12, 5], new Stored(values)) : new(name, [3], new Stored([1, 2, 3])));
        Weights<CpuTensor> weights = new(source, new CpuWeights(runtime));
        float[] found = weights.Matrix(12, 5, new RowOrder(Heads: 2, Parts: 3), "m").ToArray();   // [2 heads][3 parts][2 rows] as [3][2][2]
        for (int row = 0; row < 12; row++)
            for (int k = 0; k < 5; k++)
            {
                (int part, int head, int inner) = (row / 4, row / 2 % 2, row % 2);
                Assert.Equal(values[((head * 3 + part) * 2 + inner) * 5 + k], found[row * 5 + k]);
            }
        Assert.Equal([1, 2, 3, 0, 0, 0, 1, 2, 3], weights.Bias(3, "b", null, "b").ToArray());
    }

    private static float[] Run(CpuRuntime runtime, bool asInt8)
    {
        Weights<CpuTensor> weights = new(new OneTensor(name => Tensor(name, asInt8)), new CpuWeights(runtime));
        using CpuOps ops = new(runtime);
        CpuTensor table = weights.Table(70, 39, "table"), x = ops.Embedding(table, new([.. Enumerable.Range(0, 70)]));
        x = ops.Embedding(table, new([.. Enumerable.Repeat(3, 70)]), addTo: x);
        LinearWeights<CpuTensor> tied = new(table, null), stacked = new(weights.Matrix(70, 39, "m", "n"), null);
        x = ops.Linear(x, stacked);
        CpuTensor scores = ops.Linear(ops.Columns(x, 20, 39), tied), part = ops.Linear(ops.Columns(x, 20, 39), weights.Outputs(stacked, 17, 70));
        return ops.Add(scores, ops.Add(part, ops.Linear(ops.SelectRows(table, new([.. Enumerable.Range(0, 70)])), tied))).ToArray();
    }

    private static StoredTensor Tensor(string name, bool asInt8)
    {
        const int Rows = 70, Columns = 39;
        Random random = new(name.Length + name[0]);
        sbyte[] q = [.. Enumerable.Range(0, Rows * Columns).Select(_ => (sbyte)random.Next(-127, 128))];
        float[] scales = [.. Enumerable.Range(0, Rows).Select(_ => random.NextSingle() / 100)];
        return new(name, [Rows, Columns], asInt8 ? new Stored(q, scales, Columns) : new Stored([.. q.Select((value, i) => value * scales[i / Columns])]));
    }

    private sealed class OneTensor(Func<string, StoredTensor> make) : ITensorSource
    {
        public StoredTensor Find(TensorRequest request) => make(request.Name);
    }

    private sealed class Stored : IStoredValues
    {
        private readonly int _columns;

        public Stored(float[] floats) => Floats = floats;

        public Stored(sbyte[] values, float[] scales, int columns) => (Int8, _columns) = (new(values, scales), columns);

        public ReadOnlyMemory<float> Floats { get; }
        public Int8Rows? Int8 { get; }

        public void Read(long start, Span<float> destination)
        {
            for (int i = 0; i < destination.Length; i++)
            {
                int at = (int)start + i;
                destination[i] = Int8 is { } rows ? rows.Values.Span[at] * rows.Scales.Span[at / _columns] : Floats.Span[at];
            }
        }
    }
}
