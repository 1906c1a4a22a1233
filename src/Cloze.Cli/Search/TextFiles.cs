using Cloze.Cli.Input;
using Cloze.Cli.Output;
namespace Cloze.Cli.Search;

/// <summary>The text files below some paths: folders recursively, in ordinal order, each file once. What is hidden, empty or binary
/// is left out and counted.</summary>
/// <remarks>
/// A file that is named itself is read even where its name is hidden or it is a pipe. In folders, pipes, sockets and devices are as good as empty: they
/// have no length, and are never opened, since that may block for ever. Links to folders are not followed, so that no loop can arise.
/// </remarks>
internal sealed class TextFiles(bool strict)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public int Read { get; private set; }
    public int Hidden { get; private set; }
    public int Empty { get; private set; }
    public int Binary { get; private set; }
    public int Linked { get; private set; }
    public int Unreadable { get; private set; }

    /// <summary>"2 hidden, 1 binary"; empty: nothing was left out.</summary>
    public string LeftOut => string.Join(", ",
        ((int Count, string Kind)[])[(Hidden, "hidden"), (Empty, "empty or no regular file"), (Binary, "binary"), (Linked, "linked folder"), (Unreadable, "unreadable")] is var kinds
            ? kinds.Where(kind => kind.Count > 0).Select(kind => $"{kind.Count} {kind.Kind}") : []);

    /// <param name="paths">Files or folders; <c>-</c> is stdin.</param>
    /// <returns>Each file, open at its first line; to be disposed by the caller.</returns>
    /// <exception cref="CommandException">A path does not exist, or a file that is named itself cannot be read.</exception>
    public IEnumerable<TextLines> Open(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            if (path != "-" && Directory.Exists(path))
            {
                foreach (string file in Below(path))
                    if (TryOpen(file, isNamed: false) is { } lines) yield return lines;
            }
            else if (TryOpen(path, isNamed: true) is { } lines)
            {
                yield return lines;
            }
        }
    }

    private IEnumerable<string> Below(string folder)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = new DirectoryInfo(folder).GetFileSystemInfos();
        }
        catch (UnauthorizedAccessException e)
        {
            Skip(folder, e);
            yield break;
        }
        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (FileSystemInfo entry in entries)
        {
            string path = Path.Combine(folder, entry.Name);
            if (entry.Name.StartsWith('.') || (OperatingSystem.IsWindows() && entry.Attributes.HasFlag(FileAttributes.Hidden))) Hidden++;
            else if (entry is FileInfo file && !HasLength(file)) Empty++;
            else if (entry is FileInfo) yield return path;
            else if (entry.LinkTarget is not null) Linked++;
            else foreach (string below in Below(path)) yield return below;
        }
    }

    /// <summary>Whether a file has a length above 0, or cannot be looked at: opening it will say why.</summary>
    private static bool HasLength(FileInfo file)
    {
        try
        {
            FileSystemInfo? target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
            return target is not FileInfo { Exists: true, Length: 0 };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private TextLines? TryOpen(string path, bool isNamed)
    {
        if (!_seen.Add(path == "-" ? path : Path.GetFullPath(path))) return null;
        TextLines lines;
        try
        {
            lines = TextLines.Open(path, strict);
        }
        catch (CommandException e) when (!isNamed)
        {
            Skip(path, e);
            return null;
        }
        if (!lines.IsBinary)
        {
            Read++;
            return lines;
        }
        Binary++;
        lines.Dispose();
        return null;
    }

    private void Skip(string path, Exception e)
    {
        Unreadable++;
        Messages.Write(e is CommandException ? e.Message : $"{path} cannot be read: {TextLines.Reason("", e)}.");
    }
}
