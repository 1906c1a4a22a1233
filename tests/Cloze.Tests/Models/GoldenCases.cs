namespace Cloze.Tests.Models;

/// <summary>Recorded cases by family and name: those of the repository, and where the reference data lies beside it all of them.</summary>
public static class GoldenCases
{
    /// <summary>What the repository holds of them.</summary>
    public static string Committed { get; } = Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Data", "models");

    /// <summary>Cases that a plain program computed.</summary>
    public static string OfAPlainProgram { get; } = Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Data", "plain");

    private static readonly string s_all = Shared.Path("goldens", "models");

    public static string Folder(string family, string name)
    {
        string committed = Path.Combine(Committed, family, name);
        return Directory.Exists(committed) ? committed : Path.Combine(s_all, family, name);
    }

    public static TheoryData<string, string> Plain()
    {
        TheoryData<string, string> data = [];
        foreach ((string family, string name) in In(OfAPlainProgram).Order()) data.Add(family, name);
        return data;
    }

    public static TheoryData<string, string> Run() => Where((family, name) => true);

    /// <summary>Without the pairs of a generator and a discriminator.</summary>
    public static TheoryData<string, string> RunOnOneNetwork() => Where((family, name) => !name.StartsWith("rtd-", StringComparison.Ordinal));

    private static TheoryData<string, string> Where(Func<string, string, bool> isWanted)
    {
        TheoryData<string, string> data = [];
        foreach ((string family, string name) in All().Distinct().Where(found => isWanted(found.Family, found.Name)).Order()) data.Add(family, name);
        return data;
    }

    private static IEnumerable<(string Family, string Name)> All() => In(Committed).Concat(In(s_all));

    private static IEnumerable<(string Family, string Name)> In(string root) =>
        from family in Directory.Exists(root) ? Directory.EnumerateDirectories(root) : []
        from folder in Directory.EnumerateDirectories(family)
        where File.Exists(Path.Combine(folder, "reference.safetensors"))
        select (Path.GetFileName(family), Path.GetFileName(folder));
}
