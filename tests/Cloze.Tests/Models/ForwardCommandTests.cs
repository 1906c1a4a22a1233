using System.Runtime.InteropServices;
using Cloze.Checkpoints;
using Cloze.Cli;
using Cloze.Cli.Commands;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Tests.Models;

/// <summary><c>cloze forward</c>: the recorded layout for every case, and one clear message for what cannot be run, with nothing written.</summary>
public sealed class ForwardCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cloze-forward-");

    private string Result => Path.Combine(_folder.FullName, "result.safetensors");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(GoldenCases.Run), MemberType = typeof(GoldenCases))]
    public void Forward_WritesWhatWasRecorded_InTheRecordedLayout(string family, string name)
    {
        string folder = GoldenCases.Folder(family, name);
        GoldenTensors got = RunAndCompare(folder);
        Assert.True(got.Has("output.last_hidden_state") || got.Has("output.last_hidden_state.0") || new GoldenCase(folder).IsPair);
    }

    /// <summary>Options that no recorded case has: each activation, pad ids from the end, layers and heads of 1, odd sizes, classes of every number.</summary>
    [Theory]
    [MemberData(nameof(GoldenCases.Plain), MemberType = typeof(GoldenCases))]
    public void Forward_GivesWhatAPlainProgramComputes(string family, string name) => RunAndCompare(Path.Combine(GoldenCases.OfAPlainProgram, family, name));

    private GoldenTensors RunAndCompare(string folder)
    {
        string inputs = Path.Combine(folder, "reference.safetensors");
        ForwardCommand.Run(folder, task: null, keepsStates: true, inputs, Result, threads: 1);

        GoldenTensors want = new(inputs), got = new(Result);
        string[] inside = ["output.attentions", "output.global_attentions", "output.after_generator_step"];   // never in memory; a matter of training
        int[]? mask = want.Find("input.attention_mask")?.Integers();
        foreach (string output in want.Names.Where(output => output.StartsWith("output.", StringComparison.Ordinal) && !inside.Any(part => output.StartsWith(part, StringComparison.Ordinal))))
        {
            Assert.True(got.Has(output), $"{output} is missing");
            Assert.Equal(want[output].Shape, got[output].Shape);
            ExpectClose(output, want[output].Floats(), got[output].Floats(), want["input.input_ids"].Shape, want[output].Shape, mask);
        }
        return got;
    }

    /// <summary>The first columns of "lines" of [B,S,…] and [B·K,S,…] are judged at real tokens only, where zeros stand elsewhere.</summary>
    private static void ExpectClose(string name, float[] want, float[] got, int[] ids, int[] shape, int[]? mask)
    {
        int length = ids[^1], sequences = ids.Aggregate(1, (product, size) => product * size) / length;
        bool isPerToken = name is not ("output.pooler_output" or "output.loss") && shape.Length >= 2 && shape[0] == sequences && shape[1] == length;
        int width = isPerToken ? want.Length / (sequences * length) : want.Length;
        double worst = 0, largest = 0;
        for (int i = 0; i < want.Length; i++)
        {
            if (isPerToken && mask is not null && mask[i / width] == 0)
            {
                Assert.Equal(0, got[i]);
                continue;
            }
            worst = Math.Max(worst, Math.Abs((double)want[i] - got[i]));
            largest = Math.Max(largest, Math.Abs(want[i]));
        }
        Assert.True(worst <= 1e-5 * largest, $"{name}: {worst:e2} of {largest:e2}");
    }

    [Fact]
    public void Forward_WithoutHiddenStates_WritesTheLastOnly()
    {
        ForwardCommand.Run(Bert("base"), ModelTask.Base, keepsStates: false, Inputs(("input.input_ids", [1, 3], [1, 2, 3])), Result, threads: 1);
        Assert.Equal(["output.last_hidden_state", "output.pooler_output"], new GoldenTensors(Result).Names.Order());
    }

    [Theory]
    [InlineData("input.input_ids")]
    [InlineData("input.attention_mask, but input.input_ids is", "input.attention_mask", 2, 3)]
    public void Forward_RefusesShapesThatDoNotFit(string words, string? extra = null, int rows = 0, int columns = 0) => ExpectRefusal<CommandException>(
        words.Split(',')[0], extra is null ? [] : [("input.input_ids", [1, 3], [1, 2, 3]), (extra, [rows, columns], new int[rows * columns])]);

    [Fact]
    public void Forward_RefusesIdsOutsideTheVocabulary() =>
        ExpectRefusal<CommandException>("Sequence 0, column 1: id 99999 is not in the vocabulary", ("input.input_ids", [1, 3], [1, 99999, 3]));

    [Fact]
    public void Forward_RefusesNegativeIds() => ExpectRefusal<CommandException>("id -1 is not in the vocabulary", ("input.input_ids", [1, 3], [1, -1, 3]));

    [Fact]
    public void Forward_ReadsNoIdThatIsMasked()
    {
        string inputs = Inputs(("input.input_ids", [1, 3], [1, 2, -1]), ("input.attention_mask", [1, 3], [1, 1, 0]));
        Assert.Equal(0, ForwardCommand.Run(Bert("base"), null, keepsStates: false, inputs, Result, threads: 1));
    }

    [Fact]
    public void Forward_RefusesTypesOutsideTheTable() => ExpectRefusal<CommandException>(
        "type 7 is not in the type table (0 … 1)", ("input.input_ids", [1, 3], [1, 2, 3]), ("input.token_type_ids", [1, 3], [0, 0, 7]));

    [Fact]
    public void Forward_RefusesSequencesThatAreTooLong() =>
        ExpectRefusal<CommandException>("position 40 is not in the position table (0 … 39), which is enough for 40 tokens", ("input.input_ids", [1, 41], new int[41]));

    /// <summary>Truncating does not help where the caller gave the position.</summary>
    [Fact]
    public void Forward_RefusesPositionsOutsideTheTable() => ExpectRefusal<CommandException>(
        "position 700 is not in the position table (0 … 39).", ("input.input_ids", [1, 3], [1, 2, 3]), ("input.position_ids", [1, 3], [0, 700, 2]));

    /// <summary>The mask decoder and both heads get no row.</summary>
    [Fact]
    public void Forward_OfAPairRunsWhereNoLabelCounts()
    {
        string inputs = Inputs(("input.input_ids", [1, 3], [1, 2, 3]), ("input.sampled_input_ids", [1, 3], [1, 2, 3]), ("label.labels", [1, 3], [0, 0, 0]));
        Assert.Equal(0, ForwardCommand.Run(GoldenCases.Folder("deberta-original", "rtd-gdes"), null, keepsStates: false, inputs, Result, threads: 2));
    }

    [Fact]
    public void Forward_RefusesSequencesThatAreLongerThanRelativeDistances()
    {
        string inputs = Inputs(("input.input_ids", [1, 41], new int[41]));
        CommandException refusal = Assert.Throws<CommandException>(() => ForwardCommand.Run(Bert("mlm-relative-key"), null, keepsStates: false, inputs, Result, threads: 1));
        Assert.Contains("the model knows 20 columns", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_RefusesARowWithoutAToken() => ExpectRefusal<CommandException>(
        "Sequence 1 has no token", ("input.input_ids", [2, 2], [1, 2, 3, 4]), ("input.attention_mask", [2, 2], [1, 1, 0, 0]));

    [Fact]
    public void Forward_RefusesAnEmptyBatch() => ExpectRefusal<CommandException>("no batch", ("input.input_ids", [0, 3], []));

    [Fact]
    public void Forward_RefusesMasksOfOtherValues() => ExpectRefusal<CommandException>(
        "input.attention_mask holds 2", ("input.input_ids", [1, 2], [1, 2]), ("input.attention_mask", [1, 2], [1, 2]));

    [Fact]
    public void Forward_RefusesLabelsThatAreNoClass()
    {
        string inputs = Inputs(("input.input_ids", [2, 2], [1, 2, 3, 4]), ("label.labels", [2], [0, 3]));
        CommandException refusal = Assert.Throws<CommandException>(() => ForwardCommand.Run(Bert("seq-single"), null, keepsStates: false, inputs, Result, threads: 1));
        Assert.Contains("A label is 3; labels are 0 … 2", refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Result));
    }

    [Fact]
    public void Forward_RefusesAHeadThatTheArchitectureOrTheFileLacks()
    {
        string inputs = Inputs(("input.input_ids", [1, 2], [1, 2]));
        Assert.Contains("cls.predictions.bias", Assert.Throws<CheckpointException>(() => ForwardCommand.Run(Bert("base"), ModelTask.MaskedLm, false, inputs, Result, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("roberta has no head for next-sentence; it has base, masked-lm, sequence-classification", Assert.Throws<CheckpointException>(() =>
            ForwardCommand.Run(GoldenCases.Folder("roberta", "base-pad-id-3"), ModelTask.NextSentence, false, inputs, Result, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_RefusesMultipleChoiceWithoutChoices()
    {
        string inputs = Inputs(("input.input_ids", [1, 2], [1, 2]));
        Assert.Contains("[B,choices,S]", Assert.Throws<CommandException>(() => ForwardCommand.Run(Bert("multiple-choice"), null, false, inputs, Result, 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 1, 3, 6 }, "columns that rise from 0 to 6 are needed")]         // begins later
    [InlineData(new[] { 0, 3, 5 }, "is 0, 3, 5; columns that rise from 0 to 6")]        // ends before
    [InlineData(new[] { 0, 3, 7 }, "columns that rise from 0 to 6")]                    // or beyond
    [InlineData(new[] { 0, 4, 2, 6 }, "columns that rise from 0 to 6")]                 // descends
    [InlineData(new[] { 0, 3, 3, 6 }, "columns that rise from 0 to 6")]                 // a segment without a token
    [InlineData(new[] { 0 }, "columns that rise from 0 to 6")]
    [InlineData(new[] { -1, 6 }, "columns that rise from 0 to 6")]
    public void Forward_RefusesSegmentsThatDoNotCoverTheirRow(int[] bounds, string words) => ExpectRefusal<CommandException>(
        words, ("input.input_ids", [2, 6], new int[12]), ("input.cu_seqlens.0", [2], [0, 6]), ("input.cu_seqlens.1", [bounds.Length], bounds));

    [Fact]
    public void Forward_RefusesSegmentsOfSomeRowsOrOfOthers()
    {
        ExpectRefusal<CommandException>("has input.cu_seqlens.1 but no input.cu_seqlens.0", ("input.input_ids", [2, 6], new int[12]), ("input.cu_seqlens.1", [2], [0, 6]));
        ExpectRefusal<CommandException>("input.cu_seqlens.1 is of no row", ("input.input_ids", [1, 6], new int[6]), ("input.cu_seqlens.0", [2], [0, 6]), ("input.cu_seqlens.1", [2], [0, 6]));
        ExpectRefusal<CommandException>("goes with input.input_ids of [B,S]", ("input.input_ids", [1, 2, 3], new int[6]), ("input.cu_seqlens.0", [2], [0, 3]));
        ExpectRefusal<CommandException>("label.labels is given with input.cu_seqlens", ("input.input_ids", [1, 6], new int[6]), ("input.cu_seqlens.0", [2], [0, 6]), ("label.labels", [1], [0]));
    }

    [Fact]
    public void Forward_ASegmentIsASequence_AndAMaskIsNotRead()
    {
        string inputs = Inputs(("input.input_ids", [1, 6], [1, 2, 3, 4, 5, 6]), ("input.cu_seqlens.0", [3], [0, 2, 6]), ("input.attention_mask", [1, 6], [1, 1, 1, 0, 0, 0]));
        ForwardCommand.Run(Bert("base"), null, keepsStates: false, inputs, Result, threads: 1);
        float[] together = new GoldenTensors(Result)["output.last_hidden_state.0"].Floats();
        int width = together.Length / 6;
        foreach ((int[] ids, int from) in (IEnumerable<(int[], int)>)[([1, 2], 0), ([3, 4, 5, 6], 2)])
        {
            ForwardCommand.Run(Bert("base"), null, keepsStates: false, Inputs(("input.input_ids", [1, ids.Length], ids)), Result, threads: 1);
            Assert.Equal(together[(from * width)..((from + ids.Length) * width)], new GoldenTensors(Result)["output.last_hidden_state"].Floats());
        }
    }

    [Theory]
    [InlineData("bert", "base")]
    [InlineData("bert", "pretraining")]
    [InlineData("roberta", "base-pad-id-3")]
    [InlineData("deberta", "mlm-talking-head")]
    public void Forward_RefusesReplacedTokens_WhereTheArchitectureFindsNone_InOneWay(string family, string name)
    {
        string inputs = Inputs(("input.input_ids", [1, 2], [1, 2]));
        Assert.Contains("the architecture of this model has no head for replaced tokens", Assert.Throws<CommandException>(() =>
            ForwardCommand.Run(GoldenCases.Folder(family, name), ModelTask.PreTraining, false, inputs, Result, 1, mustDetect: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_TakesOneClassASequence_InAColumnToo()
    {
        string[] losses = [.. ((int[][])[[2], [2, 1]]).Select(shape =>
        {
            string inputs = Inputs(("input.input_ids", [2, 2], [1, 2, 3, 4]), ("label.labels", shape, [0, 2]));
            ForwardCommand.Run(Bert("seq-single"), null, keepsStates: false, inputs, Result, threads: 1);
            return string.Join(' ', new GoldenTensors(Result)["output.loss"].Floats());
        })];
        Assert.Equal(losses[0], losses[1]);
    }

    /// <summary>The mean over none, as torch.nn.CrossEntropyLoss; half a NaN is one.</summary>
    [Theory]
    [InlineData("bert", "mlm-relative-key", "label.labels", new[] { 2, 2 }, new[] { -100, -100, -100, -100 })]
    [InlineData("bert", "token", "label.labels", new[] { 2, 2 }, new[] { -100, -100, -100, -100 })]
    [InlineData("bert", "pretraining", "label.labels", new[] { 2, 2 }, new[] { -100, -100, -100, -100 }, "label.next_sentence_label", new[] { 0, 1 })]
    [InlineData("bert", "seq-single", "label.labels", new[] { 2 }, new[] { -100, -100 })]
    [InlineData("modernbert", "mlm-sparse", "label.labels", new[] { 2, 2 }, new[] { -100, -100, -100, -100 })]
    [InlineData("bert", "qa", "label.start_positions", new[] { 2 }, new[] { 2, 5 }, "label.end_positions", new[] { 0, 1 })]
    public void Forward_TheLossOverNoLabel_IsNaN(string family, string name, string label, int[] shape, int[] labels, string? other = null, int[]? others = null)
    {
        (string, int[], int[])[] more = other is null ? [] : [(other, [2], others!)];
        string inputs = Inputs([("input.input_ids", [2, 2], [1, 2, 3, 4]), (label, shape, labels), .. more]);
        ForwardCommand.Run(GoldenCases.Folder(family, name), null, keepsStates: false, inputs, Result, threads: 1);
        Assert.Equal([float.NaN], new GoldenTensors(Result)["output.loss"].Floats());
    }

    /// <summary>These authors' code looks whether there is a word to predict.</summary>
    [Theory]
    [InlineData("mosaicbert", "mlm-long-beyond-alibi-size")]
    [InlineData("deberta-original", "emd-v1")]
    public void Forward_TheLossOverNoWord_IsZero_WhereTheAuthorsCodeGuards(string family, string name)
    {
        string inputs = Inputs(("input.input_ids", [1, 3], [5, 6, 7]), ("label.labels", [1, 3], [0, -100, 0]));
        ForwardCommand.Run(GoldenCases.Folder(family, name), null, keepsStates: false, inputs, Result, threads: 1);
        Assert.Equal([0f], new GoldenTensors(Result)["output.loss"].Floats());
    }

    [Theory]
    [InlineData("mlm-relative-key", "label.labels of 4 floats is not of whole numbers, which are needed: one for each column of [2,2]", 2, 2)]
    [InlineData("token", "label.labels of 6 floats is not of whole numbers, which are needed: one for each column of [2,2]", 3, 2)]
    [InlineData("pretraining", "label.labels of 4 floats is not of whole numbers", 2, 2)]
    public void Forward_RefusesFloats_WhereLabelsAreClasses(string name, string words, int rows, int columns)
    {
        string inputs = Inputs([("input.input_ids", [2, 2], [1, 2, 3, 4])], NewTensor.Of("label.labels", [rows, columns], new float[rows * columns]));
        CommandException refusal = Assert.Throws<CommandException>(() => ForwardCommand.Run(Bert(name), null, keepsStates: false, inputs, Result, threads: 1));
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Result));
    }

    [Fact]
    public void Forward_SaysThatWholeNumbersAreClasses_WhereOneForEachClassIsGiven()
    {
        string inputs = Inputs(("input.input_ids", [2, 2], [1, 2, 3, 4]), ("label.labels", [2, 3], [0, 1, 0, 1, 0, 1]));
        CommandException refusal = Assert.Throws<CommandException>(() => ForwardCommand.Run(Bert("seq-single"), null, keepsStates: false, inputs, Result, threads: 1));
        Assert.Contains("are whole numbers", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Expected: the mean of log(1 + exp(x)) − label·x over the written logits of real tokens, as torch.nn.BCEWithLogitsLoss.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(-100)]      // a target like any other
    public void Forward_TakesFloatsForReplacedTokens(int last)
    {
        string folder = GoldenCases.Folder("electra", "pretraining");
        (string, int[], int[]) ids = ("input.input_ids", [1, 4], [5, 6, 7, 0]), mask = ("input.attention_mask", [1, 4], [1, 1, 1, 0]);
        float[] labels = [0, 1, last, 1];   // the last column is masked
        ForwardCommand.Run(folder, null, keepsStates: false, Inputs([ids, mask], NewTensor.Of("label.labels", [1, 4], labels)), Result, threads: 1);
        GoldenTensors floats = new(Result);
        double want = floats["output.logits"].Floats().Zip(labels).Take(3).Average(pair => Math.Log(1 + Math.Exp(pair.First)) - pair.Second * pair.First);
        Assert.Equal(want, floats["output.loss"].Floats()[0], 1e-5 * Math.Max(1, Math.Abs(want)));
        ForwardCommand.Run(folder, null, keepsStates: false, Inputs(ids, mask, ("label.labels", [1, 4], [0, 1, last, 1])), Result, threads: 1);
        Assert.Equal(floats["output.loss"].Floats(), new GoldenTensors(Result)["output.loss"].Floats());
    }

    /// <summary>A classifier of sequences takes no label of two segments, nor does either class with one take the other's.</summary>
    [Theory]
    [InlineData("bert", "seq-single", "label.next_sentence_label", false)]
    [InlineData("bert", "seq-single", "label.sentence_order_label", false)]
    [InlineData("bert", "next-sentence", "label.next_sentence_label", true)]
    [InlineData("bert", "next-sentence", "label.sentence_order_label", false)]
    [InlineData("bert", "pretraining", "label.next_sentence_label", true)]
    [InlineData("bert", "pretraining", "label.sentence_order_label", false)]
    [InlineData("albert", "pretraining", "label.sentence_order_label", true)]
    [InlineData("albert", "pretraining", "label.next_sentence_label", false)]
    public void Forward_ReadsALabelOfTwoSegments_WhereTheClassTakesIt(string family, string name, string label, bool isRead)
    {
        (string, int[], int[])[] words = name == "pretraining" ? [("label.labels", [2, 2], [1, 2, 3, 4])] : [];
        string inputs = Inputs([("input.input_ids", [2, 2], [1, 2, 3, 4]), (label, [2], [0, 1]), .. words]);
        string folder = GoldenCases.Folder(family, name);
        ForwardCommand.Run(folder, null, keepsStates: false, inputs, Result, threads: 1);
        Assert.Equal(isRead, new GoldenTensors(Result).Has("output.loss"));
        using LoadedModel loaded = LoadedModel.Load(folder, task: null, threads: 1);
        string[] notRead = [.. ForwardLabels.NotRead(loaded.Model, ForwardInputs.Read(inputs).For(loaded.Model.Rules))];
        Assert.Equal(!isRead, notRead.Contains($"{label} is not read."));
    }

    [Theory]
    [InlineData("bert", "base", false, false)]
    [InlineData("bert", "mlm-relative-key", false, true)]
    [InlineData("distilbert", "seq-regression", true, false)]
    [InlineData("modernbert", "token", true, false)]
    [InlineData("modernbert-original", "biases", true, true)]
    [InlineData("mosaicbert", "cls-multi-label", false, true)]
    [InlineData("deberta-v2", "seq-pooler-tanh", true, true)]
    public void Forward_SaysWhatTheModelHasNoUseFor(string family, string name, bool types, bool positions)
    {
        string inputs = Inputs(("input.input_ids", [1, 2], [1, 2]), ("input.token_type_ids", [1, 2], [0, 0]), ("input.position_ids", [1, 2], [1, 0]));
        using LoadedModel loaded = LoadedModel.Load(GoldenCases.Folder(family, name), task: null, threads: 1);
        string[] want = [.. types ? ["input.token_type_ids"] : (string[])[], .. positions ? ["input.position_ids"] : (string[])[]];
        Assert.Equal(want, ForwardInputs.Read(inputs).WithoutUse(loaded.Model));
    }

    [Theory]
    [InlineData("bert", "base", "label.labels", "label.labels is not read")]
    [InlineData("bert", "qa", "label.start_positions", "label.start_positions is not read")]
    [InlineData("bert", "pretraining", "label.labels", "label.labels is not read")]
    [InlineData("bert", "pretraining", "label.next_sentence_label", "label.next_sentence_label is not read")]
    [InlineData("bert", "mlm", "label.labels", "label.labels: 2 labels at masked columns are not read")]
    [InlineData("bert", "token", "label.labels", "label.labels: 2 labels at masked columns are not read")]
    [InlineData("electra", "pretraining", "label.labels")]      // the reference leaves masked columns out, too
    [InlineData("bert", "seq-single", "label.labels")]
    public void Forward_SaysWhichLabelsAreNotRead(string family, string name, string label, params string[] lines)
    {
        bool arePerToken = label == "label.labels" && name != "seq-single";
        string path = Inputs(("input.input_ids", [2, 3], [1, 2, 3, 4, 5, 6]), ("input.attention_mask", [2, 3], [1, 1, 0, 1, 0, 0]),
            (label, arePerToken ? [2, 3] : [2], arePerToken ? [0, -100, 1, 1, 1, -100] : [0, 1]));
        using LoadedModel loaded = LoadedModel.Load(GoldenCases.Folder(family, name), task: null, threads: 1);
        Assert.Equal(lines, ForwardLabels.NotRead(loaded.Model, ForwardInputs.Read(path).For(loaded.Model.Rules)).Select(line => line.TrimEnd('.')));
    }

    [Fact]
    public void Forward_SaysHowManyAnswersStandAtMaskedColumns()
    {
        string path = Inputs(("input.input_ids", [2, 3], [1, 2, 3, 4, 5, 6]), ("input.attention_mask", [2, 3], [1, 1, 0, 1, 0, 0]),
            ("label.start_positions", [2], [2, 0]), ("label.end_positions", [2], [3, -5]));
        using LoadedModel loaded = LoadedModel.Load(Bert("qa"), task: null, threads: 1);
        Assert.Equal(["label.start_positions: 1 label at a masked column is not read."], ForwardLabels.NotRead(loaded.Model, ForwardInputs.Read(path)));
    }

    [Fact]
    public void Forward_PositionsOfOneRow_AreEveryRows()
    {
        float[][] states = [.. (((int[], int[])[])[([1, 3], [4, 0, 7]), ([2, 3], [4, 0, 7, 4, 0, 7])]).Select(positions =>
        {
            string inputs = Inputs(("input.input_ids", [2, 3], [1, 2, 3, 4, 5, 6]), ("input.position_ids", positions.Item1, positions.Item2));
            ForwardCommand.Run(Bert("base"), ModelTask.Base, keepsStates: false, inputs, Result, threads: 1);
            return new GoldenTensors(Result)["output.last_hidden_state"].Floats();
        })];
        Assert.Equal(states[1], states[0]);
        File.Delete(Result);
        ExpectRefusal<CommandException>("input.position_ids is [1,2]", ("input.input_ids", [2, 3], [1, 2, 3, 4, 5, 6]), ("input.position_ids", [1, 2], [0, 1]));
    }

    [Theory]
    [InlineData("input.head_mask")]
    [InlineData("input.inputs_embeds")]
    public void Forward_RefusesInputsThatWouldChangeTheResult(string name) =>
        ExpectRefusal<CommandException>($"{name} changes the reference's result and is not supported", ("input.input_ids", [1, 2], [1, 2]), (name, [2], [1, 0]));

    [Fact]
    public void Forward_OverwritesNothingThatItReads()
    {
        string model = Path.Combine(_folder.FullName, "model"), weights = Path.Combine(model, "model.safetensors");
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(Bert("base"))) File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        string inputs = Inputs(("input.input_ids", [1, 2], [1, 2])), link = Path.Combine(_folder.FullName, "link.safetensors");
        byte[] before = File.ReadAllBytes(weights);
        File.CreateSymbolicLink(link, weights);
        foreach ((string outputs, string words) in ((string, string)[])[(inputs, "the file of --inputs"), (weights, "a file of the model's folder"),
            (Path.Combine(model, ".", "config.json"), "a file of the model's folder"), (link, "a file of the model's folder")])
        {
            Assert.Contains(words, Assert.Throws<CommandException>(() => ForwardCommand.Run(model, null, false, inputs, outputs, 1)).Message, StringComparison.Ordinal);
        }
        Assert.Equal(before, File.ReadAllBytes(weights));
        string own = Path.Combine(model, "result.safetensors");
        for (int run = 0; run < 2; run++) Assert.Equal(0, ForwardCommand.Run(model, null, false, inputs, own, 1));     // outputs of an earlier run
    }

    [Fact]
    public void Forward_AsksForSeparatorsOrAMask_WhereLongformersQuestionIsGlobal()
    {
        string inputs = Inputs(("input.input_ids", [1, 3], [0, 5, 2]));
        Assert.Contains("Give a global attention mask", Assert.Throws<CommandException>(() =>
            ForwardCommand.Run(GoldenCases.Folder("longformer", "qa-padded"), null, false, inputs, Result, 1)).Message, StringComparison.Ordinal);
    }

    private void ExpectRefusal<TException>(string words, params (string Name, int[] Shape, int[] Values)[] tensors) where TException : Exception
    {
        TException refusal = Assert.Throws<TException>(() => ForwardCommand.Run(Bert("base"), ModelTask.Base, keepsStates: false, Inputs(tensors), Result, threads: 1));
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Result));
    }

    private static string Bert(string name) => GoldenCases.Folder("bert", name);

    private string Inputs(params (string Name, int[] Shape, int[] Values)[] tensors) => Inputs(tensors, []);

    private string Inputs((string Name, int[] Shape, int[] Values)[] tensors, params NewTensor[] floats)
    {
        string path = Path.Combine(_folder.FullName, "inputs.safetensors");
        SafetensorsWriter.Write(path, [.. tensors.Select(tensor => new NewTensor(tensor.Name, TensorType.I64, [.. tensor.Shape],
            stream => stream.Write(MemoryMarshal.AsBytes<long>([.. tensor.Values.Select(value => (long)value)])))), .. floats]);
        return path;
    }
}
