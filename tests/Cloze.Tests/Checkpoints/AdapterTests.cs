using System.Text.Json;
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

    private static string BaseOf(string adapter)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(adapter, "adapter_config.json")));
        return Peft(config.RootElement.GetProperty("base_model_name_or_path").GetString()!);
    }
}
