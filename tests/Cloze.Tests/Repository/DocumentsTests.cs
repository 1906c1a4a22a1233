using System.Text.RegularExpressions;
namespace Cloze.Tests.Repository;

/// <summary>README and docs speak of files and code that exist.</summary>
public partial class DocumentsTests
{
    private static readonly string[] s_documents =
    [
        .. Directory.EnumerateFiles(Shared.Repository, "*.md"),
        .. Directory.EnumerateFiles(Path.Combine(Shared.Repository, "docs"), "*.md", SearchOption.AllDirectories),
    ];

    [Fact]
    public void Links_LeadToFilesThatExist()
    {
        List<string> broken = [];
        foreach (string document in s_documents)
            foreach (string target in Link().Matches(File.ReadAllText(document)).Select(match => match.Groups[1].Value))
                if (!target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, target)))
                    broken.Add($"{Path.GetRelativePath(Shared.Repository, document)}: {target}");
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    /// <summary>`src/…`, `Name.cs` and `Type.Member` in backticks: the file is there, and the member's name stands in a source that holds the type's.</summary>
    [Fact]
    public void NamesOfCode_StandInTheSources()
    {
        string[] sources = [.. ((string[])["src", "tests", "benchmarks"]).SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(Shared.Repository, folder), "*.cs", SearchOption.AllDirectories))];
        HashSet<string> files = [.. sources.Select(path => Path.GetFileName(path))];
        HashSet<string>[] words = [.. sources.Select(path => Word().Matches(File.ReadAllText(path)).Select(match => match.Value).ToHashSet())];
        List<string> missing = [];
        foreach (string document in s_documents.Where(path => Path.GetFileName(path) != "CHANGELOG.md"))
            foreach (string name in CodeName().Matches(File.ReadAllText(document)).Select(match => match.Groups[1].Value).Distinct())
            {
                bool exists = name.Contains('/') ? Path.Exists(Path.Combine(Shared.Repository, name))
                    : name.EndsWith(".cs", StringComparison.Ordinal) ? files.Contains(name)
                    : words.Any(set => name.Split('.').All(set.Contains));
                if (!exists) missing.Add($"{Path.GetRelativePath(Shared.Repository, document)}: {name}");
            }
        Assert.True(missing.Count == 0, string.Join('\n', missing));
    }

    /// <summary>README's first example is the body of a test that runs.</summary>
    [Fact]
    public void TheExampleOfTheReadme_IsTheOneThatIsTested()
    {
        string[] tested = [.. File.ReadAllLines(Path.Combine(Shared.Repository, "tests/Cloze.Tests/Repository/ReadmeExample.cs"))
            .SkipWhile(line => line.Trim() != "// README").Skip(1).TakeWhile(line => line.Trim() != "// end")];
        Assert.NotEmpty(tested);
        int indent = tested.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        string example = string.Join('\n', tested.Select(line => line.Length == 0 ? line : line[indent..]));
        const string Before = "using Cloze.Pipelines;\n\nstring folder = \"models/all-MiniLM-L6-v2\";";
        Assert.Contains($"```csharp\n{Before}\n{example}\n```", File.ReadAllText(Path.Combine(Shared.Repository, "README.md")).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`((?:src|tests|benchmarks|docs|models|tools)/[\w./-]+|[A-Z]\w*\.cs|[A-Z]\w+\.[A-Z]\w+)`")]
    private static partial Regex CodeName();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
