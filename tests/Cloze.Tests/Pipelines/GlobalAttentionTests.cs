using System.Runtime.InteropServices;
using Cloze.Checkpoints;
using Cloze.Cli;
using Cloze.Cli.Commands;
using Cloze.Ops;
using Cloze.Pipelines;
using Cloze.Tests.Cli;
using Cloze.Tests.Models;
namespace Cloze.Tests.Pipelines;

/// <summary>A caller's choice of global tokens: which it marks, in .NET programs and by <c>--global</c>, and where it is refused.</summary>
public sealed class GlobalAttentionTests : IDisposable
{
    private const int Separator = 2;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cloze-global-");

    /// <summary>A text, one with left and right padding, and a question with its context.</summary>
    private static readonly PaddedTokens s_tokens = new(3, 6, [0, 7, 8, 9, 6, 2, 1, 0, 7, 2, 1, 1, 0, 7, 2, 2, 8, 2]) { Mask = [1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1] };

    public static TheoryData<string, string> Files => new()
    {
        { "0\n0\n0", "100000 010000 100000" },          // a pad has no place
        { "0", "100000 010000 100000" },                // one line for all
        { "^1\n^1\n^1", "000001 000100 000001" },
        { "1-2 4\n\n3-^1", "011010 000000 000111" },
        { "^2-^1, 0\n9 90-99\n^9", "100011 000000 000000" },
    };

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void EachChoice_MarksItsTokens()
    {
        Expect("000000 000000 000000", GlobalAttention.None);
        Expect("100000 010000 100000", GlobalAttention.Cls);
        Expect("111110 111000 110000", GlobalAttention.Question);       // pads are dropped later
        Expect("100001 010100 100001", GlobalAttention.Tokens(0, ^1, 50, ^50));
        Expect("011100 001100 011100", GlobalAttention.Spans(1..4, 4..2), GlobalAttention.Spans(1..3), GlobalAttention.Spans(1..4));
        Expect("111111 011100 111111", GlobalAttention.Spans(..));
        Expect("000011 001100 000011", GlobalAttention.Spans(^2..));
    }

    [Fact]
    public void AChoiceForEachText_IsTakenInOrder_AndMustReach()
    {
        GlobalAttention each = GlobalAttention.Each([GlobalAttention.None, GlobalAttention.Cls]);
        Assert.Equal([0, 0, 1, 0], each.Mask(new(2, 2, [0, 2, 0, 2]), Separator));
        Assert.Equal([1, 0], each.Mask(new(1, 2, [0, 2]), Separator, first: 1));
        Assert.Contains("for 2 texts", Assert.Throws<ArgumentException>(() => each.Mask(new(1, 2, [0, 2]), Separator, first: 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => GlobalAttention.Each([each]));
    }

    [Fact]
    public void AQuestionWithoutAnEnd_IsRefused() => Assert.Contains("no separator (id 2)",
        Assert.Throws<ArgumentException>(() => GlobalAttention.Question.Mask(new(1, 2, [0, 5]), Separator)).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Files))]
    public void AFile_NamesPlaces(string lines, string mask)
    {
        string path = Path.Combine(_folder.FullName, "global.txt");
        File.WriteAllText(path, lines);
        Assert.Equal(mask, Shown(GlobalOption.Read(path)!.Value.Global.Mask(s_tokens, Separator)));
    }

    [Theory]
    [InlineData("0 x", "line 1: 'x' names no tokens")]
    [InlineData("0,2\n5-3", "line 2: '5-3' ends before it begins")]
    [InlineData("^1-^2", "line 1: '^1-^2' ends before it begins")]
    [InlineData("0\n1\n-3", "line 3: '-3'")]
    [InlineData("1-2-3", "'1-2-3'")]
    [InlineData("^0", "'^0'")]
    [InlineData("", "is empty")]
    public void AFileThatNamesNoTokens_IsRefused(string lines, string words)
    {
        string path = Path.Combine(_folder.FullName, "global.txt");
        File.WriteAllText(path, lines);
        Assert.Contains(words, Assert.Throws<CommandException>(() => GlobalOption.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains("cls, question, none or a file", Assert.Throws<CommandException>(() => GlobalOption.Read(path + "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_WithAFile_GivesWhatTheMaskGives()
    {
        string folder = GoldenCases.Folder("longformer", "base-global-scattered"), recorded = Path.Combine(folder, "reference.safetensors");
        GoldenCase golden = new(folder);
        PaddedTokens tokens = golden.Tokens();
        string global = Path.Combine(_folder.FullName, "global.txt");
        File.WriteAllLines(global, Enumerable.Range(0, tokens.Sequences).Select(sequence =>
            string.Join(' ', Enumerable.Range(0, tokens.Length).Where(column => tokens.Global![sequence * tokens.Length + column] != 0))));
        string inputs = Inputs(tokens), result = Path.Combine(_folder.FullName, "result.safetensors");
        ForwardCommand.Run(folder, ModelTask.Base, keepsStates: false, inputs, result, threads: 1, global: global);
        float[] chosen = new GoldenTensors(result)["output.last_hidden_state"].Floats();
        ForwardCommand.Run(folder, ModelTask.Base, keepsStates: false, recorded, result, threads: 1);
        Assert.Equal(new GoldenTensors(result)["output.last_hidden_state"].Floats(), chosen);
        ForwardCommand.Run(folder, ModelTask.Base, keepsStates: false, inputs, result, threads: 1, global: "none");
        Assert.NotEqual(new GoldenTensors(result)["output.last_hidden_state"].Floats(), chosen);

        Refuses("give one of them", folder, recorded, "cls");
        File.AppendAllText(global, "1\n2\n");
        Refuses($"{tokens.Sequences + 2} sequences; there are {tokens.Sequences}", folder, inputs, global);
    }

    [Fact]
    public void AModelWithoutGlobalAttention_RefusesGlobals()
    {
        string bert = GoldenCases.Folder("bert", "base"), inputs = Inputs(new(1, 3, [1, 2, 3]));
        Refuses("has no global attention", bert, inputs, "cls");
        string masked = Inputs(new(1, 3, [1, 2, 3]) { Global = [1, 0, 0] });
        Refuses("has no global attention", bert, masked, null);
        using TextEmbedder embedder = TextEmbedder.Load(Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2"), new() { Threads = 1 });
        Assert.False(embedder.HasGlobalAttention);
        Assert.Contains("no global attention", Assert.Throws<ArgumentException>(() =>
            embedder.Embed("text", new() { Global = GlobalAttention.Cls }, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FillMask_NamesTheModelBeforeTheText_WhereItHasNoGlobalAttention()
    {
        WriteModel(GoldenCases.Folder("bert", "mlm"));
        using FillMask filler = FillMask.Load(_folder.FullName, threads: 1);
        Assert.Contains("no global attention", Assert.Throws<ArgumentException>(() =>
            filler.Fill("a [MASK]", global: GlobalAttention.Question, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SearchAndSimilarity_TakeAChoiceForAllTexts()
    {
        WriteModel(GoldenCases.Folder("longformer", "base-global-scattered"));
        string table = Path.Combine(_folder.FullName, "pairs.tsv"), lines = Path.Combine(_folder.FullName, "lines"), notes = Path.Combine(_folder.FullName, "notes.md");
        File.WriteAllText(table, "sentence1\tsentence2\na b c d a b c d\td c b a\n");
        File.WriteAllText(notes, "a b c d a b c d");
        File.WriteAllText(lines, "0\n1\n");
        foreach (string[] command in (string[][])[["similarity", "--input", table, "--pairs"], ["search", "d c b a", notes]])
        {
            string[] asked = [.. command, "--model", _folder.FullName, "--json"];
            string none = (await ClozeProcess.RunAsync([.. asked, "--global", "none"])).Succeeded().Output;
            Assert.Equal((await ClozeProcess.RunAsync(asked)).Succeeded().Output, none);
            Assert.NotEqual(none, (await ClozeProcess.RunAsync([.. asked, "--global", "cls"])).Succeeded().Output);
            (await ClozeProcess.RunAsync([.. asked, "--global", lines])).Refused(1, "2 lines");
            (await ClozeProcess.RunAsync([.. command, "--global", "cls"])).Refused(1, "has no global attention");
        }
    }

    [Fact]
    public void Embed_TakesAChoiceForAllTexts_OrForEach()
    {
        WriteModel(GoldenCases.Folder("longformer", "base-global-scattered"));
        using TextEmbedder embedder = TextEmbedder.Load(_folder.FullName, new() { Threads = 1 });
        Assert.True(embedder.HasGlobalAttention);
        string[] texts = ["a b c d a b c d a b", "d c b a d", "c"];
        GlobalAttention[] each = [GlobalAttention.Tokens(3), GlobalAttention.Cls, GlobalAttention.None];
        float[][] alone = [.. texts.Zip(each, (text, global) => Embed(embedder, [text], global)[0])];
        Assert.Equal(alone, Embed(embedder, texts, GlobalAttention.Each(each)));
        Assert.Equal(Embed(embedder, texts, null), Embed(embedder, texts, GlobalAttention.None));
        Assert.NotEqual(alone[0], Embed(embedder, texts, null)[0]);
        Assert.Throws<ArgumentException>(() => Embed(embedder, texts, GlobalAttention.Each(each[..2])));
        EmbedOptions small = new() { Global = GlobalAttention.Each(each), BatchTokens = 1 };
        Assert.Equal(alone, embedder.EmbedStream(texts, small, TestContext.Current.CancellationToken).Select(vector => vector.ToArray()));
    }

    private void WriteModel(string golden)
    {
        foreach (string file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(golden, file), Path.Combine(_folder.FullName, file));
        File.WriteAllLines(Path.Combine(_folder.FullName, "vocab.txt"), (string[])["[PAD]", "[UNK]", "[SEP]", "[CLS]", "[MASK]", "a", "b", "c", "d"]);
    }

    private static float[][] Embed(TextEmbedder embedder, string[] texts, GlobalAttention? global) =>
        [.. embedder.Embed(texts, new() { Global = global }, TestContext.Current.CancellationToken).Select(vector => vector.ToArray())];

    private void Refuses(string words, string folder, string inputs, string? global) => Assert.Contains(words, Assert.Throws<CommandException>(() =>
        ForwardCommand.Run(folder, ModelTask.Base, keepsStates: false, inputs, Path.Combine(_folder.FullName, "result.safetensors"), threads: 1, global: global)).Message, StringComparison.Ordinal);

    private string Inputs(PaddedTokens tokens)
    {
        string path = Path.Combine(_folder.FullName, "inputs.safetensors");
        List<(string Name, int[] Values)> given = [("input_ids", tokens.Ids)];
        if (tokens.Mask is { } mask) given.Add(("attention_mask", mask));
        if (tokens.Types is { } types) given.Add(("token_type_ids", types));
        if (tokens.Global is { } global && tokens.Length == 3) given.Add(("global_attention_mask", global));
        SafetensorsWriter.Write(path, given.Select(tensor => new NewTensor($"input.{tensor.Name}", TensorType.I64, [tokens.Sequences, tokens.Length],
            stream => stream.Write(MemoryMarshal.AsBytes<long>([.. tensor.Values.Select(value => (long)value)])))));
        return path;
    }

    /// <summary>One choice for all three sequences, or one for each.</summary>
    private static void Expect(string mask, params GlobalAttention[] choices) =>
        Assert.Equal(mask, Shown((choices.Length == 1 ? choices[0] : GlobalAttention.Each(choices)).Mask(s_tokens, Separator)));

    private static string Shown(int[] mask) => string.Join(' ', mask.Chunk(6).Select(row => string.Concat(row)));
}
