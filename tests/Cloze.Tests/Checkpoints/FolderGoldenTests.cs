using Cloze.Checkpoints;
using Cloze.Ops;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>The recorded checkpoint folders: spellings, prefixes, buffers, ties, faults, shard indexes.</summary>
public class FolderGoldenTests
{
    [Fact]
    public void Open_GivesEveryRecordedFolderItsVerdictAndItsParameters()
    {
        Shared.RequireOrSkip();
        List<string> wrong = [];
        int folders = 0;
        foreach (CheckpointGoldens.Entry entry in CheckpointGoldens.Of("folder"))
        {
            if (!Directory.Exists(entry.Path) && entry.Name != "index-hostile/symlink-inside") continue;
            using TemporaryFolder copy = new();
            string folder = entry.Name == "index-hostile/symlink-inside" ? WithLink(entry.Path, copy) : entry.Path;
            if (!WeightFiles.Exist(folder)) continue; // pickled weights
            folders++;
            if (Verdict(entry, folder) is { } fault) wrong.Add($"{entry.Name}: {fault}");
        }
        Assert.Equal(42, folders);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Open_RefusesPickledWeightsByNameAndSaysWhatToDo()
    {
        Shared.RequireOrSkip();
        string folder = Shared.Path("goldens", "checkpoints", "good", "bin-zip");
        CheckpointException refused = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder));
        Assert.Contains("pytorch_model.bin only, which is not supported: save them as model.safetensors", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_ListsTheMissingTensorsOfAHeadAndNothingElse()
    {
        Shared.RequireOrSkip();
        using Checkpoint checkpoint = Checkpoint.Open(Shared.Path("goldens", "checkpoints", "good", "safetensors-head-missing"));
        LoadReport report = Report(checkpoint, "BertForMaskedLM");
        Assert.Equal(
            ["cls.predictions.bias", "cls.predictions.transform.LayerNorm.bias", "cls.predictions.transform.LayerNorm.weight",
                "cls.predictions.transform.dense.bias", "cls.predictions.transform.dense.weight"],
            report.Missing.Select(request => request.Name).Order(StringComparer.Ordinal));
        Assert.Empty(Report(checkpoint, "BertModel").Missing);
    }

    private static string? Verdict(CheckpointGoldens.Entry entry, string folder)
    {
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder, entry.As);
            LoadReport report = Report(checkpoint, entry.As!);
            report.ThrowIfFaulty();
            if (entry.Verdict == "refused") return "was loaded";
            if (entry.Table("model") is not { } expected) return null;
            Dictionary<string, StoredTensor> found = report.Schema.Parameters(checkpoint).ToDictionary(named => named.Name, named => named.Tensor);
            if (!expected.Keys.Order(StringComparer.Ordinal).SequenceEqual(found.Keys.Order(StringComparer.Ordinal)))
                return $"has {string.Join(' ', found.Keys.Except(expected.Keys))}, lacks {string.Join(' ', expected.Keys.Except(found.Keys))}";
            string[] other = [.. expected.Keys.Where(name => !IsAs(expected[name], found[name]))];
            return other.Length == 0 ? null : $"other values: {string.Join(' ', other)}";
        }
        catch (CheckpointException e)
        {
            return entry.Verdict == "loads" ? $"was refused: {e.Message}" : null;
        }
    }

    private static bool IsAs(CheckpointGoldens.Expected expected, StoredTensor found) =>
        found.Dimensions.SequenceEqual(expected.Shape) && TensorHash.Sha256(found) == expected.Sha256;

    private static LoadReport Report(Checkpoint checkpoint, string className) =>
        CheckpointTests.Report(checkpoint, ModelRegistry.TaskOf(className, checkpoint.Architecture, "the test"));

    /// <summary>The recorded links are a list beside the files, since archives lose them.</summary>
    private static string WithLink(string folder, TemporaryFolder copy)
    {
        foreach (string file in Directory.GetFiles(folder)) File.Copy(file, Path.Combine(copy.Path, Path.GetFileName(file)));
        using System.Text.Json.JsonDocument links = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Shared.Path("goldens", "checkpoints", "links.json")));
        foreach (System.Text.Json.JsonProperty link in links.RootElement.EnumerateObject())
        {
            if (link.Name.StartsWith("index-hostile/symlink-inside/", StringComparison.Ordinal))
                File.CreateSymbolicLink(Path.Combine(copy.Path, Path.GetFileName(link.Name)), link.Value.GetString()!);
        }
        return copy.Path;
    }
}
