using System.IO.Compression;
using System.Reflection;
using Cloze.Pipelines;
namespace Cloze.Tests.Repository;

/// <summary>What <c>dotnet pack</c> gives, and that the command runs when it is installed from a local feed.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task TheLibrary_BringsReadmeAndLicence_AndNoModel()
    {
        IReadOnlyList<string> entries = await PackAsync("Cloze");
        foreach (string expected in (string[])["README.md", "LICENSE", "NOTICE", "lib/net10.0/Cloze.dll", "lib/net10.0/Cloze.xml"]) Assert.Contains(expected, entries);
        Assert.DoesNotContain(entries, entry => entry.Contains("models/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheCommand_InstalledFromALocalFeed_AnswersWithItsOwnModel()
    {
        IReadOnlyList<string> entries = await PackAsync("Cloze.Cli");
        foreach (string expected in (string[])["README.md", "LICENSE", "NOTICE", "tools/net10.0/any/models/all-MiniLM-L6-v2/model.safetensors"]) Assert.Contains(expected, entries);

        string tools = Path.Combine(_temporary.Path, "tools");
        await DotnetAsync("tool", "install", "Cloze.Cli", "--tool-path", tools, "--source", Path.Combine(_temporary.Path, "feed"));
        string cloze = Path.Combine(tools, OperatingSystem.IsWindows() ? "cloze.exe" : "cloze");

        Command.Result version = await Command.RunAsync(cloze, ["--version"], _temporary.Path);
        string expectedVersion = typeof(TextEmbedder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        Assert.Equal((0, expectedVersion), (version.ExitCode, version.Output.Trim()));

        _temporary.Write("texts/a.txt", "The cat sleeps on the sofa.\n\nInterest rates rose again in March.\n");
        Command.Result search = await Command.RunAsync(cloze, ["search", "money and banks", "texts", "--top", "1", "--json"], _temporary.Path);
        Assert.True(search.ExitCode == 0, search.ToString());
        Assert.Contains("Interest rates", search.Output, StringComparison.Ordinal);
    }

    /// <returns>The names of the files in the package, which lies in the folder feed.</returns>
    private async Task<IReadOnlyList<string>> PackAsync(string project)
    {
        string feed = Path.Combine(_temporary.Path, "feed"), configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        await DotnetAsync("pack", Path.Combine("src", project), "-c", configuration, "--no-build", "-o", feed, "--nologo");
        string package = Assert.Single(Directory.EnumerateFiles(feed, "*.nupkg"));
        using ZipArchive archive = ZipFile.OpenRead(package);
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    private static async Task DotnetAsync(params string[] arguments)
    {
        Command.Result result = await Command.RunAsync("dotnet", arguments, environment: new Dictionary<string, string?> { ["MSBUILDDISABLENODEREUSE"] = "1" });
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
