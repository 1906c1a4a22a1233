using Cloze.Checkpoints;
using Cloze.Cli;
using Cloze.Cli.Commands;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Published sizes by name: their parameters, without a weight, are as many as the published files hold.</summary>
public class ShapeTests
{
    /// <summary>With pooler: BERT and ALBERT. Without pooler, heads and the mask decoder's positions: the others.</summary>
    [Theory]
    [InlineData("bert-base", 109_482_240)]
    [InlineData("bert-large", 335_141_888)]
    [InlineData("albert-base-v2", 11_683_584)]
    [InlineData("albert-large-v2", 17_683_968)]
    [InlineData("albert-xlarge-v2", 58_724_864)]
    [InlineData("albert-xxlarge-v2", 222_595_584)]
    [InlineData("roberta-base", 124_055_040)]
    [InlineData("roberta-large", 354_310_144)]
    [InlineData("distilbert-base", 66_362_880)]
    [InlineData("electra-small", 13_483_008)]
    [InlineData("electra-base", 108_891_648)]
    [InlineData("electra-large", 334_092_288)]
    [InlineData("longformer-base", 148_068_864)]
    [InlineData("longformer-large", 433_551_360)]
    [InlineData("deberta-base", 138_601_728)]
    [InlineData("deberta-large", 405_163_008)]
    [InlineData("deberta-xlarge", 757_804_032)]
    [InlineData("deberta-v2-xlarge", 884_593_152)]
    [InlineData("deberta-v2-xxlarge", 1_564_549_632)]
    [InlineData("deberta-v3-xsmall", 70_682_112)]
    [InlineData("deberta-v3-small", 141_304_320)]
    [InlineData("deberta-v3-base", 183_831_552)]
    [InlineData("deberta-v3-large", 434_012_160)]
    [InlineData("mosaic-bert-base", 136_777_728)]
    [InlineData("modernbert-base", 149_014_272)]
    [InlineData("flexbert-base", 149_014_272)]
    [InlineData("modernbert-large", 394_781_696)]
    public void Parameters_AreAsManyAsPublished(string shape, long published)
    {
        using Inspection inspection = Inspect(shape);
        Assert.Equal(published, inspection.Parameters.Sum(part => part.Elements));
        Assert.NotEmpty(inspection.Heads);
        Assert.True(inspection.Cost is { Flops: > 0, ActivationBytes: > 0 });
        Assert.Equal(4 * published, inspection.Cost.WeightBytes);
    }

    /// <summary>Published or derived counts of the whole class: spec of each family.</summary>
    [Theory]
    [InlineData("longformer-base", "LongformerForMaskedLM", 148_711_257)]
    [InlineData("longformer-large", "LongformerForMaskedLM", 434_653_273)]
    [InlineData("mosaic-bert-base", "BertForMaskedLM", 137_400_384)]
    [InlineData("modernbert-base", "ModernBertForMaskedLM", 149_655_232)]
    [InlineData("modernbert-large", "ModernBertForMaskedLM", 395_881_664)]
    public void AHeadsParameters_StandBesideTheEncoders(string shape, string className, long published)
    {
        using Inspection inspection = Inspect(shape, className);
        (string name, long head) = Assert.Single(inspection.Heads);
        Assert.Equal(className, name);
        Assert.Equal(published, head + inspection.Parameters.Sum(part => part.Elements));
        Assert.NotNull(inspection.Cost!.Class);
    }

    [Fact]
    public void EveryKey_IsRead()
    {
        foreach (string shape in ModelRegistry.Shapes)
        {
            (_, IArchitecture architecture, ConfigFields config) = ModelRegistry.Shape(shape);
            ModelRegistry.Find(config);
            architecture.Configure(config, file: null);
            Assert.Empty(config.Unread);
        }
    }

    [Theory]
    [InlineData("modernbert-base", null, 8192)]
    [InlineData("mosaic-bert-base", null, 512)]
    [InlineData("deberta-v3-base", null, 512)]
    [InlineData("roberta-base", 512, null)]
    [InlineData("longformer-base", 4096, null)]
    [InlineData("bert-base", 512, null)]
    public void Length_IsWhatTheTableHolds_ElseFree_WithTheTrainedOneShown(string shape, int? longest, int? trained)
    {
        using Inspection inspection = Inspect(shape);
        Assert.Equal((longest, trained), inspection.Length);
        if (longest is { } most)
            Assert.Contains($"reads {most}", Assert.Throws<CommandException>(() => Inspect(shape, tokens: most + 1)).Message, StringComparison.Ordinal);
        else
            Assert.Equal(20_000, Inspect(shape, tokens: 20_000).Cost!.Tokens);
    }

    [Fact]
    public void ABeginningThatNoOtherHas_Names_AndOthersAreRefusedWithWhatIsKnown()
    {
        Assert.Equal("albert-xxlarge-v2", ModelRegistry.Shape("albert-xxlarge").Name);
        Assert.Contains("deberta-v3-small", Assert.Throws<CheckpointException>(() => ModelRegistry.Shape("deberta-v3")).Message, StringComparison.Ordinal);
        Assert.Contains("modernbert-large", Assert.Throws<CheckpointException>(() => ModelRegistry.Shape("gpt-2")).Message, StringComparison.Ordinal);
        Assert.Contains("BertForEverything is not supported", Assert.Throws<CheckpointException>(() => Inspect("bert-base", "BertForEverything")).Message,
            StringComparison.Ordinal);
    }

    private static Inspection Inspect(string shape, string? className = null, int? tokens = null) =>
        Inspection.OfShape(shape, new(tokens, Batch: 1, Tensors: false, className));
}
