namespace Cloze.Tokenizers;

/// <summary>The files of a tokenizer, read whole.</summary>
internal static class TokenizerBytes
{
    /// <exception cref="TokenizerException">There is no such file, or no regular one.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path)
    {
        FileInfo file;
        try
        {
            file = WholeFile.Behind(path);
        }
        catch (IOException e)
        {
            throw new TokenizerException($"{path} is a link of a circle of links. Put the file itself there.", e);
        }
        if (!file.Exists)
            throw new TokenizerException(file.FullName == Path.GetFullPath(path) ? $"{path} does not exist. Fetch the file."
                : $"{path} is a link to {file.FullName}, which does not exist. Put the file itself there.");
        if (WholeFile.IsPipeOrDevice(file)) throw new TokenizerException($"{path} is a pipe or a device, no regular file. Put a file there.");
        return WholeFile.Read(file);
    }
}
