using System.Text.RegularExpressions;
namespace Cloze.Tests.Repository;

/// <summary>A file of the core: its path below src/Cloze, with slashes, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The folder directly below src/Cloze; empty for a file that lies there itself.</summary>
    public string Folder => Path.Contains('/') ? Path[..Path.IndexOf('/')] : "";

    /// <summary>The text without comments and without what stands between quotes.</summary>
    public string Code => Regex.Replace(Text, """//[^\n]*|/\*.*?\*/|\"{3,}.*?\"{3,}|@\"(?:[^\"]|\"\")*\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'""", " ", RegexOptions.Singleline);
}

/// <summary>Which folder of the core may name which (design, section 5), found by reading the sources.</summary>
internal static partial class Arrows
{
    /// <summary>A folder that is not here is a fault: whoever adds one says what it may name.</summary>
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        [""] = [],
        ["Kernels"] = [],
        ["Tokenizers"] = [],
        ["Ops"] = [],
        ["Heads"] = ["Ops"],
        ["Models"] = ["Heads", "Ops"],
        ["Cpu"] = ["Kernels", "Ops"],
        ["Checkpoints"] = ["Heads", "Models", "Ops"],
        ["Hub"] = ["Checkpoints"],
        ["Pipelines"] = ["Checkpoints", "Cpu", "Heads", "Models", "Ops", "Tokenizers"],
    };

    /// <summary>Folders whose files may hold unsafe code, and the one file that maps checkpoints.</summary>
    private static readonly string[] s_unsafe = ["Kernels", "Cpu"];

    /// <returns>One line for each arrow that points the wrong way; none: the folders are in order.</returns>
    public static IReadOnlyList<string> Faults(IReadOnlyList<SourceFile> files)
    {
        List<string> faults = [];
        foreach (SourceFile file in files)
        {
            if (!s_allowed.TryGetValue(file.Folder, out string[]? allowed))
            {
                faults.Add($"{file.Path}: the folder {file.Folder} is not among the known ones; say in Arrows.cs what it may name");
                continue;
            }
            string code = file.Code;
            string home = file.Folder.Length == 0 ? "Cloze" : $"Cloze.{file.Folder}";
            foreach (Match match in Namespace().Matches(code))
                if (match.Groups[1].Value is var name && name != home && !name.StartsWith($"{home}.", StringComparison.Ordinal))
                    faults.Add($"{file.Path}: is in namespace {name}, its folder is {home}");
            foreach (string named in Named().Matches(code).Select(match => match.Groups["folder"].Value).Distinct())
                if (named != file.Folder && s_allowed.ContainsKey(named) && !allowed.Contains(named))
                    faults.Add($"{file.Path}: names {named}; {(file.Folder.Length == 0 ? "a file of src/Cloze itself" : file.Folder)} may name {(allowed.Length == 0 ? "nobody" : string.Join(", ", allowed))}");
            if (GlobalUsing().IsMatch(code)) faults.Add($"{file.Path}: a global using hides arrows from whoever reads a file");
            if (file.Folder is "Models" or "Heads")
                foreach (string reading in Reading().Matches(code).Select(match => match.Value).Distinct())
                    faults.Add($"{file.Path}: names the reading {reading}; a model knows IOps only");
        }
        return faults;
    }

    /// <returns>Files outside the kernels with unsafe code; one under Checkpoints maps files and may have it.</returns>
    public static IReadOnlyList<string> Unsafe(IReadOnlyList<SourceFile> files) =>
        [.. files.Where(file => !s_unsafe.Contains(file.Folder) && UnsafeCode().IsMatch(file.Code)).Select(file => file.Path)];

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    /// <summary>A using of any kind, and a name that is qualified from the root or from Cloze down.</summary>
    [GeneratedRegex(@"(?<![\w.])(?:global::)?(?:Cloze\.(?<folder>\w+)|(?<folder>Kernels|Tokenizers|Ops|Heads|Models|Cpu|Checkpoints|Hub|Pipelines)\.(?=[A-Z_]))")]
    private static partial Regex Named();

    [GeneratedRegex(@"\bglobal\s+using\b")]
    private static partial Regex GlobalUsing();

    [GeneratedRegex(@"\b(?:Cpu|Cost|Traced|Timed|Tape|Onnx)Ops\b")]
    private static partial Regex Reading();

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex UnsafeCode();
}
