using Cloze.Checkpoints;
using Cloze.Pipelines;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>modules.json: where sentence-transformers fails, a folder is refused in one clear message.</summary>
public class ModuleEntryTests
{
    private const string Encoder = """{"type":"sentence_transformers.models.Transformer","path":""}""";

    [Theory]
    [InlineData(""","path":null""", "path is null; the folder of sentence_transformers.models.Pooling is needed")]
    [InlineData("", "path is missing; the folder of sentence_transformers.models.Pooling is needed")]
    public void ReadAll_RefusesAModuleWithoutAFolder(string path, string expected)
    {
        using TemporaryFolder folder = new();
        folder.Write("modules.json", $$"""[{{Encoder}},{"type":"sentence_transformers.models.Pooling"{{path}}}]""");
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => ModuleEntry.ReadAll(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadAll_StopsAtMoreModulesThanAnyModelHas()
    {
        using TemporaryFolder folder = new();
        folder.Write("modules.json", $"[{string.Join(',', Enumerable.Repeat(Encoder, 100))},{{]");
        string fault = Assert.Throws<CheckpointException>(() => ModuleEntry.ReadAll(folder.Path)).Message; // the fault behind them is not reached
        Assert.Contains("lists more than 100 modules", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RefusesAPoolingWithoutADimension()
    {
        using TemporaryFolder folder = new();
        folder.Write("modules.json", $$"""[{{Encoder}},{"type":"sentence_transformers.models.Pooling","path":"1_Pooling"}]""");
        folder.Write("1_Pooling/config.json", "{}");
        string fault = Assert.Throws<CheckpointException>(() => SentenceTransformerFolder.Read(folder.Path)).Message;
        Assert.Contains("1_Pooling/config.json: word_embedding_dimension is missing", fault, StringComparison.Ordinal);
        folder.Write("1_Pooling/config.json", """{"word_embedding_dimension":8}""");
        Assert.Equal([Cloze.Ops.Pooling.Mean], SentenceTransformerFolder.Read(folder.Path).Pooling.Modes);
    }
}
