namespace Cloze.Checkpoints;

/// <summary>What a process that was killed while it wrote has left beside its output: hidden files and folders <c>.name.RANDOM.tmp</c> and <c>.old</c>.</summary>
/// <remarks>
/// Whoever writes holds a lock (on Unix flock) on a file of the same name: the unfinished file itself, or <c>.name.RANDOM.lock</c> beside an unfinished folder.
/// The system lets go of it when the process ends, however it ends, so that a lock which can be had says that nobody writes any more. It holds between
/// processes of one machine, containers included; on a network file system as far as that has such locks.
/// </remarks>
internal static class Leftovers
{
    public const string Temporary = ".tmp", Old = ".old", Lock = ".lock";

    /// <summary>For one process alone; on Windows a file may only be renamed or removed while it is open if that is shared.</summary>
    public static FileShare Alone => OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;

    /// <summary>The name of a new unfinished thing, without an ending.</summary>
    public static string NewName(string name) => $".{name}.{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}";

    /// <summary>A lock that this process holds until it disposes it.</summary>
    /// <exception cref="IOException">It is there already, or the place cannot be written.</exception>
    public static FileStream Hold(string path) => new(path, FileMode.CreateNew, FileAccess.ReadWrite, Alone, bufferSize: 1);

    /// <summary>Removes the unfinished files of a name that nobody writes any more.</summary>
    public static void RemoveFiles(string folder, string name)
    {
        foreach (string file in Unfinished(folder, name, Temporary)) Dead(file, () => File.Delete(file));
    }

    /// <summary>Removes the unfinished folders of a name that nobody writes any more. A folder that was to be replaced, and was not, gets its name back.</summary>
    public static void RemoveFolders(string folder, string name)
    {
        foreach (string held in Unfinished(folder, name, Lock))
        {
            Dead(held, () =>
            {
                string temporary = Path.ChangeExtension(held, Temporary), old = Path.ChangeExtension(held, Old), target = Path.Combine(folder, name);
                if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
                if (Directory.Exists(old) && !Path.Exists(target)) Directory.Move(old, target);
                else if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
                File.Delete(held);
            });
        }
    }

    private static string[] Unfinished(string folder, string name, string ending)
    {
        string start = $".{name}.";
        try
        {
            return Directory.Exists(folder) ? [.. Directory.GetFiles(folder, $"{start}*").Where(path => IsUnfinished(Path.GetFileName(path)))] : [];
        }
        catch (UnauthorizedAccessException)
        {
            return []; // a folder that may be written, but not listed
        }

        bool IsUnfinished(string file) => file.StartsWith(start, StringComparison.Ordinal) && file.EndsWith(ending, StringComparison.Ordinal)
            && file.Length > start.Length + ending.Length && !file[start.Length..^ending.Length].Contains('.', StringComparison.Ordinal);
    }

    /// <summary>Does what is to be done under the lock, if it can be had; what belongs to somebody else, or has just gone, stays as it is.</summary>
    private static void Dead(string held, Action remove)
    {
        try
        {
            using FileStream taken = new(held, FileMode.Open, FileAccess.ReadWrite, Alone, bufferSize: 1);
            remove();
        }
        catch (Exception e) when (e is FileNotFoundException or UnauthorizedAccessException || e is IOException shared && FileFault.IsInUse(shared))
        {
            // somebody else's, or gone meanwhile
        }
    }
}
