namespace Cloze.Checkpoints;

/// <summary>Keeps what the files of a model's folder name (shards, modules) within that folder, whatever links lie in it.</summary>
/// <remarks>
/// Files of fixed names (config.json, model.safetensors) may be links to anywhere: whoever made the folder put them there, and people join their stores so.
/// A snapshot in a hub's cache (<c>models--org--name/snapshots/COMMIT</c>) is all links, to <c>blobs</c> beside it; where those lead is the cache's affair
/// (decision 0046).
/// </remarks>
internal static class FolderBounds
{
    private const int MostLinks = 40; // as Linux
    private const string CachePrefix = "models--", Snapshots = "snapshots";

    /// <summary>A name that stays in the folder on every system.</summary>
    public static bool IsPlainName(string name) => name is not ("" or "." or "..") && !name.AsSpan().ContainsAny("/\\:") && !name.Any(char.IsControl);

    /// <summary>Whether a path of a repository, with slashes, names something below it on every system.</summary>
    public static bool IsPlainPath(string path) => path.Split('/').All(IsPlainName);

    /// <summary>Whether what stands at a path below a folder lies in that folder, links followed.</summary>
    /// <param name="path">Below the folder by its text.</param>
    public static bool Hold(string folder, string path)
    {
        string root = RealPath(folder);
        if (CacheOf(root) is not { } cache) return RealPath(path) is var real && (real == root || IsBelow(real, root));
        string within = Path.Combine(RealPath(Path.GetDirectoryName(path)!), Path.GetFileName(path));
        return IsBelow(within, cache) && (new FileInfo(within).LinkTarget is not { } target
            || IsBelow(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(within)!, target)), cache));
    }

    /// <summary>The path without any link, . and .. in it; what does not exist is kept as it is.</summary>
    /// <exception cref="CheckpointException">Links lead in a circle.</exception>
    public static string RealPath(string path)
    {
        string full = Path.GetFullPath(path), real = Path.GetPathRoot(full)!;
        Stack<string> rest = new(Parts(full[real.Length..]));
        for (int links = 0; rest.TryPop(out string? part);)
        {
            if (part is "." or "..")
            {
                if (part == "..") real = Path.GetDirectoryName(real) ?? real;
                continue;
            }
            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > MostLinks) throw new CheckpointException($"{path}: links lead in a circle.");
            string root = Path.GetPathRoot(target)!;
            if (root.Length > 0) real = root;
            foreach (string added in Parts(target[root.Length..])) rest.Push(added);
        }
        return real;

        // the last first, as a stack wants them
        static IEnumerable<string> Parts(string path) =>
            path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse();
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The model's folder in a hub's cache in which a folder lies; null: it is no snapshot.</summary>
    private static string? CacheOf(string real)
    {
        for (string? snapshots = real; snapshots is not null; snapshots = Path.GetDirectoryName(snapshots))
            if (Path.GetFileName(snapshots) == Snapshots && Path.GetDirectoryName(snapshots) is { } model
                && Path.GetFileName(model).StartsWith(CachePrefix, StringComparison.Ordinal))
                return model;
        return null;
    }
}
