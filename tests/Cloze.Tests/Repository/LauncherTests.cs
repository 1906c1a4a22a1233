namespace Cloze.Tests.Repository;

/// <summary>The <c>cloze</c> script in a tree of its own, with a stand-in for dotnet that "builds" a script which tells how it was called.</summary>
public sealed class LauncherTests : IDisposable
{
    private const string BinaryPath = "clone/artifacts/bin/Cloze.Cli/release/cloze";

    private const string Binary = """
        #!/bin/sh
        printf 'cwd %s\n' "$PWD"
        for argument in "$@"; do printf '<%s>\n' "$argument"; done
        cat
        exit 7
        """;

    private readonly TemporaryFolder _temporary = new();
    private readonly string _launcher, _path;

    public LauncherTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "cloze is a script for sh; cloze.cmd is for Windows");
        _launcher = _temporary.Write("clone/cloze", File.ReadAllText(Path.Combine(Shared.Repository, "cloze")), executable: true);
        foreach (string source in (string[])["src/Cloze/X.cs", "models/m/config.json", "Directory.Build.props", "Directory.Packages.props", "global.json"])
            File.SetLastWriteTimeUtc(_temporary.Write($"clone/{source}", "x"), DateTime.UtcNow.AddHours(-1));
        foreach (string folder in Directory.EnumerateDirectories(Path.Combine(_temporary.Path, "clone"), "*", SearchOption.AllDirectories))
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddHours(-1));
        _temporary.Write("built", Binary, executable: true);
        _temporary.Write("sdk/dotnet", $"""
            #!/bin/sh
            echo "$PWD $*" >> '{_temporary.Path}/builds'
            if [ -e '{_temporary.Path}/broken' ]; then echo 'X.cs(1,1): error'; exit 1; fi
            sleep 0.3
            mkdir -p '{_temporary.Path}/{Path.GetDirectoryName(BinaryPath)}'
            cp '{_temporary.Path}/built' '{_temporary.Path}/{BinaryPath}'
            """, executable: true);
        Directory.CreateDirectory(Path.Combine(_temporary.Path, "sdk/sdk/10.0.100"));
        _path = $"{_temporary.Path}/sdk:{Tools()}";
    }

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task FirstRun_BuildsOnlyTheCommand_SaysSoInOneLine_AndPassesEverythingThrough()
    {
        Command.Result run = await RunAsync(_launcher, ["a b", "", "*", "--x=\"y\"", "$HOME"], input: "from stdin");
        Assert.Equal(7, run.ExitCode);
        Assert.Equal($"cwd {_temporary.Path}\n<a b>\n<>\n<*>\n<--x=\"y\">\n<$HOME>\nfrom stdin", run.Output);
        Assert.Single(Lines(run.Error));
        string build = Assert.Single(Builds());
        Assert.StartsWith($"{_temporary.Path}/clone build src/Cloze.Cli -c Release", build, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecondRun_BuildsNothing_AndIsSilent()
    {
        await RunAsync(_launcher, []);
        Command.Result run = await RunAsync(_launcher, []);
        Assert.Equal((7, ""), (run.ExitCode, run.Error));
        Assert.Single(Builds());
    }

    [Theory]
    [InlineData("src/Cloze/X.cs")]
    [InlineData("models/m/config.json")]
    [InlineData("Directory.Packages.props")]
    [InlineData("global.json")]
    public async Task ANewerSource_IsBuilt(string source)
    {
        await RunAsync(_launcher, []);
        File.SetLastWriteTimeUtc(Path.Combine(_temporary.Path, "clone", source), DateTime.UtcNow.AddHours(1));
        Assert.Equal(7, (await RunAsync(_launcher, [])).ExitCode);
        Assert.Equal(2, Builds().Length);
    }

    [Fact]
    public async Task ThroughLinks_FindsItsOwnFolder()
    {
        Directory.CreateDirectory(Path.Combine(_temporary.Path, "bin"));
        File.CreateSymbolicLink(Path.Combine(_temporary.Path, "bin/second"), "../clone/cloze");
        File.CreateSymbolicLink(Path.Combine(_temporary.Path, "first"), Path.Combine(_temporary.Path, "bin/second"));
        Command.Result run = await RunAsync(Path.Combine(_temporary.Path, "first"), ["x"], Path.Combine(_temporary.Path, "bin"));
        Assert.Equal($"cwd {_temporary.Path}/bin\n<x>\n", run.Output);
    }

    [Fact]
    public async Task ConcurrentFirstRuns_BuildOnce_AndAllAnswer()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Tools(), "flock")), "no flock here: the first runs are not kept apart");
        Command.Result[] runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunAsync(_launcher, ["x"])));
        Assert.All(runs, run => Assert.Equal((7, $"cwd {_temporary.Path}\n<x>\n"), (run.ExitCode, run.Output)));
        Assert.Single(Builds());
    }

    [Fact]
    public async Task AFailedBuild_ShowsItsOutput_AndExitsWith1()
    {
        _temporary.Write("broken", "");
        Command.Result run = await RunAsync(_launcher, []);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains("X.cs(1,1): error", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WithoutTheSdk_OneLineSaysWhatIsMissing_AndWhereToGetIt(bool olderSdk)
    {
        if (olderSdk) Directory.Move(Path.Combine(_temporary.Path, "sdk/sdk/10.0.100"), Path.Combine(_temporary.Path, "sdk/sdk/9.0.300"));
        Command.Result run = await RunAsync(_launcher, [], path: olderSdk ? _path : Tools());
        Assert.Equal((127, ""), (run.ExitCode, run.Output));
        string line = Assert.Single(Lines(run.Error));
        Assert.Contains(".NET SDK 10", line, StringComparison.Ordinal);
        Assert.Contains("https://dotnet.microsoft.com/download/dotnet/10.0", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithAnEmptyPath_TheMessageIsTheSame()
    {
        Command.Result run = await RunAsync(_launcher, [], path: Path.Combine(_temporary.Path, "nothing"));
        Assert.Equal(127, run.ExitCode);
        Assert.Single(Lines(run.Error));
    }

    private Task<Command.Result> RunAsync(string launcher, string[] arguments, string? folder = null, string? path = null, string input = "") =>
        Command.RunAsync(launcher, arguments, folder ?? _temporary.Path, new Dictionary<string, string?> { ["PATH"] = path ?? _path, ["DOTNET_ROOT"] = null }, input);

    private string[] Builds() => File.ReadAllLines(Path.Combine(_temporary.Path, "builds"));

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A folder with the system's tools that the launcher uses, and without dotnet.</summary>
    private string Tools()
    {
        string folder = Path.Combine(_temporary.Path, "tools");
        if (Directory.Exists(folder)) return folder;
        Directory.CreateDirectory(folder);
        foreach (string tool in (string[])["sh", "find", "readlink", "mkdir", "mktemp", "flock", "cat", "rm", "cp", "sleep", "grep"])
            if (((string[])["/bin", "/usr/bin"]).Select(bin => Path.Combine(bin, tool)).FirstOrDefault(File.Exists) is { } found)
                File.CreateSymbolicLink(Path.Combine(folder, tool), found);
        return folder;
    }
}
