using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>One commit of a model in the cache.</summary>
/// <param name="Refs">Branches and tags that stand for it.</param>
/// <param name="Bytes">Of its files; commits may share them.</param>
/// <param name="Folder">The snapshot.</param>
public sealed record CachedRevision(string Commit, IReadOnlyList<string> Refs, long Bytes, string Folder);

/// <summary>A model in the cache.</summary>
/// <param name="Bytes">On the disk, each file once, unfinished downloads included.</param>
/// <param name="UnfinishedBytes">Of downloads that were not finished.</param>
public sealed record CachedModel(string Repository, IReadOnlyList<CachedRevision> Revisions, long Bytes, long UnfinishedBytes, string Folder)
{
    /// <summary>Why it cannot be listed, a clause with what to do: then it has no revisions and no size. Null: nothing is wrong.</summary>
    public string? Fault { get; init; }
}

/// <summary>What lies in the cache of a hub, whoever put it there; other things than models are left alone.</summary>
public sealed class HubCache(string folder)
{
    /// <summary>In the order of their names; one that is broken says so (<see cref="CachedModel.Fault"/>).</summary>
    /// <exception cref="HubException">The folder cannot be read.</exception>
    public IReadOnlyList<CachedModel> List() => !Directory.Exists(folder) ? []
        : InCache(() => Directory.EnumerateDirectories(folder, HubFolder.Prefix + "*").Order(StringComparer.Ordinal).Select(Listed).ToArray());

    /// <summary>Removes a model with all its revisions.</summary>
    /// <returns>Bytes that are free again.</returns>
    /// <exception cref="HubException">It is not in the cache, or cannot be removed.</exception>
    public long Remove(string repository)
    {
        HubFolder model = Folder(repository);
        return InCache(() => Remove(model));
    }

    /// <summary>Removes one revision, with what no other one uses.</summary>
    /// <returns>Bytes that are free again.</returns>
    /// <exception cref="HubException">It is not in the cache, or cannot be removed.</exception>
    public long Remove(HubModel revision)
    {
        HubFolder model = Folder(revision.Repository);
        string? commit = model.Commit(revision);
        if (commit is null || !Directory.Exists(model.Snapshot(commit))) throw new HubException($"{revision} is not in the cache {folder}.");
        return InCache(() =>
        {
            foreach (string reference in RefsOf(model).Where(name => name.Value == commit).Select(name => name.Key)) File.Delete(model.Ref(reference));
            long freed = Delete(model.Snapshot(commit)) + Delete(model.NoExist(commit));
            if (!Directory.EnumerateFileSystemEntries(model.Snapshots).Any()) return freed + Remove(model);
            HashSet<string> used = [.. FilesOf(model.Snapshots).Select(Target).OfType<string>()];
            foreach (FileInfo blob in FilesOf(model.Blobs).Where(blob => !used.Contains(blob.FullName) && blob.Extension != HubFolder.Incomplete))
            {
                freed += Length(blob);
                blob.Delete();
            }
            return freed;
        });
    }

    /// <summary>What leads to others goes first, so that what a kill leaves behind is incomplete, never wrong.</summary>
    private static long Remove(HubFolder model) => Delete(model.Refs) + Delete(model.Snapshots) + Delete(model.Path) + Delete(model.Locks);

    private HubFolder Folder(string repository)
    {
        HubFolder model = new(folder, HubModel.Parse(repository).Repository);
        return Directory.Exists(model.Path) ? model : throw new HubException($"{repository} is not in the cache {folder}.");
    }

    private CachedModel Listed(string path)
    {
        string repository = Path.GetFileName(path)[HubFolder.Prefix.Length..].Replace("--", "/", StringComparison.Ordinal);
        if (repository.Split('/') is not [_] and not [{ Length: > 0 }, { Length: > 0 }])
            return Broken($"{Path.GetFileName(path)} is no name of a model's folder (models--ORG--NAME); remove it by hand");
        try
        {
            return Read(path, repository);
        }
        catch (Exception e) when (e is CheckpointException or IOException or UnauthorizedAccessException)
        {
            return Broken($"{(e is CheckpointException ? e.Message.TrimEnd('.') : $"{path} cannot be read: {FileFault.Reason(e)}")}; "
                + $"cloze cache remove {repository} removes it");
        }

        CachedModel Broken(string fault) => new(repository, [], 0, 0, path) { Fault = fault };
    }

    private CachedModel Read(string path, string repository)
    {
        HubFolder model = new(folder, repository);
        ILookup<string, string> refs = RefsOf(model).ToLookup(name => name.Value, name => name.Key);
        CachedRevision[] revisions = !Directory.Exists(model.Snapshots) ? []
            : [.. Directory.EnumerateDirectories(model.Snapshots).Order(StringComparer.Ordinal).Select(Revision)];
        long unfinished = FilesOf(model.Blobs).Where(file => file.Extension == HubFolder.Incomplete).Sum(Length);
        return new(repository, revisions, FilesOf(path).Sum(Length), unfinished, path);

        CachedRevision Revision(string snapshot)
        {
            string commit = Path.GetFileName(snapshot);
            return new(commit, [.. refs[commit].Order(StringComparer.Ordinal)], FilesOf(snapshot).Sum(LengthOfTarget), snapshot);
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> RefsOf(HubFolder model) => FilesOf(model.Refs).Select(file =>
        KeyValuePair.Create(Path.GetRelativePath(model.Refs, file.FullName).Replace('\\', '/'), HubFolder.ReadText(file.FullName)));

    /// <summary>Files and links to files at any depth; links to folders are not entered.</summary>
    private static FileInfo[] FilesOf(string path) => !Directory.Exists(path) ? []
        : [.. FolderTree.Entries(path).OfType<FileInfo>()];

    /// <summary>Where a link leads, by its text; null: it is none.</summary>
    private static string? Target(FileInfo file) => file.LinkTarget is { } target ? Path.GetFullPath(target, file.DirectoryName!) : null;

    /// <summary>A link takes no place.</summary>
    private static long Length(FileInfo file) => file.LinkTarget is null ? file.Length : 0;

    private static long LengthOfTarget(FileInfo file) => HubFolder.IsFile(file.FullName) ? WholeFile.Behind(file.FullName).Length : 0;

    private static long Delete(string path)
    {
        long freed = FilesOf(path).Sum(Length);
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        return freed;
    }

    private TResult InCache<TResult>(Func<TResult> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"The cache {folder} cannot be read or changed: {FileFault.Reason(e)}.", e);
        }
    }
}
