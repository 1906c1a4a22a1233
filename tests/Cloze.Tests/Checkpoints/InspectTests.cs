using System.Text.Json;
using System.Text.RegularExpressions;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary><c>cloze inspect</c> and <c>cloze convert</c> as a script calls them.</summary>
public class InspectTests
{
    private static readonly string s_cloze = Path.Combine(AppContext.BaseDirectory, "..", "..", "Cloze.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name,
        "cloze" + (OperatingSystem.IsWindows() ? ".exe" : ""));

    [Fact]
    public async Task Inspect_ShowsFaultsAsProblemsAndRefusesThemForAClass()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        bert.Tensors.Remove("cls.predictions.bias");
        bert.Add("bert.embeddings.position_embeddings.weight", 5, TinyBert.Hidden);
        bert.Add("extra", 3);
        bert.Write(folder, config: TinyBert.Config(",\"nobody_reads_this\":1"));
        string model = Path.Combine(folder.Path, "model");

        using JsonDocument shown = await Shown("inspect", model, "--tensors");
        JsonElement root = shown.RootElement;
        Assert.Equal("bert", root.GetProperty("architecture").GetString());
        Assert.Equal(
            ["missing cls.predictions.bias", "misshaped bert.embeddings.position_embeddings.weight", "unexpected extra", "unread-key nobody_reads_this"],
            Problems(root).Where(problem => !problem.StartsWith("tokenizer", StringComparison.Ordinal)));
        Assert.Equal(bert.Tensors.Count, root.GetProperty("tensors").GetArrayLength());

        Command.Result refused = await Run("inspect", model, "--as", "BertForMaskedLM", "--tensors");
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("cls.predictions.bias [11] is missing", refused.Error, StringComparison.Ordinal);
        Command.Result unknown = await Run("inspect", model, "--as", "BertForEverything");
        Assert.Equal((1, ""), (unknown.ExitCode, unknown.Output));
    }

    [Fact]
    public async Task Inspect_WithoutAClassInTheConfig_ShowsWhatTheTensorsAreOf()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        string model = Path.Combine(folder.Path, "model"), config = Path.Combine(model, "config.json");
        File.WriteAllText(config, Regex.Replace(File.ReadAllText(config), "\"architectures\":\\[[^]]*\\],?", ""));
        using JsonDocument shown = await Shown("inspect", model);
        Assert.Equal("BertForMaskedLM", shown.RootElement.GetProperty("class").GetString());
        Assert.DoesNotContain(Problems(shown.RootElement), problem => problem.StartsWith("unexpected", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Inspect_CountsParametersByPartAndCost()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        using JsonDocument shown = await Shown("inspect", Path.Combine(folder.Path, "model"), "--tokens", "4", "--batch", "3", "--json");
        JsonElement parameters = shown.RootElement.GetProperty("parameters"), cost = shown.RootElement.GetProperty("cost");
        int h = TinyBert.Hidden, i = TinyBert.Intermediate, embeddings = (11 + 6 + 2) * h + 2 * h,
            layer = 4 * (h * h + h) + (i * h + i) + (h * i + h) + 4 * h, head = h * h + h + 2 * h + 11;
        Assert.Equal(embeddings, parameters.GetProperty("parts").GetProperty("embeddings").GetInt32());
        Assert.Equal(2 * layer, parameters.GetProperty("parts").GetProperty("encoder").GetInt32());
        Assert.Equal(head, parameters.GetProperty("parts").GetProperty("cls").GetInt32());
        Assert.Equal(embeddings + 2 * layer + head, parameters.GetProperty("total").GetInt32());
        int tokens = 12, pairs = 3 * 4 * 4;
        Assert.Equal(2 * 2 * (tokens * (4 * h * h + 2 * h * i) + 2 * pairs * h), cost.GetProperty("flops").GetInt32());

        Command.Result many = await Run("inspect", Path.Combine(folder.Path, "model"), "--tokens", "7");
        Assert.Equal(1, many.ExitCode);
        Assert.Contains("7 tokens are too many", many.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_ReadsASingleFileWithoutAConfigurationAndRefusesABrokenOne()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("x.safetensors", HandmadeFiles.Safetensors([("a", "BF16", [2], [0x80, 0x3F, 0xC1, 0x7F])]));
        using JsonDocument shown = await Shown("inspect", file, "--tensors");
        JsonElement tensor = Assert.Single(shown.RootElement.GetProperty("tensors").EnumerateArray());
        // 1, then a NaN, which counts as 0x7FC00000
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([0, 0, 0x80, 0x3F, 0, 0, 0xC0, 0x7F])),
            tensor.GetProperty("sha256").GetString());
        Assert.Equal("BF16", tensor.GetProperty("dtype").GetString());

        foreach (string path in (string[])[folder.Write("y.safetensors", File.ReadAllBytes(file)[..^1]), Path.Combine(folder.Path, "none")])
        {
            Command.Result refused = await Run("inspect", path, "--tensors", "--json");
            Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
            Assert.Contains(path, refused.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", refused.Error, StringComparison.Ordinal);
        }
        Assert.Equal(2, (await Run("inspect", file, "--as", "BertModel")).ExitCode);
    }

    [Fact]
    public async Task Inspect_SaysWhatAFolderLacks()
    {
        using TemporaryFolder folder = new();
        using JsonDocument shown = await Shown("inspect", folder.Path);
        Assert.Equal(["missing-file config.json", "missing-file model.safetensors", $"tokenizer {folder.Path}"],
            Problems(shown.RootElement));
    }

    [Fact]
    public async Task Inspect_NoticesAVocabularyThatDoesNotFitTheModel()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        folder.Write("model/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\n");
        using JsonDocument shown = await Shown("inspect", Path.Combine(folder.Path, "model"));
        JsonElement problem = Assert.Single(shown.RootElement.GetProperty("problems").EnumerateArray());
        Assert.Equal(("vocabulary", "g"), (problem.GetProperty("kind").GetString(), problem.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Convert_SaysWhatItWroteAndRefusesAnExistingFolder()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        string model = Path.Combine(folder.Path, "model"), output = Path.Combine(folder.Path, "output");
        using JsonDocument written = await Shown("convert", "--model", model, "--output", output, "--weights", "int8");
        Assert.Equal(new FileInfo(Path.Combine(output, "model.safetensors")).Length, written.RootElement.GetProperty("bytes").GetInt64());
        Command.Result again = await Run("convert", "--model", model, "--output", output, "--weights", "f32");
        Assert.Equal((1, ""), (again.ExitCode, again.Output));
        Assert.Contains("exists; --force replaces it", again.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await Run("convert", "--model", model, "--output", output, "--weights", "int4")).ExitCode);
        Assert.Equal(2, (await Run("convert", "--model", model)).ExitCode);
    }

    /// <summary>Kind and name of each.</summary>
    private static IEnumerable<string> Problems(JsonElement shown) => shown.GetProperty("problems").EnumerateArray()
        .Select(problem => $"{problem.GetProperty("kind").GetString()} {problem.GetProperty("name").GetString()}");

    private static Task<Command.Result> Run(params string[] arguments) => Command.RunAsync(s_cloze, arguments);

    private static async Task<JsonDocument> Shown(params string[] arguments)
    {
        Command.Result result = await Run(arguments);
        Assert.True(result.ExitCode == 0, result.ToString());
        return JsonDocument.Parse(result.Output);
    }
}
