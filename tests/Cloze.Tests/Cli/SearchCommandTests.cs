using System.Text.Json;
using System.Text.RegularExpressions;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Cli;

public partial class SearchCommandTests
{
    [Fact]
    public async Task Search_JsonIsExactlyTheDocumentedForm()
    {
        using TemporaryFolder folder = new();
        folder.Write("docs/cats.md", "# Cats\n\nA cat sleeps for most of the day,\noften in the sun.\n\nStocks fell.\n");
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["search", "how long do cats sleep?", "docs", "--top", "1"], [], folder.Path)).Succeeded();
        Assert.Matches("""^\{"score":0\.\d+,"path":"docs/cats\.md","line":3,"end_line":4,"text":"A cat sleeps for most of the day,\\noften in the sun\."\}\n$""", result.Output);
        Assert.Matches(@"^cloze: Ranked 3 pieces of 1 file, \d+ tokens\.\n$", result.Error);
    }

    [Fact]
    public async Task Search_ByLineRanksLines()
    {
        JsonElement[] hits = (await ClozeProcess.RunAsync(["search", "feline", "-", "--by", "line", "--top", "9"],
            "a cat\n\na stock\n  \na train\n")).Succeeded().Json;
        Assert.Equal([1, 3, 5], hits.Select(hit => hit.GetProperty("line").GetInt32()).Order());
        Assert.Equal("a cat", hits[0].GetProperty("text").GetString());
        Assert.All(hits, hit => Assert.Equal("-", hit.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task Search_EqualScoresAreOrderedByPathThenLine()
    {
        using TemporaryFolder folder = new();
        foreach (string path in (string[])["b.txt", "a.txt", "a/z.txt"]) folder.Write(path, "the same\n\nthe same\n");
        JsonElement[] hits = (await ClozeProcess.RunAsync(["search", "same", "b.txt", "a.txt", "a", "b.txt", "--top", "10"], [], folder.Path)).Succeeded().Json;
        Assert.Equal(["a.txt:1", "a.txt:3", "a/z.txt:1", "a/z.txt:3", "b.txt:1", "b.txt:3"], hits.Select(hit =>
            $"{hit.GetProperty("path").GetString()}:{hit.GetProperty("line").GetInt32()}"));
    }

    [Fact]
    public async Task Search_LeavesOutHiddenAndBinaryFilesAndCountsThem()
    {
        using TemporaryFolder folder = new();
        folder.Write("text.txt", "some text");
        folder.Write(".hidden", "some text");
        folder.Write(".git/config", "some text");
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "image.png"), [0x89, 0x50, 0, 1], TestContext.Current.CancellationToken);
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["search", "text", "."], [], folder.Path)).Succeeded();
        Assert.Single(result.Lines);
        Assert.Contains("left out: 2 hidden, 1 binary", result.Error, StringComparison.Ordinal);
        Assert.Single((await ClozeProcess.RunAsync(["search", "text", ".hidden"], [], folder.Path)).Succeeded().Lines);   // named itself
        (await ClozeProcess.RunAsync(["search", "text", "image.png"], [], folder.Path)).Refused(1, "nothing to search", "1 binary");
    }

    [Fact]
    public async Task Search_NeverOpensAPipeInAFolder_ButReadsOneThatIsNamed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a POSIX shell");
        using TemporaryFolder folder = new();
        folder.Write("text.txt", "some text");
        folder.Write("empty.txt", "");
        Command.Result made = await Command.RunAsync("/bin/sh", ["-c", "mkfifo pipe && ln -s pipe link && ln -s text.txt other && ln -s nowhere broken && ln -s /usr folder"], folder.Path);
        Assert.Equal(0, made.ExitCode);
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["search", "text", "."], [], folder.Path)).Succeeded();
        Assert.Equal(["./other", "./text.txt"], result.Json.Select(hit => hit.GetProperty("path").GetString()));
        Assert.Contains("left out: 3 empty or no regular file, 1 linked folder, 1 unreadable", result.Error, StringComparison.Ordinal);
        Command.Result named = await Command.RunAsync("/bin/sh", ["-c", "(echo some text >pipe) & \"$0\" search text pipe; wait", ClozeProcess.Executable], folder.Path);
        Assert.Contains("\"path\":\"pipe\"", named.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_ReadsRedirectedInputWhereNoPathIsGiven() =>
        Assert.Single((await ClozeProcess.RunAsync(["search", "text"], "some text")).Succeeded().Lines);

    [Fact]
    public async Task Search_NothingToSearchIsExitCodeOneWithTheReason()
    {
        (await ClozeProcess.RunAsync(["search", "text"], "\n \n")).Refused(1, "nothing to search in stdin");
        (await ClozeProcess.RunAsync("search", "text", "nowhere")).Refused(1, "nowhere: there is no such file or folder");
        (await ClozeProcess.RunAsync("search", " ", "docs")).Refused(2, "query is empty");
        (await ClozeProcess.RunAsync("search", "text", "docs", "--top", "0")).Refused(2, "--top");
        (await ClozeProcess.RunAsync("search", "text", "docs", "--by", "word")).Refused(2, "paragraph or line");
        (await ClozeProcess.RunAsync("search")).Refused(2, "QUERY");
    }

    [Fact]
    public async Task Search_OnATerminal_WithoutAPathIsExitCodeTwoAndAnExample()
    {
        (int exitCode, string screen) = await OnTerminal("search text");
        Assert.Equal(2, exitCode);
        Assert.Contains("Example: cloze search", screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_OnATerminal_ShowsRankScoreAndPlaceAndAtMostTwoLinesOfText()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("long.txt", "\u001b[31mA cat sleeps. " + string.Concat(Enumerable.Repeat("It sleeps a lot. ", 12)) + "\n\nStocks fell.\n");
        (int exitCode, string screen) = await OnTerminal($"search cats '{path}' 2>/dev/null");
        Assert.Equal(0, exitCode);
        string[] lines = screen.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches($@"^ 1  0\.\d\d\d\d  {Regex.Escape(path)}:1$", lines[0]);
        Assert.StartsWith("    [31mA cat", lines[1], StringComparison.Ordinal);   // without the escape character
        Assert.EndsWith("…", lines[2], StringComparison.Ordinal);
        Assert.Matches(@"^ 2  ", lines[3]);
        Assert.Equal(5, lines.Length);
    }

    [Fact]
    public async Task Search_CutsLongParagraphsIntoOverlappingPiecesAndDropsNothing()
    {
        string sentence = "This is sentence number {0} of a very long paragraph about ships, harbours and the sea.",
            needle = "Photosynthesis happens in the leaves of plants.";
        string[] sentences = [.. Enumerable.Range(0, 120).Select(i => string.Format(System.Globalization.CultureInfo.InvariantCulture, sentence, i))];
        sentences[117] = needle;
        string text = string.Join('\n', sentences.Chunk(2).Select(pair => string.Join(' ', pair)));
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["search", "how do plants make energy from light?", "-", "--top", "100"], text)).Succeeded();
        Assert.DoesNotContain("cut there", result.Error, StringComparison.Ordinal);
        JsonElement[] hits = result.Json;
        Assert.Contains(needle, hits[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        (int Line, int End, string Text)[] pieces = [.. hits.Select(hit => (hit.GetProperty("line").GetInt32(), hit.GetProperty("end_line").GetInt32(),
            hit.GetProperty("text").GetString()!)).Order()];
        Assert.True(pieces.Length > 5);
        string[] lines = text.Split('\n');
        Assert.All(pieces, piece => Assert.Contains(piece.Text, string.Join('\n', lines[(piece.Line - 1)..piece.End]), StringComparison.Ordinal));
        foreach (string each in sentences) Assert.Contains(pieces, piece => piece.Text.Contains(each, StringComparison.Ordinal));   // cut at sentences only
        for (int i = 1; i < pieces.Length; i++) Assert.True(pieces[i].Line <= pieces[i - 1].End, "neighbours overlap");
    }

    [Fact]
    public async Task Search_ALineWithoutSentencesIsCutBetweenWords()
    {
        string text = string.Join(' ', Enumerable.Range(0, 2000).Select(i => $"w{i}"));
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["search", "w", "-", "--top", "1000"], text)).Succeeded();
        Assert.DoesNotContain("cut there", result.Error, StringComparison.Ordinal);
        HashSet<string> found = [.. result.Json.SelectMany(hit => hit.GetProperty("text").GetString()!.Split(' '))];
        Assert.Equal(2000, found.Count);
    }

    [Theory]
    [InlineData("", 254, 1)]   // the model reads 256 tokens, [CLS] and [SEP] among them; a dot is one
    [InlineData("", 255, 2)]
    [InlineData("one two three: ", 250, 1)]   // the prompt takes four
    [InlineData("one two three: ", 251, 2)]
    public async Task Search_LeavesRoomForSpecialTokensAndPrompt(string prompt, int dots, int pieces)
    {
        using TemporaryFolder folder = EmbedCommandTests.CopyOfDefaultModel();
        string settings = $$"""{"prompts":{"document":"{{prompt}}"},"default_prompt_name":null,"similarity_fn_name":"cosine"}""";
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "config_sentence_transformers.json"), settings, TestContext.Current.CancellationToken);
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["search", "dots", "-", "--model", folder.Path], new string('.', dots))).Succeeded();
        Assert.Equal(pieces, result.Lines.Length);
        Assert.DoesNotContain("cut there", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("how are tokens packed?", "docs/design/packed-tokens.md", "Tokens are packed:")]
    [InlineData("how are weights compressed?", "docs/design/weights.md", "stores each matrix and table as 8-bit integers")]
    [InlineData("how does a text become one vector?", "docs/design/embedding.md", "How a text becomes a vector:")]
    [InlineData("how can I limit the number of threads?", "docs/command-line.md", "How many threads are used:")]
    [InlineData("where do kernels get their vector width?", "docs/design/kernels.md", "written once for all vector widths")]
    public async Task Search_FindsTheRightParagraphOfTheseDocs(string question, string path, string words)
    {
        JsonElement best = (await ClozeProcess.RunAsync("search", question, "docs", "README.md", "--top", "1")).Succeeded().Json[0];
        Assert.Equal(path, best.GetProperty("path").GetString());
        Assert.Contains(words, best.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Runs the command on a terminal that <c>script</c> makes.</summary>
    internal static async Task<(int ExitCode, string Screen)> OnTerminal(string arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script") && OperatingSystem.IsLinux(), "needs script of util-linux, which makes a terminal");
        Command.Result result = await Command.RunAsync("/usr/bin/script", ["-qec", $"stty cols 80; '{ClozeProcess.Executable}' {arguments}", "/dev/null"]);
        return (result.ExitCode, result.Output.Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal));   // the runtime greets a terminal
    }
}
