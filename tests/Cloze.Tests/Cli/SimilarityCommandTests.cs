using System.Globalization;
using System.Text.Json;
using Cloze.Cli;
namespace Cloze.Tests.Cli;

public class SimilarityCommandTests
{
    private const string Table = "sentence1\tsentence2\tscore\nA cat sits.\tA cat is sitting.\t4.8\nA cat sits.\tStocks fell.\t0.2\nHe said \"no\".\tHe refused.\t3\n";

    [Fact]
    public async Task Similarity_EndsWithTheFigures()
    {
        JsonElement[] lines = (await ClozeProcess.RunAsync(["similarity", "--input", "-", "--pairs"], Table)).Succeeded().Json;
        Assert.Equal(4, lines.Length);
        double[] cosines = [.. lines[..3].Select(line => line.GetProperty("cosine").GetDouble())];
        Assert.InRange(cosines[0], 0.8, 1);
        Assert.InRange(cosines[1], -1, 0.3);
        Assert.Equal(3, lines[3].GetProperty("pairs").GetInt32());
        Assert.Equal(1, lines[3].GetProperty("spearman").GetDouble());
        Assert.InRange(lines[3].GetProperty("pearson").GetDouble(), 0.8, 1);
    }

    [Fact]
    public async Task Similarity_WithoutScoresGivesPairsOnly()
    {
        string table = string.Join('\n', Table.Split('\n').Select(line => line.Contains('\t', StringComparison.Ordinal)
            ? line[..line.LastIndexOf('\t')] : line));
        Assert.Equal("""{"pairs":3}""", (await ClozeProcess.RunAsync(["similarity", "--input", "-"], table + "\n\n")).Succeeded().Output.Trim());
        Assert.Equal("""{"pairs":3}""", (await ClozeProcess.RunAsync(["similarity", "--input", "-"], table)).Succeeded().Output.Trim());
        (await ClozeProcess.RunAsync(["similarity", "--input", "-", "--score-column", "score"], table)).Refused(1, "no column score", "sentence1, sentence2");
    }

    [Fact]
    public async Task Similarity_WhatHasNoCorrelationIsNullAndSaid()
    {
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["similarity", "--input", "-"], "sentence1\tsentence2\tscore\na\tb\t1\n")).Succeeded();
        Assert.Equal("""{"pairs":1,"pearson":null,"spearman":null}""", result.Output.Trim());
        Assert.Contains("No correlation: of one pair there is none; give two or more, with different scores.", result.Error, StringComparison.Ordinal);
        Assert.Contains("No correlation: all 2 scores are equal; give pairs with different ones.",
            (await ClozeProcess.RunAsync(["similarity", "--input", "-"], "sentence1\tsentence2\tscore\na\tb\t1\na\tc\t1\n")).Succeeded().Error, StringComparison.Ordinal);
        Assert.Contains("No correlation: the cosines of all pairs are equal.",
            (await ClozeProcess.RunAsync(["similarity", "--input", "-"], "sentence1\tsentence2\tscore\na\tb\t1\na\tb\t2\n")).Succeeded().Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("sentence1\tsentence2\tscore\n", "no pair")]
    [InlineData("a\tb\n1\t2\n", "no column sentence1")]
    [InlineData("sentence1\tsentence2\tscore\nx\ty\n", "stdin:2: 2 cells")]
    [InlineData("sentence1\tsentence2\tscore\nx\ty\tgood\n", "stdin:2: the score is 'good'")]
    public async Task Similarity_ABrokenTableIsNamed(string table, string words) =>
        (await ClozeProcess.RunAsync(["similarity", "--input", "-"], table)).Refused(1, words);

    [Fact]
    public async Task Similarity_OtherColumnsAreNamedByTheUser()
    {
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["similarity", "--input", "-", "--columns", "b,a", "--score-column", "s"],
            "s\ta\tb\n1\tcat\tdog\n2\tx\ty\n3\tone\ttwo\n")).Succeeded();
        Assert.Equal(3, result.Json[^1].GetProperty("pairs").GetInt32());
        (await ClozeProcess.RunAsync("similarity", "--input", "-", "--columns", "a")).Refused(2, "two names");
    }

    [Theory]
    [InlineData(null, 0.819, 0.825)]   // the committed int8 model
    [InlineData("all-MiniLM-L6-v2", 0.8202, 0.8204)]   // published: 82.03
    public async Task Similarity_ReproducesThePublishedFigureOfStsB(string? model, double least, double most)
    {
        Shared.RequireOrSkip();
        string[] arguments = ["similarity", "--input", Shared.Path("data", "tasks", "glue", "STS-B", "test.tsv"), "--pairs"];
        JsonElement[] lines = (await ClozeProcess.RunAsync(model is null ? arguments : [.. arguments, "--model", Shared.Path("data", "models",
            model)])).Succeeded().Json;
        Assert.Equal(1379, lines[^1].GetProperty("pairs").GetInt32());
        Assert.InRange(lines[^1].GetProperty("spearman").GetDouble(), least, most);
        if (model is null) return;
        double[] recorded = [.. File.ReadLines(Shared.Path("goldens", "minilm", "sts-b-test-cosines.txt")).Select(line => double.Parse(line,
            CultureInfo.InvariantCulture))];
        for (int i = 0; i < recorded.Length; i++) Assert.Equal(recorded[i], lines[i].GetProperty("cosine").GetDouble(), 2e-6);
    }

    [Fact]
    public void Spearman_EqualValuesShareTheAverageOfTheirRanks()
    {
        Assert.Equal([2.5, 1, 2.5, 5, 5, 5], Correlation.Ranks([3, 1, 3, 7, 7, 7]));
        // by hand: ranks (1.5, 1.5, 3.5, 3.5, 5) and (2, 1, 3.5, 3.5, 5), means 3, sums of products 9, of squares 9 and 9.5
        Assert.Equal(9 / Math.Sqrt(9 * 9.5), Correlation.Spearman([1, 1, 2, 2, 3], [20, 10, 30, 30, 50]), 1e-12);
        Assert.Equal(0.5, Correlation.Pearson([1, 2, 3], [1, 3, 2]), 1e-12);
        Assert.Equal(double.NaN, Correlation.Pearson([1, 1], [1, 2]));
    }
}
