namespace Cloze.Tokenizers;

/// <summary>Reads a tokenizer's files.</summary>
internal static class WholeFile
{
    /// <summary>All bytes of a file; none of a pipe or a device, which has no length and may have no end.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path)
    {
        FileSystemInfo entry = new FileInfo(path);
        if (entry.LinkTarget is not null) entry = entry.ResolveLinkTarget(returnFinalTarget: true) ?? entry;
        return entry is FileInfo { Exists: true, Length: 0 } ? [] : File.ReadAllBytes(path);
    }
}
