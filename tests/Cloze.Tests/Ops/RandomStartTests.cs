using Cloze.Checkpoints;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Tests.Models;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Ops;

/// <summary>A random start follows the reference's rules, and depends on seed and names only.</summary>
public class RandomStartTests
{
    private const string Sizes = """ "vocab_size":500,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":128 """;

    [Fact]
    public void Bert_StartsNormal_WithZeroBiases_UnitScales_AndAZeroPaddingRow()
    {
        Func<TensorRequest, float[]> start = Start($$"""{"model_type":"bert",{{Sizes}},"initializer_range":0.05,"pad_token_id":3}""");
        float[] words = start(new("bert.embeddings.word_embeddings.weight", WeightRole.Table, [500, 64], Padding: 3));
        Assert.All(words[(3 * 64)..(4 * 64)], value => Assert.Equal(0, value));
        ExpectNormal(0.05, words);
        ExpectNormal(0.05, start(new("bert.encoder.layer.0.intermediate.dense.weight", WeightRole.Matrix, [128, 64], null)));
        Assert.All(start(new("bert.encoder.layer.0.intermediate.dense.bias", WeightRole.Bias, [128], null)), value => Assert.Equal(0, value));
        Assert.All(start(new("bert.embeddings.LayerNorm.weight", WeightRole.Scale, [64], null)), value => Assert.Equal(1, value));
    }

    /// <summary>torch.nn.Embedding: padding_idx below 0 counts from the end, and must be a row.</summary>
    [Theory]
    [InlineData(-1, 9)]
    [InlineData(-10, 0)]
    [InlineData(9, 9)]
    [InlineData(-11, null)]
    [InlineData(10, null)]
    public void APaddingRow_CountsFromTheEnd_WhereItIsNegative(int padding, int? row)
    {
        Weights<ReferenceTensor> weights = new(new RandomStart(5), new ReferenceReading().Factory);
        float[] words = weights.Table(10, 4, "words", padding).ToArray();
        Assert.Equal(row is null ? [] : [row.Value], Enumerable.Range(0, 10).Where(i => words.AsSpan(i * 4, 4).ContainsAnyExcept(0f) is false));
        Assert.Equal(row is null ? [$"words has 10 rows, and none for padding, which would be row {padding} (pad_token_id in config.json)."] : [], weights.Faults);
    }

    [Fact]
    public void ModernBert_StartsCutOff_NarrowerTowardsTheResidual()
    {
        Func<TensorRequest, float[]> start = Start($$"""{"model_type":"modernbert",{{Sizes}}}""");
        float[] reads = start(new("model.layers.0.attn.Wqkv.weight", WeightRole.Matrix, [192, 64], null));
        float[] writes = start(new("model.layers.0.attn.Wo.weight", WeightRole.Matrix, [64, 64], null));
        const double ofCutNormal = 0.8796; // the deviation of a normal cut at ± 2
        ExpectNormal(0.02 * ofCutNormal, reads);
        ExpectNormal(0.02 / 2 * ofCutNormal, writes);                                                              // √(2 · 2 layers)
        ExpectNormal(1 / 8.0 * ofCutNormal, start(new("classifier.weight", WeightRole.Matrix, [100, 64], null)));
        Assert.All(reads, value => Assert.InRange(value, -0.04f, 0.04f));
        Assert.DoesNotContain(0f, start(new("model.embeddings.tok_embeddings.weight", WeightRole.Table, [8, 64], Padding: 3)));
    }

    [Fact]
    public void DistilBert_StartsWithSinusoids_WhereItIsAsked()
    {
        string sizes = """ "vocab_size":50,"dim":6,"n_layers":1,"n_heads":2,"hidden_dim":8,"max_position_embeddings":4 """;
        float[] positions = Start($$"""{"model_type":"distilbert",{{sizes}},"sinusoidal_pos_embds":true}""")(new("distilbert.embeddings.position_embeddings.weight", WeightRole.Table, [4, 6], null));
        Assert.Equal([0, 1, 0, 1, 0, 1], positions[..6]);
        Assert.Equal((float)Math.Sin(3 / Math.Pow(10000, 2.0 / 6)), positions[3 * 6 + 2]);
    }

    [Fact]
    public void DebertaV2_StartsItsConvolutionAsTorchDoes()
    {
        Func<TensorRequest, float[]> start = Start($$"""{"model_type":"deberta-v2",{{Sizes}},"conv_kernel_size":3}""");
        float bound = 1 / MathF.Sqrt(64 * 3);
        foreach (TensorRequest request in (TensorRequest[])[new("deberta.encoder.conv.conv.weight", WeightRole.Kernel, [64, 64, 3], null), new("deberta.encoder.conv.conv.bias", WeightRole.Bias, [64], null)])
        {
            float[] values = start(request);
            Assert.All(values, value => Assert.InRange(value, -bound, bound));
            Assert.True(values.Max() > 0.9f * bound && values.Min() < -0.9f * bound);
        }
    }

    [Fact]
    public void Draws_DependOnSeedAndName_NotOnTheOrderOfAsking()
    {
        TensorRequest a = new("a.weight", WeightRole.Matrix, [4, 4], null), b = new("b.weight", WeightRole.Matrix, [4, 4], null);
        RandomStart one = new(7, request => InitialValues.Of(request, 1)), same = new(7, request => InitialValues.Of(request, 1)), other = new(8, request => InitialValues.Of(request, 1));
        float[] first = one.Find(a).Read();
        same.Find(b).Read();
        Assert.Equal(first, same.Find(a).Read());
        Assert.NotEqual(first, one.Find(b).Read());
        Assert.NotEqual(first, other.Find(a).Read());
    }

    private static Func<TensorRequest, float[]> Start(string json)
    {
        ConfigFields fields = ConfigFields.Parse(System.Text.Encoding.UTF8.GetBytes(json), "config.json");
        IArchitecture architecture = ModelRegistry.Find(fields);
        object config = architecture.Configure(fields, file: null);
        RandomStart start = new(seed: 5, request => architecture.Initial(config, request));
        return request => start.Find(request).Read();
    }

    /// <summary>Mean and deviation within four standard errors.</summary>
    private static void ExpectNormal(double deviation, float[] values)
    {
        double mean = values.Average(value => (double)value), squares = values.Average(value => (double)value * value);
        Assert.InRange(mean, -4 * deviation / Math.Sqrt(values.Length), 4 * deviation / Math.Sqrt(values.Length));
        Assert.InRange(Math.Sqrt(squares) / deviation, 1 - 4 / Math.Sqrt(2.0 * values.Length), 1 + 4 / Math.Sqrt(2.0 * values.Length));
    }
}
