using System.Text.Json;
using System.Text.Json.Nodes;
using Cloze.Checkpoints;
using Cloze.Cli.Commands;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>LoRA adapters as PEFT saves them: the recorded outputs on top of a model and merged, and those that must be refused.</summary>
public class AdapterTests
{
    private const double Tolerance = 1e-5;   // of the largest output, as for every recorded model

    /// <summary>A committed folder; else one of the whole recording, which may be absent.</summary>
    private static string Peft(string name)
    {
        string committed = Path.Combine([Shared.Repository, "tests", "Cloze.Tests", "Data", "peft", .. name.Split('/')]);
        if (Path.Exists(committed)) return committed;
        Shared.RequireOrSkip();
        return Shared.Path(["goldens", "peft", .. name.Split('/')]);
    }

    [Theory]
    [InlineData("lora-query-value")]
    [InlineData("all-linear-bias-all")]
    [InlineData("bias-lora-only")]
    [InlineData("layers")]
    [InlineData("modernbert-wqkv")]
    [InlineData("no-task-type")]
    [InlineData("patterns")]
    [InlineData("roberta-all-linear")]
    [InlineData("rslora")]
    public void Forward_GivesTheRecordedLogitsOnTopMergedAndByTheAdaptersOwnName(string name)
    {
        using TemporaryFolder folder = new();
        string adapter = Peft(name), model = BaseOf(adapter), inputs = Path.Combine(adapter, "reference.safetensors"), merged = Path.Combine(folder.Path, "merged");
        Conversion.Convert(model, merged, new() { Adapter = adapter }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal("", Difference("output.logits_base", model, adapter: null));
        Assert.Equal("", Difference("output.logits", model, adapter));
        Assert.Equal("", Difference("output.logits_merged", merged, adapter: null));
        Assert.Equal("", Difference("output.logits", adapter, adapter: null));

        string Difference(string output, string from, string? adapter)
        {
            string result = Path.Combine(folder.Path, "result.safetensors");
            ForwardCommand.Run(from, task: null, keepsStates: false, inputs, result, threads: 1, adapter: adapter);
            using Safetensors expected = Safetensors.Open(inputs), found = Safetensors.Open(result);
            float[] a = expected[output].ReadFloats(), b = found["output.logits"].ReadFloats();
            Assert.Equal(a.Length, b.Length);
            double most = a.Max(MathF.Abs), worst = a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max() / most;
            return worst <= Tolerance ? "" : $"{output}: {worst:E1} of the largest";
        }
    }

    [Theory]
    [InlineData("ia3", "peft_type is \"IA3\"")]
    [InlineData("missing-tensor", "lora_B")]
    [InlineData("unknown-module", "is no module of the base model")]
    public void Open_SaysWhatIsWrongWithAnAdapter(string name, string what)
    {
        string adapter = Peft($"refused/{name}");
        Assert.Contains(what, Assert.Throws<CheckpointException>(() => Checkpoint.Open(Peft("base/bert"), adapter: adapter)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_RefusesEveryRecordedAdapterThatMustBe()
    {
        Shared.RequireOrSkip();
        List<string> wrong = [];
        int count = 0;
        foreach (string line in File.ReadLines(Peft("refused.jsonl")).Append("""{"adapter":"dora","refuse":"use_dora"}"""))
        {
            count++;
            using JsonDocument entry = JsonDocument.Parse(line);
            string name = entry.RootElement.GetProperty("adapter").GetString()!;
            try
            {
                Checkpoint.Open(BaseOf(Peft(name)), adapter: Peft(name)).Dispose();
                wrong.Add($"{name}: was loaded");
            }
            catch (CheckpointException e) when (!e.Message.Contains('\n', StringComparison.Ordinal))
            {
                Assert.NotEmpty(e.Message);
            }
        }
        Assert.Equal(7, count);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("classifier.bias", "classifier.bias is missing", "(modules_to_save)")]
    [InlineData("classifier.weight", "classifier.weight is missing", "(modules_to_save)")]
    [InlineData("self.query.base_layer.bias", "bert.encoder.layer.0.attention.self.query.bias is missing", "(bias)")]
    [InlineData("embeddings.LayerNorm.bias", "bert.embeddings.LayerNorm.bias is missing", "(bias)")]
    public void Open_RefusesAnAdapterThatLacksWhatItSaysItStores(string dropped, string what, string field)
    {
        using TemporaryFolder folder = new();
        string message = Refusal(Changed(folder, "all-linear-bias-all", _ => { },
            name => !name.Replace(".modules_to_save", "", StringComparison.Ordinal).EndsWith(dropped, StringComparison.Ordinal)));
        Assert.Contains(what, message, StringComparison.Ordinal);
        Assert.Contains(field, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Open_RefusesAnAdapterWithoutTheBiasesOfItsLayers()
    {
        using TemporaryFolder folder = new();
        string adapter = Changed(folder, "all-linear-bias-all", config => config["bias"] = "lora_only",
            name => !name.EndsWith("base_layer.bias", StringComparison.Ordinal));
        Assert.Contains(".bias is missing", Refusal(adapter), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@".*\.(?P<name>query|key|value|dense)")]
    [InlineData(@"(?!.*classifier).*\.(query|key|value|dense)\Z")]
    [InlineData(@".*[.[](query|key|value|dense)x{,3}")]
    public void Open_ReadsTargetModulesAsPythonDoes(string expression)
    {
        using TemporaryFolder folder = new();
        string adapter = Changed(folder, "all-linear-bias-all", config => config["target_modules"] = expression, _ => true);
        Checkpoint.Open(Peft("base/bert"), adapter: adapter).Dispose();
    }

    [Theory]
    [InlineData("(([a-z0-9]+\\.?)+)+X", "takes too long to match")]
    [InlineData(".*+query", "cannot be matched")]
    [InlineData("(query", "cannot be matched")]
    public void Open_ShowsAnExpressionThatCannotBeMatchedAsItStands(string expression, string why)
    {
        using TemporaryFolder folder = new();
        string message = Refusal(Changed(folder, "all-linear-bias-all", config => config["target_modules"] = expression, _ => true));
        Assert.Contains($"target_modules holds {expression}, which {why}", message, StringComparison.Ordinal);
        Assert.Contains("list the modules by their names instead", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_RefusesAnExpressionWithoutEnd()
    {
        using TemporaryFolder folder = new();
        string adapter = Changed(folder, "all-linear-bias-all", config => config["target_modules"] = new string('(', 10_001), _ => true);
        Assert.Contains("has 10001 letters; at most 10000 are read", Refusal(adapter), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1e39")]
    [InlineData("-1e300")]
    public void Open_RefusesAnAlphaThatIsNotFiniteInFloat32(string alpha)
    {
        using TemporaryFolder folder = new();
        Assert.Contains("lora_alpha", Refusal(Changed(folder, "patterns", config => config["lora_alpha"] = JsonNode.Parse(alpha), _ => true)), StringComparison.Ordinal);
        string pattern = Changed(folder, "patterns", config => config["alpha_pattern"] = new JsonObject { ["query"] = JsonNode.Parse(alpha) }, _ => true);
        Assert.Contains("query", Refusal(pattern), StringComparison.Ordinal);
    }

    private static string Refusal(string adapter) => Assert.Throws<CheckpointException>(() => Checkpoint.Open(Peft("base/bert"), adapter: adapter)).Message;

    /// <summary>A recorded adapter with other settings, or without some of its tensors.</summary>
    private static string Changed(TemporaryFolder folder, string name, Action<JsonObject> change, Func<string, bool> keep)
    {
        string changed = Directory.CreateDirectory(Path.Combine(folder.Path, Path.GetRandomFileName())).FullName;
        JsonObject config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(Peft(name), "adapter_config.json")))!.AsObject();
        change(config);
        File.WriteAllText(Path.Combine(changed, "adapter_config.json"), config.ToJsonString());
        using Safetensors stored = Safetensors.Open(Path.Combine(Peft(name), "adapter_model.safetensors"));
        SafetensorsWriter.Write(Path.Combine(changed, "adapter_model.safetensors"),
            stored.Tensors.Values.Where(tensor => keep(tensor.Name)).Select(tensor => NewTensor.Of(tensor.Name, tensor.Shape, tensor.ReadFloats())));
        return changed;
    }

    private static string BaseOf(string adapter)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(adapter, "adapter_config.json")));
        return Peft(config.RootElement.GetProperty("base_model_name_or_path").GetString()!);
    }
}
