using System.Text.Json;
using Cloze.Tests.Models;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Cli;

/// <summary><c>cloze inspect</c>: folders with two networks, names of architectures, arguments that exclude each other.</summary>
public class InspectCommandTests
{
    /// <summary>Networks of 32 columns, 4 heads and 8 buckets of distance, as config.json says; of the tables that they share, one is stored.</summary>
    [Theory]
    [InlineData("rtd-es", 5, 0)]
    [InlineData("rtd-gdes", 5, 1)]
    [InlineData("rtd-gdes-saved-file", 4, 3)]
    public async Task Inspect_ShowsBothNetworksOfAPair(string name, int layers, int unread)
    {
        string folder = Golden("deberta-original", name);
        JsonElement root = await Shown(folder, "--tokens", "16", "--batch", "2", "--tensors");
        Assert.Equal(("deberta-v2", "RTDModel"), (root.GetProperty("architecture").GetString(), root.GetProperty("class").GetString()));
        JsonElement[] unexpected = [.. root.GetProperty("problems").EnumerateArray().Where(problem => problem.GetProperty("kind").GetString() == "unexpected")];
        Assert.Equal(unread, unexpected.Length);

        Dictionary<string, long> stored = root.GetProperty("tensors").EnumerateArray().ToDictionary(
            tensor => tensor.GetProperty("name").GetString()!,
            tensor => tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (n, size) => n * size.GetInt32()));
        foreach (JsonElement problem in unexpected) stored.Remove(problem.GetProperty("name").GetString()!);
        JsonElement parameters = root.GetProperty("parameters"), cost = root.GetProperty("cost");
        foreach (string network in (string[])["generator", "discriminator"])
            Assert.Equal(stored.Where(tensor => tensor.Key.StartsWith(network, StringComparison.Ordinal)).Sum(tensor => tensor.Value),
                parameters.GetProperty("parts").GetProperty(network).GetInt64());
        Assert.Equal(stored.Values.Sum(), parameters.GetProperty("total").GetInt64());
        Assert.Equal(4 * stored.Values.Sum(), cost.GetProperty("weight_bytes").GetInt64());

        // six square products a token; contents, values and both terms of distance a pair; both terms' projections of 2 · 8 distances
        const int H = 32, Tokens = 2 * 16, Pairs = 2 * 16 * 16;
        Assert.Equal(layers * 2 * ((6 * Tokens * H * H) + (4 * Pairs * H) + (2 * 16 * H * H)), cost.GetProperty("flops").GetInt64());
        Assert.True(cost.GetProperty("class_flops").GetInt64() > cost.GetProperty("flops").GetInt64());

        JsonElement asked = await Shown(folder, "--tokens", "16", "--batch", "2", "--tensors", "--as", "RTDModel");
        Assert.Equal(parameters.ToString(), asked.GetProperty("parameters").ToString());
        Assert.Equal(stored.Keys.Order(StringComparer.Ordinal),
            asked.GetProperty("tensors").EnumerateArray().Select(tensor => tensor.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal(cost.ToString(), asked.GetProperty("cost").ToString());
        (await ClozeProcess.RunAsync("inspect", folder, "--tokens", "33")).Refused(1, "33 tokens are too many");
    }

    [Fact]
    public async Task Inspect_CountsTheEmbeddingsOfAnElectraPairOnce()
    {
        using TemporaryFolder folder = new();
        folder.Write("config.json", $$"""{"model_type":"electra","generator":{{Network(hidden: 4)}},"discriminator":{{Network(hidden: 8)}}}""");
        folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\n");
        JsonElement root = await Shown(folder.Path, "--batch", "3");
        JsonElement parts = root.GetProperty("parameters").GetProperty("parts"), cost = root.GetProperty("cost");
        const int Embeddings = (11 + 6 + 2 + 2) * 4;
        Assert.Equal(Layer(4) + (4 * 4) + 4 + 8 + 11, parts.GetProperty("generator").GetInt32());
        Assert.Equal(Embeddings + (4 * 8) + 8 + Layer(8) + (8 * 8) + 8 + 9, parts.GetProperty("discriminator").GetInt32());
        int tokens = 3 * 6, pairs = 3 * 6 * 6;
        Assert.Equal(Flops(4) + Flops(8) + (2 * tokens * 4 * 8), cost.GetProperty("flops").GetInt32());
        Assert.Equal(Flops(4) + (2 * tokens * ((4 * 4) + (4 * 11))) + Flops(8) + (2 * tokens * ((4 * 8) + (8 * 8) + 8)),
            cost.GetProperty("class_flops").GetInt32());
        Assert.Equal(["missing-file", "vocabulary"], root.GetProperty("problems").EnumerateArray().Select(problem => problem.GetProperty("kind").GetString()));

        static int Layer(int h) => (4 * ((h * h) + h)) + (2 * h * 16) + 16 + h + (4 * h);

        int Flops(int h) => 2 * ((tokens * ((4 * h * h) + (2 * h * 16))) + (2 * pairs * h));
    }

    [Fact]
    public async Task Inspect_CallsMosaicBertByItsName()
    {
        Assert.Equal("mosaic-bert", (await Shown("--shape", "mosaic-bert-base")).GetProperty("architecture").GetString());
        Assert.Equal("bert", (await Shown("--shape", "bert-base")).GetProperty("architecture").GetString());
        JsonElement root = await Shown(Golden("mosaicbert", "base-heads4"));
        Assert.Equal(("mosaic-bert", "BertModel"), (root.GetProperty("architecture").GetString(), root.GetProperty("class").GetString()));
    }

    [Fact]
    public async Task Inspect_TakesAFolderOrAShape()
    {
        string folder = Golden("mosaicbert", "base-heads4");
        (await ClozeProcess.RunAsync("inspect", folder, "--shape", "bert-base")).Refused(2, "--shape stands in for a folder", "exclude each other");
        (await ClozeProcess.RunAsync("inspect", "--tensors", "--shape", "bert-base")).Refused(2, "--shape has no values: --tensors needs a folder");
    }

    private static async Task<JsonElement> Shown(params string[] arguments) =>
        Assert.Single((await ClozeProcess.RunAsync(["inspect", "--json", .. arguments])).Succeeded().Json);

    private static string Golden(string family, string name) => Path.Combine(GoldenCases.Committed, family, name);

    private static string Network(int hidden) => $$"""
        {"vocab_size":11,"embedding_size":4,"hidden_size":{{hidden}},"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":16,
        "max_position_embeddings":6,"type_vocab_size":2}
        """;
}
