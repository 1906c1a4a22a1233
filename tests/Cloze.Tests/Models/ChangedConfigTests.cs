using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Cloze.Checkpoints;
using Cloze.Cli;
using Cloze.Cli.Commands;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Pipelines;
using Cloze.Tests.Cli;
namespace Cloze.Tests.Models;

/// <summary>Recorded folders whose config.json says less, or something else: which code <c>cloze forward</c> then follows, and what it says about it.</summary>
public sealed class ChangedConfigTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cloze-changed-");

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The outputs with <c>architectures</c> are the recorded ones (<see cref="ForwardCommandTests"/>).</summary>
    [Theory]
    [InlineData("deberta", "mlm-absolute-with-types")]
    [InlineData("deberta", "mlm-c2p-p2c-p2p")]
    [InlineData("deberta", "mlm-talking-head")]
    [InlineData("deberta-v2", "mlm-buckets-8-max-16")]
    [InlineData("deberta-v2", "mlm-conv-tanh-groups")]
    [InlineData("deberta-v2", "mlm-embedding-size")]
    [InlineData("deberta-v2", "mlm-no-share")]
    public void ADebertaWithTheReferencesHead_IsThatClasssThroughout_WithoutArchitectures(string family, string name)
    {
        string folder = GoldenCases.Folder(family, name), inputs = Path.Combine(folder, "reference.safetensors");
        Assert.Equal(Forward(folder, inputs), Forward(Changed(folder, config => config.Remove("architectures")), inputs));
        foreach (string absent in (string[])["pos_att_type", "max_relative_positions"])   // its defaults, too
        {
            Assert.Equal(Forward(Changed(folder, config => config.Remove(absent)), inputs),
                Forward(Changed(folder, config => { config.Remove(absent); config.Remove("architectures"); }), inputs));
        }
    }

    /// <summary>Expected: the mean of the cross-entropies of the written logits at every label but −100, as the reference's class.</summary>
    [Fact]
    public void ADebertaWithTheReferencesHead_CountsLabelZero_WithoutArchitectures()
    {
        string inputs = Write(("input.input_ids", [1, 3], [5, 6, 7]), ("label.labels", [1, 3], [0, -100, 9]));
        GoldenTensors got = Outputs(Changed(GoldenCases.Folder("deberta-v2", "mlm-no-share"), config => config.Remove("architectures")), inputs);
        float[] logits = got["output.logits"].Floats();
        int words = logits.Length / 3;
        double want = (((int Row, int Word)[])[(0, 0), (2, 9)]).Average(label =>
            Math.Log(logits.Skip(label.Row * words).Take(words).Sum(logit => Math.Exp(logit))) - logits[label.Row * words + label.Word]);
        Assert.Equal(want, got["output.loss"].Floats()[0], 1e-5 * want);
        Assert.DoesNotContain("output.selected_logits", got.Names);
    }

    [Theory]
    [InlineData("deberta", "mlm-not-legacy", false)]
    [InlineData("deberta-v2", "mlm-microsoft-extras", true)]
    public void ADebertaWithTheAuthorsHead_IsTheirsThroughout_WithoutArchitectures(string family, string name, bool hasDecoder)
    {
        string folder = Changed(GoldenCases.Folder(family, name), config => config.Remove("architectures"));
        GoldenTensors got = Outputs(folder, Path.Combine(folder, "reference.safetensors"));
        Assert.Contains("output.selected_logits", got.Names);
        Assert.Equal(hasDecoder, got.Has("output.emd_states.2"));
    }

    [Theory]
    [InlineData("deberta", 768, 12)]
    [InlineData("deberta-v2", 1536, 24)]
    public void ADebertaWithTheReferencesHead_HasThatClasssSizes_WithoutArchitectures(string type, int hidden, int layers)
    {
        ConfigFields config = Parse($$"""{"model_type":"{{type}}","vocab_size":9}""");
        DebertaV2Config read = (DebertaV2Config)ModelRegistry.Find(config).Configure(config, new ReferenceHead());
        Assert.Equal((false, hidden, layers, 0), (read.IsOriginal, read.HiddenSize, read.NumHiddenLayers, read.PosAttType.Count));
    }

    /// <summary>The parts are recorded ones.</summary>
    [Fact]
    public void APairWithoutRtdLambda_WeighsTheDiscriminatorTenfold()
    {
        string folder = Changed(GoldenCases.Folder("deberta-original", "rtd-es"), config => config.Remove("rtd_lambda"));
        GoldenTensors recorded = new(Path.Combine(folder, "reference.safetensors"));
        double want = recorded["output.generator_loss"].Floats()[0] + 10.0 * recorded["output.discriminator_loss"].Floats()[0];
        Assert.Equal(want, Outputs(folder, Path.Combine(folder, "reference.safetensors"))["output.loss"].Floats()[0], 1e-5 * want);

        const string Network = """{"vocab_size":60,"hidden_size":16,"num_attention_heads":2}""";
        Assert.Equal(10, ElectraPretrainingConfig.ReadPair(Parse($$"""{"generator":{{Network}},"discriminator":{{Network}}}"""))!.RtdLambda);
        Assert.Equal(50, ElectraPretrainingConfig.ReadPair(Parse($$"""{"generator":{{Network}},"discriminator":{{Network}},"rtd_lambda":50}"""))!.RtdLambda);
    }

    /// <summary>BERT: 8 matrices' and norms' weights and as many biases a layer.</summary>
    [Fact]
    public async Task Forward_SaysWhichLayersAreNotRead()
    {
        string folder = Changed(GoldenCases.Folder("bert", "base"), config => config["num_hidden_layers"] = 1);
        string inputs = Write(("input.input_ids", [1, 2], [5, 6]));
        ClozeProcess.Result result = (await ClozeProcess.RunAsync("forward", "--model", folder, "--inputs", inputs, "--outputs", Result)).Succeeded();
        Assert.Equal([$"cloze: {folder}: the weights hold encoder.layer.1.* (16 tensors), which the encoder that config.json describes does not read."],
            result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("bert", "mlm", "num_hidden_layers", 1, "bert.encoder.layer.1.* (16 tensors)")]
    [InlineData("modernbert-original", "biases", "num_hidden_layers", 1, "layers.3.* (")]
    [InlineData("deberta-v2", "mlm-conv-tanh-groups", "conv_kernel_size", 0, "deberta.encoder.conv.conv.weight (1 tensor)")]
    public void Forward_NamesWhatOfTheEncoderIsNotRead(string family, string name, string key, int value, string words)
    {
        string line = Assert.Single(Notes(Changed(GoldenCases.Folder(family, name), config => config[key] = value), task: null));
        Assert.Contains(words, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert", "pretraining")]         // heads and a pooler
    [InlineData("bert", "mlm-relative-key")]    // a table of positions
    [InlineData("longformer", "qa")]
    [InlineData("modernbert", "token")]
    [InlineData("deberta-v2", "mlm-microsoft-extras")]
    [InlineData("deberta-original", "rtd-gdes")]
    public void Forward_SaysNothingOfOtherHeads(string family, string name)
    {
        bool isPair = name == "rtd-gdes";
        Assert.Empty(Notes(GoldenCases.Folder(family, name), isPair ? null : ModelTask.Base));
    }

    [Fact]
    public void Forward_SaysWhichKeysALongformerOfTheReferenceDoesNotRead() => Assert.Equal(
        ["nobody reads attention_mode, attention_dilation, autoregressive of config.json."],
        Notes(Changed(GoldenCases.Folder("longformer", "token"), config =>
        {
            config["attention_mode"] = "n2";
            config["attention_dilation"] = new JsonArray(2, 2);
            config["autoregressive"] = true;
        }), task: null));

    [Theory]
    [InlineData("mean", 0, true)]
    [InlineData("max", 0, true)]
    [InlineData("mean", 1, false)]
    [InlineData("cls", 0, false)]
    public void Forward_SaysThatAFlexBertPoolsNoPads(string pooling, int last, bool says)
    {
        string json = File.ReadAllText(Path.Combine(GoldenCases.Folder("modernbert-original", "biases"), "config.json"));
        JsonObject config = JsonNode.Parse(json)!.AsObject();
        config["pooling_type"] = pooling;
        FlexBertArchitecture flexBert = new();
        using CpuReading cpu = new();
        foreach (ModelTask task in (ModelTask[])[ModelTask.SequenceClassification, ModelTask.MultipleChoice, ModelTask.MaskedLm])
        {
            EncoderModel<CpuTensor> model = flexBert.Build(
                flexBert.Configure(Parse(config.ToJsonString()), file: null), task, labels: 2, new Weights<CpuTensor>(new RandomStart(5), cpu.Factory));
            ForwardInputs inputs = ForwardInputs.Read(Write(("input.input_ids", [1, 3], [1, 2, 3]), ("input.attention_mask", [1, 3], [1, 1, last])));
            Assert.Equal(says && task != ModelTask.MaskedLm, ForwardNotes.LeavesPadsOut(model, inputs) is not null);
        }
    }

    [Fact]
    public void Forward_NamesTheTask_WhereLabelsAreOfTokens()
    {
        string folder = Changed(GoldenCases.Folder("modernbert", "token"), config => config.Remove("architectures"));
        string inputs = Write(("input.input_ids", [2, 3], [5, 6, 7, 8, 9, 10]), ("label.labels", [2, 3], [0, 1, 2, 3, 4, 0]));
        Assert.Contains("There are 6 labels; 2 are needed. One for each column of [2,3] is what --task token-classification reads.",
            Assert.Throws<CommandException>(() => Forward(folder, inputs)).Message, StringComparison.Ordinal);
        ForwardCommand.Run(folder, ModelTask.TokenClassification, keepsStates: false, inputs, Result, threads: 1);
    }

    [Fact]
    public void Forward_NamesTheTask_WhereLabelsAreEndsOfAnswers()
    {
        string folder = Changed(GoldenCases.Folder("modernbert", "qa"), config => config.Remove("architectures"));
        string inputs = Write(("input.input_ids", [1, 3], [5, 6, 7]), ("label.start_positions", [1], [1]), ("label.end_positions", [1], [2]));
        using LoadedModel loaded = LoadedModel.Load(folder, task: null, threads: 1);
        Assert.Equal(((string[])["label.start_positions", "label.end_positions"]).Select(name => $"{name} is not read here; --task question-answering reads it."),
            ForwardLabels.NotRead(loaded.Model, ForwardInputs.Read(inputs)));
    }

    private string Result => Path.Combine(_folder.FullName, "result.safetensors");

    private byte[] Forward(string folder, string inputs)
    {
        ForwardCommand.Run(folder, task: null, keepsStates: true, inputs, Result, threads: 1);
        return File.ReadAllBytes(Result);
    }

    private GoldenTensors Outputs(string folder, string inputs)
    {
        Forward(folder, inputs);
        return new(Result);
    }

    private static string[] Notes(string folder, ModelTask? task)
    {
        using LoadedModel loaded = LoadedModel.Load(folder, task, threads: 1);
        return [.. ForwardNotes.Of(loaded)];
    }

    /// <summary>A copy with another config.json.</summary>
    private string Changed(string folder, Action<JsonObject> change)
    {
        string copy = Directory.CreateDirectory(Path.Combine(_folder.FullName, Path.GetRandomFileName())).FullName, path = Path.Combine(copy, "config.json");
        foreach (string file in Directory.EnumerateFiles(folder)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        File.WriteAllText(path, config.ToJsonString());
        return copy;
    }

    private string Write(params (string Name, int[] Shape, int[] Values)[] tensors)
    {
        string path = Path.Combine(_folder.FullName, "inputs.safetensors");
        SafetensorsWriter.Write(path, [.. tensors.Select(tensor => new NewTensor(tensor.Name, TensorType.I64, [.. tensor.Shape],
            stream => stream.Write(MemoryMarshal.AsBytes<long>([.. tensor.Values.Select(value => (long)value)]))))]);
        return path;
    }

    private static ConfigFields Parse(string json) => ConfigFields.Parse(Encoding.UTF8.GetBytes(json), "config.json");

    private sealed class ReferenceHead : IStoredTensors
    {
        public StoredTensor? Find(string name) => name == "cls.predictions.bias" ? new(name, [9], () => new float[9]) : null;
    }
}
