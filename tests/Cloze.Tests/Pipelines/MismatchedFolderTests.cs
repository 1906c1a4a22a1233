using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Tests.Pipelines;

/// <summary>Folders whose files are sound each but do not fit each other: refused when they are loaded, by name, not at some text.</summary>
public sealed class MismatchedFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cloze-mismatched-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(30522)]
    [InlineData(40000)]
    [InlineData(int.MaxValue)]
    public void Load_RefusesAnIdThatTheModelHasNoRowFor(int id)
    {
        CopyModel();
        Rewrite("tokenizer.json", json => json["model"]!["vocab"]!["hello"] = id);
        string message = Assert.Throws<CheckpointException>(() => TextEmbedder.Load(_folder)).Message;
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"the id {id} ('hello')"), message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", message, StringComparison.Ordinal);
        Assert.Contains("config.json", message, StringComparison.Ordinal);
        Assert.Contains("30522", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TakesTheLargestIdThatTheModelHasARowFor()
    {
        CopyModel();
        Rewrite("tokenizer.json", json => json["model"]!["vocab"]!["hello"] = 30521);
        using TextEmbedder embedder = TextEmbedder.Load(_folder);
        Assert.Equal(384, embedder.Embed("hello", cancellation: TestContext.Current.CancellationToken).Length);
    }

    [Fact]
    public void Load_RefusesMoreTokensThanThereArePositions()
    {
        CopyModel();
        Rewrite("sentence_bert_config.json", json => json["max_seq_length"] = 1024);
        string message = Assert.Throws<CheckpointException>(() => TextEmbedder.Load(_folder)).Message;
        Assert.Contains("sentence_bert_config.json: max_seq_length is 1024", message, StringComparison.Ordinal);
        Assert.Contains("512", message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_folder, "config.json"), message, StringComparison.Ordinal);
    }

    [Fact]
    public void FillMask_RefusesAnIdThatTheModelHasNoRowFor()
    {
        Shared.RequireOrSkip();
        foreach (string file in Directory.GetFiles(Shared.Path("goldens", "pipelines", "checkpoints", "bert-mlm")))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        int words = File.ReadLines(Path.Combine(_folder, "vocab.txt")).Count(), rows = Rows();
        File.AppendAllLines(Path.Combine(_folder, "vocab.txt"), Enumerable.Range(words, rows + 1 - words).Select(i => $"extra{i}"));
        string message = Assert.Throws<CheckpointException>(() => FillMask.Load(_folder)).Message;
        Assert.Contains("vocab.txt has the id", message, StringComparison.Ordinal);
        Assert.Contains("config.json", message, StringComparison.Ordinal);

        int Rows() => JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "config.json")))!["vocab_size"]!.GetValue<int>();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Rows_RefuseWhatNoTableHas(int row) => Assert.Throws<ArgumentOutOfRangeException>(() => new Rows([0, row]));

    [Theory]
    [InlineData(16)]
    [InlineData(int.MaxValue - 1)]
    public void Embedding_RefusesARowBeyondTheTable(int row)
    {
        using CpuOps ops = new();
        CpuTensor table = CpuTensor.Lasting(16, 2, new float[32], "table");
        Assert.Throws<ShapeException>(() => ops.Embedding(table, new Rows([row])));
    }

    /// <summary>The committed model, to be changed.</summary>
    private void CopyModel()
    {
        string model = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");
        foreach (string path in Directory.GetFiles(model, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_folder, Path.GetRelativePath(model, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }

    private void Rewrite(string file, Action<JsonNode> change)
    {
        string path = Path.Combine(_folder, file);
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString(new JsonSerializerOptions()));
    }
}
