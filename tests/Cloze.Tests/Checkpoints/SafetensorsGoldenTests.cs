using Cloze.Checkpoints;
namespace Cloze.Tests.Checkpoints;

public class SafetensorsGoldenTests
{
    [Fact]
    public void Open_GivesEveryRecordedFileItsVerdictInLittleTimeAndMemory()
    {
        Shared.RequireOrSkip();
        List<string> wrong = [];
        int files = 0;
        foreach (CheckpointGoldens.Entry entry in CheckpointGoldens.Of("safetensors"))
        {
            files++;
            string? fault = null;
            string? excess = LoadCost.Excess(entry.Path, () => fault = Verdict(entry));
            if ((fault ?? excess) is { } found) wrong.Add($"{entry.Name}: {found}");
        }
        Assert.Equal(195, files);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static string? Verdict(CheckpointGoldens.Entry entry)
    {
        try
        {
            using Safetensors file = Safetensors.Open(entry.Path);
            if (entry.Verdict == "refused") return "was opened";
            if (entry.Table("expect") is not { } expected) return null;
            if (!expected.Keys.ToHashSet().SetEquals(file.Tensors.Keys)) return $"holds {string.Join(' ', file.Tensors.Keys)}";
            foreach ((string name, CheckpointGoldens.Expected tensor) in expected)
            {
                FileTensor found = file[name];
                if (TensorTypes.Name(found.Type) != tensor.DType || !found.Shape.SequenceEqual(tensor.Shape)) return $"{found} is not {tensor}";
                if (tensor.Sha256 is not null && TensorHash.Sha256(found) != tensor.Sha256) return $"{name} has other values";
            }
            return null;
        }
        catch (CheckpointException e)
        {
            bool namesTheFile = e.Message.Contains(Path.GetFileName(entry.Path), StringComparison.Ordinal);
            return entry.Verdict == "loads" ? $"was refused: {e.Message}" : namesTheFile ? null : $"does not name the file: {e.Message}";
        }
    }
}
