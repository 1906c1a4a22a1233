using System.Security.Cryptography;
using System.Text.RegularExpressions;
namespace Cloze.Tests.Repository;

/// <summary>What may stand in the repository, and that a checkout has it byte for byte.</summary>
public partial class TrackedFilesTests
{
    [Fact]
    public async Task NoFile_NamesAPlaceOnSomebodysMachine()
    {
        List<string> found = [];
        foreach (string path in await TrackedAsync(""))
        {
            if (path.StartsWith("models/", StringComparison.Ordinal) || path.StartsWith("tests/Cloze.Tests/Data/", StringComparison.Ordinal)) continue;
            string text = await File.ReadAllTextAsync(Path.Combine(Shared.Repository, path), TestContext.Current.CancellationToken);
            found.AddRange(MachinePath().Matches(text).Select(match => $"{path}: {match.Value}"));
        }
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    /// <summary>A stranger's clone stays small.</summary>
    [Fact]
    public async Task Tests_TakeNoMoreThan24MB()
    {
        IReadOnlyList<string> paths = await TrackedAsync("tests");
        Assert.True(paths.Sum(path => new FileInfo(Path.Combine(Shared.Repository, path)).Length) <= 24 * 1024 * 1024, "the files under tests/ take more than 24 MB");
    }

    /// <summary>models/SHA256SUMS records what was committed; a checkout that turns line ends must not touch it, nor the scripts for sh.</summary>
    [Fact]
    public async Task AClone_ThatTurnsLineEnds_HasTheModelsByteForByte()
    {
        await RequireGitAsync();
        using TemporaryFolder folder = new();
        string clone = Path.Combine(folder.Path, "clone");
        Command.Result cloned = await Command.RunAsync("git", ["clone", "-q", "--shared", "-c", "core.autocrlf=true", Shared.Repository, clone]);
        Assert.True(cloned.ExitCode == 0, cloned.ToString());
        string[] sums = await File.ReadAllLinesAsync(Path.Combine(clone, "models", "SHA256SUMS"), TestContext.Current.CancellationToken);
        foreach (string line in sums)
        {
            byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(clone, "models", line[66..]), TestContext.Current.CancellationToken);
            Assert.Equal(line, $"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {line[66..]}");
        }
        string[] committed = [.. (await TrackedAsync("models")).Select(path => path["models/".Length..]).Where(path => path != "SHA256SUMS")];
        Assert.Equal(committed.Order(StringComparer.Ordinal), sums.Select(line => line[66..]).Order(StringComparer.Ordinal));
        foreach (string script in (string[])["cloze", "test", ".ci/run"]) Assert.DoesNotContain((byte)'\r', await File.ReadAllBytesAsync(Path.Combine(clone, script), TestContext.Current.CancellationToken));
    }

    private static async Task<IReadOnlyList<string>> TrackedAsync(string folder)
    {
        await RequireGitAsync();
        Command.Result listed = await Command.RunAsync("git", ["ls-files", "-z", "--", $"./{folder}"]);
        Assert.Equal(0, listed.ExitCode);
        return [.. listed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(path => File.Exists(Path.Combine(Shared.Repository, path)))];
    }

    private static Task RequireGitAsync()
    {
        Assert.SkipUnless(Path.Exists(Path.Combine(Shared.Repository, ".git")), "the sources are not a clone, so that nothing says what is tracked");
        return Task.CompletedTask;
    }

    /// <summary>Homes, work folders and private hosts.</summary>
    [GeneratedRegex("(?<![\\w.$}])/(?:work|root|home)/[\\w.]+|[A-Z]:\\\\Users\\\\\\w+|://(?:10|192\\.168)\\.[\\d.]+|\\b[\\w-]+\\.(?:internal|corp|lan)\\b")]
    private static partial Regex MachinePath();
}
