namespace Cloze.Checkpoints;

/// <summary>What a checkpoint's folder consists of, so that one may be replaced and nothing else is lost.</summary>
internal static class CheckpointFolder
{
    private const int FirstShown = 3;
    private static readonly HashSet<string> s_files =
    [
        "config.json", "generation_config.json", "config_sentence_transformers.json", ModuleEntry.FileName, AdapterConfig.FileName, .. LengthFiles.Names,
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
        "spm.model", "spiece.model", "sentencepiece.bpe.model", "README.md", "LICENSE", "LICENSE.txt", "NOTICE", "NOTICE.txt", ".gitattributes",
    ];
    private static readonly string[] s_weights = [".safetensors", ".bin", ".pt", ".safetensors.index.json", ".bin.index.json"];

    /// <summary>Whether there is a model: its settings and weights.</summary>
    public static bool IsOne(string folder) => File.Exists(Path.Combine(folder, "config.json"))
        && Directory.EnumerateFiles(folder).Any(path => Path.GetExtension(path) is ".safetensors" or ".bin" or ".pt");

    /// <summary>What else lies there than what a checkpoint consists of, the first of it; null: nothing.</summary>
    /// <param name="written">Files that stand there when a checkpoint is written, by their paths in the folder.</param>
    public static string? Others(string folder, IReadOnlyCollection<string> written)
    {
        string[] others =
        [
            .. FolderTree.Entries(folder)
                .Where(entry => !IsKnown(entry, Path.GetRelativePath(folder, entry.FullName), written))
                .Select(entry => Path.GetRelativePath(folder, entry.FullName)).Order(StringComparer.Ordinal),
        ];
        return others.Length == 0 ? null : string.Join(", ", others.Take(FirstShown).Select(FileFault.Shown)) + (others.Length > FirstShown ? " …" : "");
    }

    private static bool IsKnown(FileSystemInfo entry, string path, IReadOnlyCollection<string> written)
    {
        string[] parts = path.Split(Path.DirectorySeparatorChar);
        if (entry is DirectoryInfo)
            return entry.LinkTarget is null && (parts is [var name] && IsModule(name)
                || written.Any(file => file.StartsWith(path + Path.DirectorySeparatorChar, StringComparison.Ordinal)));
        return written.Contains(path) || (parts is [_] || parts is [var module, _] && IsModule(module)) && IsKnownFile(parts[^1]);
    }

    private static bool IsKnownFile(string name) => s_files.Contains(name) || s_weights.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>1_Pooling, 2_Dense …</summary>
    private static bool IsModule(string name) => name.IndexOf('_') is > 0 and var end && name[..end].All(char.IsAsciiDigit);
}
