using Cloze.Checkpoints;
using Cloze.Ops;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>Loads a recorded file or folder and says what is not as recorded; null: all is.</summary>
internal static class CheckpointVerdicts
{
    public static string? Of(CheckpointGoldens.Entry entry) => entry.Kind switch
    {
        "folder" => OfFolder(entry),
        "config" => OfConfig(entry),
        _ => OfFile(entry),
    };

    /// <summary>One line for each entry of a kind that is not as recorded, or costs too much.</summary>
    public static (int Entries, IReadOnlyList<string> Wrong) OfAll(IEnumerable<CheckpointGoldens.Entry> entries)
    {
        int count = 0;
        List<string> wrong = [];
        foreach (CheckpointGoldens.Entry entry in entries)
        {
            count++;
            string? fault = null;
            string? excess = LoadCost.Excess(entry.Path, () => fault = Of(entry));
            if ((fault ?? excess) is { } found) wrong.Add($"{entry.Name}: {found}");
        }
        return (count, wrong);
    }

    private static string? OfFile(CheckpointGoldens.Entry entry)
    {
        try
        {
            using WeightFiles file = WeightFiles.OpenFile(entry.Path);
            if (entry.Verdict == "refused") return "was opened";
            if (entry.Table("expect") is not { } expected) return null;
            if (!expected.Keys.ToHashSet().SetEquals(file.Tensors.Keys)) return $"holds {string.Join(' ', file.Tensors.Keys)}";
            foreach ((string name, CheckpointGoldens.Expected tensor) in expected)
            {
                FileTensor found = file.Tensors[name];
                if (TensorTypes.Name(found.Type) != tensor.DType || !found.Shape.SequenceEqual(tensor.Shape)) return $"{found} is not {tensor}";
                if (tensor.Sha256 is not null && TensorHash.Sha256(found) != tensor.Sha256) return $"{name} has other values";
            }
            return null;
        }
        catch (CheckpointException e)
        {
            return Refused(entry, e, entry.Path);
        }
    }

    private static string? OfConfig(CheckpointGoldens.Entry entry)
    {
        using TemporaryFolder folder = new();
        File.Copy(entry.Path, Path.Combine(folder.Path, "config.json"));
        File.Copy(Path.Combine(entry.Root, entry.With!), Path.Combine(folder.Path, WeightFiles.SingleName));
        return OfFolder(entry, folder.Path);
    }

    private static string? OfFolder(CheckpointGoldens.Entry entry)
    {
        const string linked = "index-hostile/symlink-inside";
        using TemporaryFolder copy = new();
        return OfFolder(entry, entry.Name == linked ? WithLink(entry, copy) : entry.Path);
    }

    private static string? OfFolder(CheckpointGoldens.Entry entry, string folder)
    {
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder, entry.As);
            LoadReport report = CheckpointTests.Report(checkpoint, ModelRegistry.TaskOf(entry.As!, checkpoint.Architecture, "the test"));
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
            return Refused(entry, e, folder);
        }
    }

    private static bool IsAs(CheckpointGoldens.Expected expected, StoredTensor found) =>
        found.Dimensions.SequenceEqual(expected.Shape) && TensorHash.Sha256(found) == expected.Sha256;

    private static string? Refused(CheckpointGoldens.Entry entry, CheckpointException e, string path) =>
        entry.Verdict == "loads" ? $"was refused: {e.Message}"
        : !e.Message.Contains(Path.GetFileName(path), StringComparison.Ordinal) ? $"does not name the file: {e.Message}"
        : null;

    /// <summary>The recorded links are a list beside the files, since archives lose them.</summary>
    private static string WithLink(CheckpointGoldens.Entry entry, TemporaryFolder copy)
    {
        foreach (string file in Directory.GetFiles(entry.Path)) File.Copy(file, Path.Combine(copy.Path, Path.GetFileName(file)));
        using System.Text.Json.JsonDocument links = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(entry.Root, "links.json")));
        foreach (System.Text.Json.JsonProperty link in links.RootElement.EnumerateObject())
        {
            if (link.Name.StartsWith($"{entry.Name}/", StringComparison.Ordinal))
                File.CreateSymbolicLink(Path.Combine(copy.Path, Path.GetFileName(link.Name)), link.Value.GetString()!);
        }
        return copy.Path;
    }
}
