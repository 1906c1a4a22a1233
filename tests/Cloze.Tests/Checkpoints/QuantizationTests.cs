using System.Text.Json;
using Cloze.Checkpoints;
using Cloze.Ops;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>int8 weights in the compressed-tensors layout.</summary>
public class QuantizationTests
{
    private const string Weights = """
        {"num_bits":8,"type":"int","symmetric":true,"strategy":"channel","group_size":null,"block_structure":null,
        "dynamic":false,"actorder":null,"observer":"minmax","observer_kwargs":{}}
        """;

    [Fact]
    public void Read_GivesEveryRecordedCaseItsVerdictAndItsValuesInLittleTimeAndMemory()
    {
        Shared.RequireOrSkip();
        List<string> wrong = [];
        string[] folders = Directory.GetDirectories(Shared.Path("goldens", "quantized"));
        foreach (string folder in folders)
        {
            if (LoadCost.Excess(folder, () => Read(folder, wrong)) is { } excess) wrong.Add($"{folder} {excess}");
        }
        Assert.Equal(10, folders.Length);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        static void Read(string folder, List<string> wrong)
        {
            using JsonDocument about = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
            bool loads = about.RootElement.GetProperty("verdict").GetString() == "loads";
            try
            {
                using Checkpoint checkpoint = Checkpoint.Open(folder);
                bool hasClass = about.RootElement.TryGetProperty("class", out JsonElement name);
                ModelTask task = hasClass ? ModelRegistry.TaskOf(name.GetString()!, checkpoint.Architecture, folder) : ModelTask.Base;
                LoadReport report = CheckpointTests.Report(checkpoint, task);
                report.ThrowIfFaulty();
                if (!loads) wrong.Add($"{folder} was loaded");
                if (report.Unexpected.Count > 0) wrong.Add($"{folder}: unexpected {string.Join(' ', report.Unexpected)}");
                int quantized = report.Read.Count(tensor => HasExpectedValues(checkpoint, tensor.Stored, wrong));
                if (loads && quantized < 12) wrong.Add($"{folder}: only {quantized} int8 weights");
            }
            catch (CheckpointException e)
            {
                if (loads) wrong.Add($"{folder} was refused: {e.Message}");
            }
        }
    }

    [Theory]
    [InlineData("\"num_bits\":8", "\"num_bits\":4", "num_bits is 4")]
    [InlineData("\"type\":\"int\"", "\"type\":\"float\"", "type is \"float\"")]
    [InlineData("\"strategy\":\"channel\"", "\"strategy\":\"group\"", "strategy is group")]
    [InlineData("\"group_size\":null", "\"group_size\":32", "group_size is set")]
    [InlineData("\"actorder\":null", "\"actorder\":\"weight\"", "actorder is set")]
    [InlineData("\"dynamic\":false", "\"dynamic\":true", "dynamic is true")]
    [InlineData("\"observer\":", "\"something_new\":1,\"observer\":", "something_new is set")]
    [InlineData("\"symmetric\":true", "\"symmetric\":false", "zero_point is missing")]
    [InlineData("\"targets\":[\"Linear\",\"Embedding\"]", "\"targets\":[\"Linear\",\"Conv1d\"]", "targets is \"Conv1d\"")]
    [InlineData("\"targets\":[\"Linear\",\"Embedding\"]", "\"targets\":[\"Linear\"]", "this is the weight of a Embedding module")]
    [InlineData("\"input_activations\":null", "\"input_activations\":{\"num_bits\":8}", "input_activations is set")]
    [InlineData("\"kv_cache_scheme\":null", "\"kv_cache_scheme\":{}", "kv_cache_scheme is set")]
    [InlineData("\"quant_method\":\"compressed-tensors\"", "\"quant_method\":\"gptq\"", "quant_method is \"gptq\"")]
    [InlineData("\"format\":\"int-quantized\",\"quantization", "\"format\":\"pack-quantized\",\"quantization", "format is \"pack-quantized\"")]
    [InlineData("\"quantization_status\":\"compressed\"", "\"quantization_status\":\"calibration\"", "quantization_status is \"calibration\"")]
    [InlineData("\"ignore\":[]", "\"ignore\":[\"re:.*word_embed\"]", "ignores the module")]
    [InlineData("\"ignore\":[]", "\"ignore\":[\"bert.embeddings.word_embeddings\"]", "ignores the module")]
    [InlineData("\"ignore\":[]", "\"ignore\":[\"re:(\"]", "cannot be matched")]
    [InlineData("\"ignore\":[]", "\"sparsity_config\":{\"format\":\"24\"}", "sparsity_config is set")]
    public void Read_RefusesByNameWhatWouldChangeTheNumbers(string from, string to, string expected)
    {
        using TemporaryFolder folder = new();
        string config = Config().Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Config(), config);
        Write(folder, config);
        CheckpointException refused = Assert.Throws<CheckpointException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
            CheckpointTests.Report(checkpoint, ModelTask.Base).ThrowIfFaulty();
        });
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RefusesAnExpressionThatTakesTooLongOnceForAllModules()
    {
        using TemporaryFolder folder = new();
        Write(folder, Config().Replace("\"ignore\":[]", """ "ignore":["re:((\\w+\\.?)+)+X"] """.Trim(), StringComparison.Ordinal));
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        string message = Assert.Throws<CheckpointException>(() => CheckpointTests.Report(checkpoint, ModelTask.Base).ThrowIfFaulty()).Message;
        Assert.Equal(1, message.Split("ignore holds ((\\w+\\.?)+)+X, which takes too long to match").Length - 1);
    }

    [Fact]
    public void Read_RefusesMoreExpressionsThanAnyConfigurationNeeds()
    {
        using TemporaryFolder folder = new();
        string many = string.Join(',', Enumerable.Range(0, 1001).Select(i => $"\"re:x{i}\""));
        Write(folder, Config().Replace("\"ignore\":[]", $"\"ignore\":[{many}]", StringComparison.Ordinal));
        string message = Assert.Throws<CheckpointException>(() =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        }).Message;
        Assert.Contains("is one of more than 1000", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SaysOnceThatTheConfigurationDoesNotTellOfInt8()
    {
        using TemporaryFolder folder = new();
        Write(folder, TinyBert.Config());
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Path.Combine(folder.Path, "model"))).Message;
        Assert.Contains("stores weights as int8 with scales (bert.embeddings.word_embeddings.weight is the first)", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Read_TakesAnIgnoredModuleAsItIsStored()
    {
        using TemporaryFolder folder = new();
        Write(folder,
            Config().Replace("\"ignore\":[]", "\"ignore\":[\"re:.*layer\\\\.1\\\\.\",\"bert.embeddings.position_embeddings\"]", StringComparison.Ordinal),
            isFloat: name => name.Contains("layer.1.", StringComparison.Ordinal) || name.Contains("position", StringComparison.Ordinal));
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        CheckpointTests.Report(checkpoint, ModelTask.MaskedLm).ThrowIfFaulty();
        Assert.Null(checkpoint.Find("bert.embeddings.position_embeddings.weight")!.Values.Int8);
        Assert.NotNull(checkpoint.Find("bert.embeddings.word_embeddings.weight")!.Values.Int8);
    }

    [Fact]
    public void Values_LieInPlaceAndGiveTheProductOfQAndScale()
    {
        using TemporaryFolder folder = new();
        Write(folder, Config());
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        StoredTensor words = checkpoint.Find("bert.embeddings.word_embeddings.weight")!;
        Int8Rows rows = words.Values.Int8!.Value;
        Assert.True(words.Values.Floats.IsEmpty);
        float[] part = new float[20];
        words.Values.Read(5, part);
        for (int i = 0; i < part.Length; i++) Assert.Equal(rows.Values.Span[5 + i] * rows.Scales.Span[(5 + i) / TinyBert.Hidden], part[i]);
        Assert.Equal(0.25f, rows.Scales.Span[3]); // row + 1, sixteenths
    }

    /// <summary>A table is int8, the decoder that is tied to it is not stored, or is stored as int8 without a scale, as the library does.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Read_GivesATiedDecoderTheValuesOfTheTable(bool isStoredAgain)
    {
        using TemporaryFolder folder = new();
        Write(folder, Config(), decoderAgain: isStoredAgain);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder.Path, "model"));
        LoadReport report = CheckpointTests.Report(checkpoint, ModelTask.MaskedLm);
        report.ThrowIfFaulty();
        Assert.DoesNotContain(report.Read, read => read.Request.Name == "cls.predictions.decoder.weight");
        Assert.Empty(report.Unexpected);
    }

    private static string Config() => TinyBert.Config("""
        ,"quantization_config":{"quant_method":"compressed-tensors","format":"int-quantized","quantization_status":"compressed",
        "global_compression_ratio":null,"kv_cache_scheme":null,"ignore":[],
        "config_groups":{"group_0":{"targets":["Linear","Embedding"],"input_activations":null,"output_activations":null,"format":"int-quantized","weights":
        """ + Weights + "}}}");

    private static void Write(TemporaryFolder folder, string config, Func<string, bool>? isFloat = null, bool decoderAgain = false)
    {
        TinyBert bert = new();
        List<(string, string, int[], byte[])> tensors = [];
        foreach ((string name, (int[] shape, float[] values)) in bert.Tensors)
        {
            if (shape.Length == 1 || isFloat?.Invoke(name) == true)
            {
                tensors.Add((name, "F32", shape, HandmadeFiles.Bytes(values)));
                continue;
            }
            tensors.Add(($"{name}_scale", "F32", [shape[0], 1], HandmadeFiles.Bytes([.. Enumerable.Range(1, shape[0]).Select(row => row / 16f)])));
            byte[] q = [.. values.Select(value => (byte)(sbyte)(value * 100))];
            tensors.Add((name, "I8", shape, q));
            if (decoderAgain && name == "bert.embeddings.word_embeddings.weight") tensors.Add(("cls.predictions.decoder.weight", "I8", shape, q));
        }
        folder.Write("model/config.json", config);
        folder.Write("model/model.safetensors", HandmadeFiles.Safetensors(tensors.OrderBy(tensor => tensor.Item2 == "I8")));
    }

    /// <summary>Whether it is int8; its values are compared with (q − zero point) · scale, computed here in double and rounded.</summary>
    private static bool HasExpectedValues(Checkpoint checkpoint, StoredTensor tensor, List<string> wrong)
    {
        IReadOnlyDictionary<string, FileTensor> files = checkpoint.Weights.Tensors;
        if (files[tensor.Name].Type != TensorType.I8) return false;
        float[] q = files[tensor.Name].ReadFloats(), scale = files[tensor.Name + "_scale"].ReadFloats(), values = tensor.Read();
        float[]? zero = files.TryGetValue(tensor.Name + "_zero_point", out FileTensor? point) ? point.ReadFloats() : null;
        int columns = (int)tensor.Dimensions[1];
        for (int i = 0; i < q.Length; i++)
        {
            int row = scale.Length == 1 ? 0 : i / columns;
            float expected = (float)(((double)q[i] - (zero?[row] ?? 0)) * scale[row]);
            if (values[i] != expected) { wrong.Add($"{tensor.Name}[{i}] is {values[i]}, not {expected}"); break; }
        }
        return true;
    }
}
