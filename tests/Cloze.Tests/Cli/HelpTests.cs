using System.Text.Json;
using System.Text.RegularExpressions;
using Cloze.Tests.Hub;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Cli;

/// <summary>What the command says about itself, and that it is true.</summary>
public partial class HelpTests
{
    public static TheoryData<string> Commands => ["search", "embed", "similarity", "fill-mask", "forward", "convert", "inspect", "tokenize", "download", "cache"];

    [Fact]
    public async Task Help_ListsEveryCommand()
    {
        string help = (await ClozeProcess.RunAsync("--help")).Succeeded().Output;
        Assert.Equal(Commands.Select(row => row.Data), CommandNames().Matches(help).Select(match => match.Groups[1].Value));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_OfACommand_NamesTheCommonOptions(string command)
    {
        string help = (await ClozeProcess.RunAsync(command, "--help")).Succeeded().Output;
        Assert.Contains($"Usage:\n  cloze {command}", help, StringComparison.Ordinal);
        foreach (string option in (string[])["--threads <N>", "--verbose", "--json"]) Assert.Contains(option, help, StringComparison.Ordinal);
        Assert.NotEmpty(ExamplesOf(help));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_OfACommand_HasExamplesThatWork(string command)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "examples are a POSIX shell's");
        if (command == "fill-mask") Shared.RequireOrSkip();   // no model of the repository has a masked-LM head
        using TemporaryFolder folder = new();   // looks like the repository's root, but what the examples write lies elsewhere
        foreach (string name in (string[])["README.md", "docs", "models", "tests"]) Link(folder.Path, name, Path.Combine(Shared.Repository, name));
        if (command == "fill-mask") Link(folder.Path, "DIR", Shared.Path("goldens", "pipelines", "checkpoints", "bert-mlm"));
        using FakeHub hub = new("sentence-transformers/all-MiniLM-L6-v2") { Files = { ["config.json"] = "{}"u8.ToArray() } };
        foreach (string example in ExamplesOf((await ClozeProcess.RunAsync(command, "--help")).Succeeded().Output)) await Works(example, folder.Path, hub);
    }

    [Fact]
    public async Task Version_IsOneLine() => Assert.Matches(@"^\d+\.\d+\.\d+", (await ClozeProcess.RunAsync("--version")).Succeeded().Lines.Single());

    [Fact]
    public async Task Info_NamesCpuInstructionsThreadsAndBuild()
    {
        JsonElement info = (await ClozeProcess.RunAsync("--info", "--threads", "3")).Succeeded().Json.Single();
        Assert.Equal(3, info.GetProperty("threads").GetInt32());
        foreach (string name in (string[])["cpu", "instruction_sets", "used", "build", "runtime"]) Assert.NotEmpty(info.GetProperty(name).GetString()!);
    }

    [Fact]
    public async Task Threads_ComeFromTheEnvironmentWhereNoOptionIsGiven()
    {
        JsonElement info = (await ClozeProcess.RunAsync(["--info"], [], null, ("CLOZE_THREADS", "5"))).Succeeded().Json.Single();
        Assert.Equal(5, info.GetProperty("threads").GetInt32());
        (await ClozeProcess.RunAsync(["embed", "a"], [], null, ("CLOZE_THREADS", "many"))).Refused(2, "CLOZE_THREADS", "many");
    }

    [Fact]
    public async Task WrongUsage_IsSaidInOneLine()
    {
        ClozeProcess.Result result = await ClozeProcess.RunAsync("forward", "--model", "a", "--inputs", "b", "--outputs", "c", "--task", "bogus");
        result.Refused(2, "'bogus' not recognized. Must be one of: 'auto' 'base'");
        Assert.Equal(2, result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("embed --nonsense")]
    public async Task WrongUsage_IsExitCodeTwoAndPointsToTheHelp(string arguments) =>
        (await ClozeProcess.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Refused(2, "--help");

    private static async Task Works(string example, string folder, FakeHub hub)
    {
        Dictionary<string, string?> environment = new()
        {
            ["PATH"] = $"{Path.GetDirectoryName(ClozeProcess.Executable)}:{Environment.GetEnvironmentVariable("PATH")}",
            ["HF_ENDPOINT"] = hub.Endpoint,
            ["HF_HUB_CACHE"] = Path.Combine(folder, "hub"),
        };
        Command.Result result = await Command.RunAsync("/bin/sh", ["-c", example], folder, environment);
        Assert.True(result.ExitCode == 0, $"{example}: {result}");
    }

    private static string[] ExamplesOf(string help) => Examples().Match(help).Groups[1].Value.Split('\n',
        StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static void Link(string folder, string name, string target)
    {
        if (Directory.Exists(target)) Directory.CreateSymbolicLink(Path.Combine(folder, name), target);
        else File.CreateSymbolicLink(Path.Combine(folder, name), target);
    }

    [GeneratedRegex(@"(?<=Commands:\n(?:  .*\n)*?)  ([a-z-]+)")]
    private static partial Regex CommandNames();

    [GeneratedRegex(@"Examples?:\n((?:  .*\n)+)")]
    private static partial Regex Examples();
}
