using Cloze.Checkpoints;
using Cloze.Heads;
using Cloze.Ops;
using Cloze.Pipelines;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

public class CheckpointTests
{
    [Fact]
    public void Load_NamesEveryMissingMisShapedAndUnexpectedTensorAtOnce()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        bert.Tensors.Remove("bert.encoder.layer.1.output.dense.bias");
        bert.Tensors.Remove("cls.predictions.bias");
        bert.Add("bert.encoder.layer.0.intermediate.dense.weight", TinyBert.Hidden, TinyBert.Intermediate);
        bert.Add("bert.embeddings.word_embeddings.weight", TinyBert.Vocabulary - 1, TinyBert.Hidden);
        bert.Add("bert.encoder.layer.1.output.dense.biass", TinyBert.Hidden);
        bert.Write(folder);

        string message = Assert.Throws<CheckpointException>(() => LoadedModel.Load(Path.Combine(folder.Path, "model"), ModelTask.MaskedLm)).Message;

        Assert.Contains("2 missing, 2 mis-shaped, 1 unexpected.", message, StringComparison.Ordinal);
        Assert.Contains("bert.encoder.layer.1.output.dense.bias [8] is missing.", message, StringComparison.Ordinal);
        Assert.Contains("cls.predictions.bias [11] is missing.", message, StringComparison.Ordinal);
        Assert.Contains("bert.encoder.layer.0.intermediate.dense.weight is [8,12]; [12,8] is needed.", message, StringComparison.Ordinal);
        Assert.Contains("bert.embeddings.word_embeddings.weight is [10,8]; [11,8] is needed.", message, StringComparison.Ordinal);
        Assert.Contains("bert.encoder.layer.1.output.dense.biass F32 [8] is there, but", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AllocatesNothingForATableThatOnlyTheConfigurationClaims()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder, config: TinyBert.Config().Replace("\"vocab_size\": 11", "\"vocab_size\": 16000000", StringComparison.Ordinal));
        string model = Path.Combine(folder.Path, "model");
        Assert.Throws<CheckpointException>(() => LoadedModel.Load(model));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("[11,8]; [16000000,8] is needed", Assert.Throws<CheckpointException>(() => LoadedModel.Load(model)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.module.")]
    [InlineData("model.")]
    public void Find_TakesWrappersOff(string wrapper)
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        Rename(bert, name => wrapper + name).Write(folder);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        Assert.Equal($"{wrapper}bert.embeddings.LayerNorm.bias", checkpoint.Find("bert.embeddings.LayerNorm.bias")?.Name);
        Report(checkpoint, ModelTask.MaskedLm).ThrowIfFaulty();
    }

    [Fact]
    public void Find_ReadsTheNamesOf2018AndABareEncoder()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        foreach (string head in bert.Tensors.Keys.Where(name => name.StartsWith("cls.", StringComparison.Ordinal)).ToArray()) bert.Tensors.Remove(head);
        Rename(bert, name => name["bert.".Length..]
            .Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
            .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal));
        bert.Add("embeddings.position_ids", 1, 6);
        bert.Write(folder);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        LoadReport report = Report(checkpoint, ModelTask.Base);
        report.ThrowIfFaulty();
        Assert.Empty(report.Unexpected);
        Assert.Equal("embeddings.LayerNorm.gamma", checkpoint.Find("bert.embeddings.LayerNorm.weight")?.Name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Find_ReadsATiedDecoderUnderEitherName(bool onlyDecoder)
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        bert.Tensors["cls.predictions.decoder.weight"] = bert.Tensors["bert.embeddings.word_embeddings.weight"];
        bert.Tensors["cls.predictions.decoder.bias"] = bert.Tensors["cls.predictions.bias"];
        if (onlyDecoder)
        {
            bert.Tensors.Remove("bert.embeddings.word_embeddings.weight");
            bert.Tensors.Remove("cls.predictions.bias");
        }
        bert.Write(folder);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        LoadReport report = Report(checkpoint, ModelTask.MaskedLm);
        report.ThrowIfFaulty();
        Assert.Empty(report.Unexpected);
    }

    [Fact]
    public void Dispose_LeavesTheFilesToACallThatHoldsThem()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        StoredTensor bias = checkpoint.Find("bert.embeddings.LayerNorm.bias")!;
        float[] values = bias.Read();
        IDisposable call = checkpoint.Hold();
        checkpoint.Dispose();
        if (!bias.Values.Floats.IsEmpty) Assert.Equal(values, bias.Values.Floats.ToArray());
        call.Dispose();
        Assert.Throws<ObjectDisposedException>(() => bias.Read());
        Assert.Throws<ObjectDisposedException>(() => checkpoint.Hold());
    }

    [Fact]
    public void Open_RefusesWholeNumbersAsWeights()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        folder.Write("model/config.json", TinyBert.Config());
        folder.Write("model/model.safetensors", HandmadeFiles.Safetensors(bert.Tensors.Select(tensor => tensor.Value.Shape.Length == 1
            ? (tensor.Key, "F32", tensor.Value.Shape, HandmadeFiles.Bytes(tensor.Value.Values))
            : (tensor.Key, "I8", tensor.Value.Shape, new byte[tensor.Value.Values.Length]))));
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        Assert.Contains("nothing in config.json says what they mean",
            Assert.Throws<CheckpointException>(() => Report(checkpoint, ModelTask.Base).ThrowIfFaulty()).Message, StringComparison.Ordinal);
    }

    internal static LoadReport Report(Checkpoint checkpoint, ModelTask task)
    {
        object settings = checkpoint.Architecture.Configure(checkpoint.Config, checkpoint);
        return LoadReport.Of(checkpoint, settings, task, TaskConfig.Read(checkpoint.Config, task).Labels.Count);
    }

    private static TinyBert Rename(TinyBert bert, Func<string, string> rename)
    {
        var tensors = bert.Tensors.ToArray();
        bert.Tensors.Clear();
        foreach ((string name, (int[], float[]) tensor) in tensors) bert.Tensors[rename(name)] = tensor;
        return bert;
    }
}
