using Cloze.Checkpoints;
using Cloze.Tests.Cli;
using Cloze.Tests.Hub;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>Every command that computes takes an adapter on top of a model, or an adapter alone, and gives the numbers of the merged folder.</summary>
public class AdapterCommandTests
{
    private const string Vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\n";

    [Fact]
    public async Task EveryCommand_GivesTheNumbersOfTheMergedFolder()
    {
        using TemporaryFolder folder = new();
        string model = WriteModel(folder), adapter = WriteAdapter(folder, "model"), merged = Path.Combine(folder.Path, "merged");
        (await ClozeProcess.RunAsync("convert", "--model", model, "--adapter", adapter, "--output", merged)).Succeeded();
        string pairs = folder.Write("pairs.tsv", "sentence1\tsentence2\na b\tc d\na\tf\n"), text = folder.Write("text.txt", "a b\n\nc d\n\ne f\n");
        string[][] commands =
        [
            ["embed", "a b c"],
            ["similarity", "--input", pairs, "--pairs"],
            ["search", "a b", text, "--json"],
            ["fill-mask", "a [MASK] c", "--top", "11"],
        ];
        foreach (string[] command in commands)
        {
            string expected = await OutputAsync(command, "--model", merged);
            Assert.NotEqual(expected, await OutputAsync(command, "--model", model));
            Assert.Equal(expected, await OutputAsync(command, "--model", model, "--adapter", adapter));
            Assert.Equal(expected, await OutputAsync(command, "--model", adapter));
            if (command[0] != "fill-mask") Assert.Equal(expected, await OutputAsync(command, "--adapter", adapter)); // on top of the base model that it names
        }
        string listed = await OutputAsync(["inspect"], merged, "--as", "BertForMaskedLM", "--tensors", "--json");
        Assert.Equal(Tensors(listed), Tensors(await OutputAsync(["inspect"], model, "--adapter", adapter, "--as", "BertForMaskedLM", "--tensors", "--json")));
        Assert.Equal(Tensors(listed), Tensors(await OutputAsync(["inspect"], adapter, "--as", "BertForMaskedLM", "--tensors", "--json")));
        (await ClozeProcess.RunAsync("inspect", model, "--adapter", adapter, "--tensors")).Refused(2, "--tensors needs --as CLASS");

        static string Tensors(string json) => json[json.IndexOf("\"tensors\"", StringComparison.Ordinal)..];
    }

    [Fact]
    public async Task AnAdapterWhoseBaseModelIsNotThere_IsRefusedButAnotherBaseMayBeGiven()
    {
        using TemporaryFolder folder = new();
        string model = WriteModel(folder), adapter = WriteAdapter(folder, "base/nothing");
        (await ClozeProcess.RunAsync("embed", "a", "--model", adapter)).Refused(1, "its base model base/nothing is no folder here", "--model BASE --adapter");
        (await ClozeProcess.RunAsync("embed", "a", "--adapter", adapter)).Refused(1, "its base model base/nothing is no folder here", "--model BASE --adapter");
        (await ClozeProcess.RunAsync("convert", "--model", adapter, "--output", Path.Combine(folder.Path, "out"))).Refused(1, "its base model base/nothing is no folder here");
        Assert.Contains("the base model base/nothing is not there; give its folder: --model BASE --adapter",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(adapter)).Message, StringComparison.Ordinal);
        (await ClozeProcess.RunAsync("embed", "a", "--model", model, "--adapter", adapter)).Succeeded();
        Assert.Equal("missing-file", (await ClozeProcess.RunAsync("inspect", adapter, "--json")).Succeeded().Json[0].GetProperty("problems")[0].GetProperty("kind").GetString());

        string nameless = WriteAdapter(folder, "");
        Assert.Contains("names no base model", Assert.Throws<CheckpointException>(() => Checkpoint.Open(nameless)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheBaseModel_MayBeOneOfAHub()
    {
        using TemporaryFolder folder = new();
        using HubFixture at = new();
        string model = WriteModel(folder), adapter = WriteAdapter(folder, FakeHub.Repository);
        at.Hub.Files.Clear();
        foreach (string name in HubFixture.Names(model)) at.Hub.Files[name] = File.ReadAllBytes(Path.Combine(model, name));
        string expected = await OutputAsync(["embed", "a b c"], "--model", model, "--adapter", adapter);
        (string, string)[] offline = at.Environment(("HF_HUB_OFFLINE", "1"));
        (await ClozeProcess.RunAsync(["embed", "a b c", "--model", adapter], [], null, offline)).Refused(1, "as a model of a hub: acme/tiny@main is not in the cache", "--adapter");
        Assert.Equal(expected, (await ClozeProcess.RunAsync(["embed", "a b c", "--model", adapter], [], null, at.Environment())).Succeeded().Output);
        Assert.Equal(expected, (await ClozeProcess.RunAsync(["embed", "a b c", "--adapter", adapter], [], null, offline)).Succeeded().Output);
    }

    /// <summary>As sentence-transformers saves an embedder with an adapter: modules and tokenizer beside it, the base model by its name.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnAdapterWithModulesOfItsOwn_FindsItsBaseModelAndKeepsItsModules(bool isOfHub)
    {
        using TemporaryFolder folder = new();
        using HubFixture at = new();
        string model = WriteModel(folder), adapter = WriteAdapter(folder, isOfHub ? FakeHub.Repository : "model"), merged = Path.Combine(folder.Path, "merged");
        at.Hub.Files.Clear();
        foreach (string name in HubFixture.Names(model)) at.Hub.Files[name] = File.ReadAllBytes(Path.Combine(model, name));
        string expected = await OutputAsync(["embed", "c b a"], "--model", model, "--adapter", adapter, "--pooling", "max");
        folder.Write("adapter/vocab.txt", Vocabulary);
        folder.Write("adapter/modules.json", """
            [{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]
            """);
        folder.Write("adapter/1_Pooling/config.json", $$"""{"word_embedding_dimension":{{TinyBert.Hidden}},"pooling_mode_max_tokens":true,"pooling_mode_mean_tokens":false}""");
        foreach (string given in (string[])["--model", "--adapter"])
            Assert.Equal(expected, (await ClozeProcess.RunAsync(["embed", "c b a", given, adapter], [], null, at.Environment())).Succeeded().Output);
        (await ClozeProcess.RunAsync(["convert", "--model", adapter, "--output", merged], [], null, at.Environment())).Succeeded();
        Assert.Equal(["1_Pooling", "README.md", "config.json", "model.safetensors", "modules.json", "vocab.txt"],
            Directory.EnumerateFileSystemEntries(merged).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(expected, await OutputAsync(["embed", "c b a"], "--model", merged));
        (await ClozeProcess.RunAsync(["convert", "--model", adapter, "--output", Path.Combine(adapter, "out")], [], null, at.Environment())).Refused(1, "lie in each other");
        (await ClozeProcess.RunAsync(["convert", "--model", adapter, "--output", merged + "2", "--pooling", "cls"], [], null, at.Environment())).Refused(1, "has modules.json");
    }

    /// <summary>What PEFT passes over has no effect; what it would compute otherwise, known or not yet known, is refused with a way out.</summary>
    [Theory]
    [InlineData("fan_in_fan_out", "true", null)]
    [InlineData("use_tomorrow", "null", null)]
    [InlineData("use_tomorrow", "false", null)]
    [InlineData("use_tomorrow", "true", "use_tomorrow is true")]
    [InlineData("use_dora", "true", "use_dora is true")]
    [InlineData("lora_bias", "true", "lora_bias is true")]
    [InlineData("trainable_token_indices", "[1]", "trainable_token_indices is given")]
    [InlineData("init_lora_weights", "\"pissa_niter_4\"", "init_lora_weights is \"pissa_niter_4\"")]
    public void ASettingOfAnAdapter_HasNoEffectOrIsRefused(string name, string value, string? fault)
    {
        using TemporaryFolder folder = new();
        string model = WriteModel(folder), adapter = WriteAdapter(folder, "model"), config = Path.Combine(adapter, "adapter_config.json"), before = File.ReadAllText(config);
        float[] expected = Query();
        File.WriteAllText(config, before.Replace("\"r\":2", $"\"r\":2,\"{name}\":{value}", StringComparison.Ordinal));
        if (fault is null)
        {
            Assert.Equal(expected, Query());
            return;
        }
        string message = Assert.Throws<CheckpointException>(Query).Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.EndsWith("Merge the adapter by PEFT (merge_and_unload), and give the merged model.", message, StringComparison.Ordinal);

        float[] Query()
        {
            using Checkpoint checkpoint = Checkpoint.Open(model, adapter: adapter);
            return checkpoint.Find("bert.encoder.layer.0.attention.self.query.weight")!.Read();
        }
    }

    private static async Task<string> OutputAsync(string[] command, params string[] arguments) => (await ClozeProcess.RunAsync([.. command, .. arguments])).Succeeded().Output;

    private static string WriteModel(TemporaryFolder folder)
    {
        new TinyBert().Write(folder);
        folder.Write("model/vocab.txt", Vocabulary);
        return Path.Combine(folder.Path, "model");
    }

    /// <summary>On the queries of both layers.</summary>
    private static string WriteAdapter(TemporaryFolder folder, string baseModel)
    {
        string config = folder.Write("adapter/adapter_config.json",
            $$"""{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":["query"],"base_model_name_or_path":"{{baseModel}}"}""");
        List<(string, string, int[], byte[])> tensors = [];
        for (int layer = 0; layer < TinyBert.Layers; layer++)
        {
            string name = $"base_model.model.bert.encoder.layer.{layer}.attention.self.query.lora_";
            float[] values = [.. Enumerable.Range(0, 2 * TinyBert.Hidden).Select(i => (float)Math.Sin(i + layer) * 3)];
            tensors.Add(($"{name}A.weight", "F32", [2, TinyBert.Hidden], HandmadeFiles.Bytes(values)));
            tensors.Add(($"{name}B.weight", "F32", [TinyBert.Hidden, 2], HandmadeFiles.Bytes(values)));
        }
        folder.Write("adapter/adapter_model.safetensors", HandmadeFiles.Safetensors(tensors));
        return Path.GetDirectoryName(config)!;
    }
}
