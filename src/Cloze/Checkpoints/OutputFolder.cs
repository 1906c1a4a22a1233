namespace Cloze.Checkpoints;

/// <summary>A folder that appears under its name when all of it is written, or not at all.</summary>
/// <remarks>
/// Written as a hidden folder beside it and renamed. A folder that it replaces is first renamed, and removed last: whatever happens in between, one of the
/// two is whole. What is killed half-way leaves only hidden <c>.name.….tmp</c>, <c>.old</c> and <c>.lock</c>, which the next run that writes there removes
/// (<see cref="Leftovers"/>).
/// </remarks>
internal sealed class OutputFolder : IDisposable
{
    private readonly string _target, _temporary;
    private readonly FileStream _held;
    private bool _isDone;

    private OutputFolder(string target, string temporary, FileStream held) => (_target, _temporary, _held) = (target, temporary, held);

    /// <param name="force">Replace a checkpoint folder that is there.</param>
    /// <param name="written">Files that will stand there, by their paths in the folder: those that are there already are replaced, too.</param>
    /// <exception cref="IOException">Something stands there that must not be replaced, or the place cannot be written.</exception>
    public static OutputFolder Create(string path, bool force, IReadOnlyCollection<string>? written = null)
    {
        string target = RealPath(path);
        RemoveLeftovers(target);
        if (File.Exists(target)) throw new IOException($"{path} is a file; name a folder.");
        if (Directory.Exists(target))
        {
            if (!force) throw new IOException($"{path} exists; --force replaces it.");
            if (Directory.EnumerateFileSystemEntries(target).Any() && !CheckpointFolder.IsOne(target))
                throw new IOException($"{path} holds other things than a checkpoint (config.json and weights), and is not replaced; name another folder.");
            if (CheckpointFolder.Others(target, written ?? []) is { } others)
                throw new IOException($"{path} holds what no checkpoint consists of ({others}), and is not replaced; move that away, or name another folder.");
        }
        try
        {
            string parent = Path.GetDirectoryName(target) ?? throw new IOException($"{path} is no place for a checkpoint.");
            Directory.CreateDirectory(parent);
            string unfinished = Path.Combine(parent, Leftovers.NewName(Path.GetFileName(target)));
            FileStream held = Leftovers.Hold(unfinished + Leftovers.Lock);
            try
            {
                Directory.CreateDirectory(unfinished + Leftovers.Temporary);
            }
            catch
            {
                Release(held);
                throw;
            }
            return new(target, unfinished + Leftovers.Temporary, held);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw FileFault.Unwritable(path, e);
        }
    }

    private static void RemoveLeftovers(string target)
    {
        if (Path.GetDirectoryName(target) is { } parent) Leftovers.RemoveFolders(parent, Path.GetFileName(target));
    }

    /// <summary>The lock's file goes while it is held.</summary>
    private static void Release(FileStream held)
    {
        File.Delete(held.Name);
        held.Dispose();
    }

    /// <summary>Without links at its end and without . and ..</summary>
    /// <exception cref="IOException">It is empty.</exception>
    public static string RealPath(string path)
    {
        if (path.Length == 0) throw new IOException("The name of the output is empty; the name of a folder is needed.");
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        FileSystemInfo? linked = Directory.Exists(full) ? Directory.ResolveLinkTarget(full, returnFinalTarget: true) : null;
        return linked is null ? full : Path.TrimEndingDirectorySeparator(linked.FullName);
    }

    /// <summary>Where a file of the folder is to be written; its own folder is made.</summary>
    public string Place(string relative)
    {
        string path = Path.Combine(_temporary, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>Writes one file to the disk.</summary>
    public void Write(string relative, Action<Stream> write)
    {
        try
        {
            using FileStream stream = new(Place(relative), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
        }
        catch (IOException e) when (FileFault.IsFull(e))
        {
            throw FileFault.Unwritable(_target, e);
        }
    }

    /// <summary>Lets it appear.</summary>
    public void Commit()
    {
        if (!Directory.Exists(_target))
        {
            Directory.Move(_temporary, _target);
            _isDone = true;
            return;
        }
        string old = Path.ChangeExtension(_temporary, Leftovers.Old);
        Directory.Move(_target, old);
        try
        {
            Directory.Move(_temporary, _target);
        }
        catch
        {
            Directory.Move(old, _target);
            throw;
        }
        _isDone = true;
        Directory.Delete(old, recursive: true);
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        try
        {
            if (!_isDone && Directory.Exists(_temporary)) Directory.Delete(_temporary, recursive: true);
        }
        finally
        {
            Release(_held);
        }
    }
}
