namespace Cloze;

/// <summary>Files that are read whole, whatever stands under their names.</summary>
internal static class WholeFile
{
    /// <summary>The file at a path, or the one that links there lead to; it need not exist.</summary>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static FileInfo Behind(string path)
    {
        FileInfo file = new(path);
        return file.LinkTarget is null ? file : (FileInfo)file.ResolveLinkTarget(returnFinalTarget: true)!;
    }

    /// <summary>Whether there is a pipe, a socket or a device, which may have no end and may wait for its other end for ever.</summary>
    /// <remarks>
    /// The framework does not tell what stands there, but none of them has a length. A file without one is opened for both reading and writing, which waits for
    /// nobody. One that may only be read counts as a file; it is never opened (<see cref="Read(FileInfo)"/>).
    /// </remarks>
    public static bool IsPipeOrDevice(FileInfo file)
    {
        if (OperatingSystem.IsWindows() || file is not { Exists: true, Length: 0 }) return false;
        try
        {
            using FileStream stream = new(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 1);
            return !stream.CanSeek || stream.ReadByte() >= 0;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true; // a socket cannot be opened
        }
    }

    /// <summary>All bytes of a file; none of a pipe or a device, which has no length and may have no end.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path) => Read(Behind(path));

    /// <inheritdoc cref="Read(string)"/>
    public static byte[] Read(FileInfo file) => file is { Exists: true, Length: 0 } ? [] : File.ReadAllBytes(file.FullName);
}
