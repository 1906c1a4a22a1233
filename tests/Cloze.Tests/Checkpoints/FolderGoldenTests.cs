using Cloze.Checkpoints;
namespace Cloze.Tests.Checkpoints;

/// <summary>What is said of a recorded folder that does not fit.</summary>
public class FolderGoldenTests
{
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

    private static LoadReport Report(Checkpoint checkpoint, string className) =>
        CheckpointTests.Report(checkpoint, ModelRegistry.TaskOf(className, checkpoint.Architecture, "the test"));
}
