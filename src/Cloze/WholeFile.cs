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

    /// <summary>All bytes of a file; none of a pipe or a device, which has no length and may have no end.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path) => Read(Behind(path));

    /// <inheritdoc cref="Read(string)"/>
    public static byte[] Read(FileInfo file) => file is { Exists: true, Length: 0 } ? [] : File.ReadAllBytes(file.FullName);
}
