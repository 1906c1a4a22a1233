using System.Diagnostics;
using System.Text.Json;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Cli;

/// <summary>A long run that is ended from outside.</summary>
public class InterruptionTests
{
    private static readonly string[] s_endless = ["embed", "--input", "-", "--batch-tokens", "64"];

    [Fact]
    public async Task CtrlC_LeavesCompleteLinesAndExitCode130()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends a POSIX signal");
        using Process process = ClozeProcess.Start(s_endless);
        Task feeding = Feed(process);
        string? first = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        await Command.RunAsync("/bin/kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        string rest = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.StandardInput.BaseStream.Dispose();
        await feeding;
        Assert.Equal(130, process.ExitCode);
        Assert.EndsWith("\n", rest, StringComparison.Ordinal);
        foreach (string line in (first + "\n" + rest).Split('\n', StringSplitOptions.RemoveEmptyEntries)) Assert.Equal(384,
            JsonDocument.Parse(line).RootElement.GetProperty("embedding").GetArrayLength());
        Assert.Equal("cloze: Interrupted.\n", await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The expression needs more sets than tables may hold, so that the text takes a minute.</summary>
    [Fact]
    public async Task SigTerm_EndsALongEncoding()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends a POSIX signal");
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "tokenizer.json");
        await File.WriteAllTextAsync(file, """
            {"model":{"type":"WordLevel","vocab":{"?":0},"unk_token":"?"},
             "pre_tokenizer":{"type":"Split","pattern":{"Regex":"[ab]{20}a|b"},"behavior":"Isolated","invert":false}}
            """, TestContext.Current.CancellationToken);
        using Process process = ClozeProcess.Start(["tokenize", "--model", file]);
        Random random = new(1);
        await process.StandardInput.WriteLineAsync($$"""{"text":"{{new string([.. Enumerable.Range(0, 10_000_000).Select(_ => (char)('a' + random.Next(2)))])}}"}""");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await Task.Delay(500, TestContext.Current.CancellationToken);
        await Command.RunAsync("/bin/kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(143, process.ExitCode);
        Assert.Equal("", await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal("cloze: Interrupted.\n", await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Embed_GivesFirstLinesWhileItsInputGoesOn()
    {
        string[] texts = [.. Enumerable.Range(0, 600).Select(i => $"text {i} of a run whose input has no end yet")];
        string[] command = ["embed", "--input", "-", "--dimensions", "2", "--batch-tokens", "512"];
        ClozeProcess.Result whole = await ClozeProcess.RunAsync(command, string.Join('\n', texts));
        using Process process = ClozeProcess.Start(command);
        const int Fed = 200;   // more than a batch of 512 tokens, less than the 16 of a full window
        await process.StandardInput.WriteAsync(string.Join('\n', texts[..Fed]) + "\n");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        List<string> lines = [];
        while (lines.Count < 40) lines.Add(Assert.IsType<string>(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)
            .AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)));
        await process.StandardInput.WriteAsync(string.Join('\n', texts[Fed..]));
        process.StandardInput.Close();
        string rest = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(texts.Length, whole.Lines.Length);
        Assert.Equal(string.Join('\n', whole.Lines), string.Join('\n', lines.Concat(rest.Split('\n', StringSplitOptions.RemoveEmptyEntries))));
    }

    [Fact]
    public async Task CtrlC_LeavesNoPartOfAnOutputFile()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends a POSIX signal");
        using TemporaryFolder folder = new();
        using Process process = ClozeProcess.Start([.. s_endless, "--output", Path.Combine(folder.Path, "v.npy")]);
        Task feeding = Feed(process);
        while (Directory.GetFiles(folder.Path) is not [string file] || new FileInfo(file).Length == 0) await Task.Delay(20,
            TestContext.Current.CancellationToken);
        await Command.RunAsync("/bin/kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.StandardInput.BaseStream.Dispose();
        await feeding;
        Assert.Equal(130, process.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("INT", 130, "embed --input pipe")]   // blocks while it opens
    [InlineData("TERM", 143, "search text pipe")]
    [InlineData("INT", 130, "embed --input - --output v.npy")]   // blocks while it reads
    [InlineData("TERM", 143, "tokenize")]
    public async Task ASignal_EndsACommandThatWaitsForInput(string signal, int exitCode, string arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends a POSIX signal");
        using TemporaryFolder folder = new();
        foreach (string pipe in (string[])["pipe", "config.json", "tokenizer.json"]) await Command.RunAsync("/usr/bin/mkfifo", [pipe], folder.Path);
        string[] before = Directory.GetFileSystemEntries(folder.Path);
        using Process process = ClozeProcess.Start(arguments.Split(' '), folder.Path);
        await Task.Delay(2000, TestContext.Current.CancellationToken);   // a slower start is a signal before the wait, which must end the command too
        await Command.RunAsync("/bin/kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(exitCode, process.ExitCode);
        Assert.Equal("cloze: Interrupted.\n", await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(before.Order(), Directory.GetFileSystemEntries(folder.Path).Order());
    }

    [Fact]
    public async Task APipeInTheModelsFolder_IsRefusedAndNotWaitedFor()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "makes POSIX pipes");
        using TemporaryFolder folder = new();
        foreach (string pipe in (string[])["config.json", "tokenizer.json"]) await Command.RunAsync("/usr/bin/mkfifo", [pipe], folder.Path);
        Command.Result result = await Command.RunAsync(ClozeProcess.Executable, ["embed", "a", "--model", "."], folder.Path);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(".json", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AClosedPipeEndsQuietly()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a pipe of a POSIX shell");
        Command.Result result = await Command.RunAsync("/bin/sh", ["-c",
            "while echo some text 2>/dev/null; do :; done | \"$0\" embed --input - --batch-tokens 64 | head -n 1", ClozeProcess.Executable]);
        Assert.Equal(0, result.ExitCode);
        Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(result.Error);
    }

    /// <summary>Writes lines until nobody reads any more.</summary>
    private static Task Feed(Process process) => Task.Run(() =>
    {
        byte[] lines = [.. Enumerable.Repeat("some text that goes on\n"u8.ToArray(), 100).SelectMany(line => line)];
        try
        {
            while (true) process.StandardInput.BaseStream.Write(lines);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // the process has ended
        }
    });
}
