namespace Cloze.Checkpoints;

/// <summary>Writes a file so that under its name stands the old content or the whole new one, never a part.</summary>
/// <remarks>
/// Written under another name beside it, brought to disk, renamed. What is killed half-way leaves only a hidden <c>.name.….tmp</c>, which the next run that
/// writes there removes (<see cref="Leftovers"/>).
/// </remarks>
public static class AtomicFile
{
    /// <param name="path">Where it will stand; a link stays, what it points to is replaced.</param>
    /// <param name="write">Writes the whole content; called once, after the place has been found writable.</param>
    /// <exception cref="IOException">It cannot be written; nothing has changed.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (path.Length == 0) throw new IOException("The name of the output is empty; the name of a file is needed.");
        try
        {
            string target = Path.GetFullPath(path);
            if (Directory.Exists(target)) throw new IOException($"{path} is a folder; the name of a file is needed.");
            if (target.StartsWith("/dev/", StringComparison.Ordinal) && !target.StartsWith("/dev/shm/", StringComparison.Ordinal)) // the latter holds files
            {
                using FileStream device = new(target, FileMode.Open, FileAccess.Write); // a device is written to, not replaced
                write(device);
                return;
            }
            target = WholeFile.Behind(target).FullName; // a link stays
            Replace(Path.GetDirectoryName(target)!, Path.GetFileName(target), target, write);
        }
        catch (Exception e) when (FileFault.IsOfPlace(e) || File.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
        {
            throw FileFault.Unwritable(path, e);
        }
    }

    /// <param name="folder">Where the file stands for the time of writing, on the same file system.</param>
    /// <param name="name">What its name is made of.</param>
    internal static void Replace(string folder, string name, string target, Action<Stream> write)
    {
        Leftovers.RemoveFiles(folder, name);
        string temporary = Path.Combine(folder, Leftovers.NewName(name) + Leftovers.Temporary);
        try
        {
            using FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, Leftovers.Alone, bufferSize: 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
            File.Move(temporary, target, overwrite: true); // while it is held: an unfinished file that nobody holds is removed by others
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
