using System.IO.Compression;
using System.Reflection;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
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
        IReadOnlyList<string> entries = await PackAsync("Cloze", "-p:AheadPlatforms=");
        foreach (string expected in (string[])["README.md", "LICENSE", "NOTICE", "lib/net10.0/Cloze.dll", "lib/net10.0/Cloze.xml"]) Assert.Contains(expected, entries);
        Assert.DoesNotContain(entries, entry => entry.Contains("models/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheLibrary_IsCompiledAhead_ForSixPlatforms()
    {
        Command.Result property = await DotnetAsync("msbuild", Path.Combine("src", "Cloze"), "-getProperty:AheadPlatforms", "-p:Configuration=Release");
        Assert.Equal("linux-x64;linux-arm64;osx-x64;osx-arm64;win-x64;win-arm64", property.Output.Trim());
    }

    /// <summary>For this platform only: compiling for all six takes 20 seconds.</summary>
    [Fact]
    public async Task AProgramWithThePackage_LoadsTheCodeCompiledAhead_AndNoneOfItWhereItIsPortable()
    {
        Assert.SkipUnless(Configuration == "release", "Only Release builds compile ahead.");
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux", platform = $"{system}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
        IReadOnlyList<string> entries = await PackAsync("Cloze", $"-p:AheadPlatforms={platform}");
        Assert.SkipUnless(entries.Any(entry => entry.StartsWith("runtimes/", StringComparison.Ordinal)), "crossgen2 was left out of this build (-p:Crossgen2Version=).");
        Assert.Contains($"runtimes/{platform}/lib/net10.0/Cloze.dll", entries);

        string app = _temporary.Write("app/app.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <UseAppHost>false</UseAppHost>
                <RestorePackagesPath>packages</RestorePackagesPath>
                <RestoreSources>../feed</RestoreSources>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Cloze" Version="*" />
              </ItemGroup>
            </Project>
            """);
        _temporary.Write("app/Program.cs", """
            System.Console.WriteLine(typeof(Cloze.Tokenizers.Tokenizer).Assembly.Location);
            """);
        await DotnetAsync("build", app, "-o", Path.Combine(_temporary.Path, "out"), "--nologo");
        Command.Result run = await DotnetAsync(Path.Combine(_temporary.Path, "out", "app.dll"));

        string loaded = run.Output.Trim();
        Assert.EndsWith($"runtimes/{platform}/lib/net10.0/Cloze.dll", loaded.Replace('\\', '/'), StringComparison.Ordinal);
        Assert.True(HoldsNativeCode(loaded));
        Assert.False(HoldsNativeCode(Path.Combine(_temporary.Path, "out", "Cloze.dll")));
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
    private async Task<IReadOnlyList<string>> PackAsync(string project, params string[] settings)
    {
        string feed = Path.Combine(_temporary.Path, "feed");
        await DotnetAsync(["pack", Path.Combine("src", project), "-c", Configuration, "--no-build", "-o", feed, "--nologo", .. settings]);
        string package = Assert.Single(Directory.EnumerateFiles(feed, "*.nupkg"));
        using ZipArchive archive = ZipFile.OpenRead(package);
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Name;

    private static bool HoldsNativeCode(string assembly)
    {
        using PEReader reader = new(File.OpenRead(assembly));
        return reader.PEHeaders.CorHeader is { ManagedNativeHeaderDirectory.Size: > 0 };
    }

    private static async Task<Command.Result> DotnetAsync(params string[] arguments)
    {
        Command.Result result = await Command.RunAsync("dotnet", arguments, environment: new Dictionary<string, string?> { ["MSBUILDDISABLENODEREUSE"] = "1" });
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }
}
