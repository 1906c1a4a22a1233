using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>One model's folder in the cache, laid out as <c>huggingface_hub</c> lays it out.</summary>
/// <remarks>
/// <c>models--org--name/blobs/ETAG</c> holds a file's bytes, <c>snapshots/COMMIT/path</c> links to it, <c>refs/REVISION</c> holds a commit, and an empty
/// <c>.no_exist/COMMIT/path</c> says that the commit has no such file. Locks lie beside, in <c>.locks/models--org--name/ETAG.lock</c>.
/// What appears under its final name is whole: blobs are renamed, links are made at once.
/// </remarks>
internal sealed class HubFolder(string cacheFolder, string repository)
{
    public const string Incomplete = ".incomplete", Prefix = "models--";
    private readonly string _name = Prefix + repository.Replace("/", "--", StringComparison.Ordinal);

    public string Path => System.IO.Path.Combine(cacheFolder, _name);
    public string Blobs => System.IO.Path.Combine(Path, "blobs");
    public string Snapshots => System.IO.Path.Combine(Path, "snapshots");
    public string Refs => System.IO.Path.Combine(Path, "refs");
    public string Locks => System.IO.Path.Combine(cacheFolder, ".locks", _name);

    public string Blob(string etag) => System.IO.Path.Combine(Blobs, etag);
    public string Snapshot(string commit) => System.IO.Path.Combine(Snapshots, commit);
    public string Ref(string revision) => System.IO.Path.Combine([Refs, .. revision.Split('/')]);
    public string NoExist(string commit) => System.IO.Path.Combine(Path, ".no_exist", commit);
    public string Lock(string etag) => System.IO.Path.Combine(Locks, etag + ".lock");

    public static string ReadText(string path) => System.Text.Encoding.UTF8.GetString(FileFault.ReadSmall(path)).Trim();

    /// <summary>Whether there is a file, or a link that leads to one: <see cref="File.Exists"/> takes a link that leads nowhere, too.</summary>
    public static bool IsFile(string path)
    {
        try
        {
            return WholeFile.Behind(path).Exists;
        }
        catch (IOException)
        {
            return false; // links in a circle
        }
    }

    /// <summary>The commit that a revision stands for here; null: nobody has asked for it yet.</summary>
    public string? Commit(HubModel model)
    {
        if (model.IsCommit) return model.Revision;
        string path = Ref(model.Revision);
        return File.Exists(path) && ReadText(path) is var commit && HubModel.IsCommitId(commit) ? commit : null;
    }

    /// <summary>Lets a revision stand for a commit.</summary>
    public void WriteRef(HubModel model, string commit)
    {
        if (model.Revision == commit || Commit(model) == commit) return;
        string target = Ref(model.Revision);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
        AtomicFile.Replace(Path, "ref", target, stream => stream.Write(System.Text.Encoding.ASCII.GetBytes(commit)));
    }

    /// <summary>Notes that a commit has no such file, so that nobody needs to ask again.</summary>
    public void MarkAbsent(string commit, string name)
    {
        string path = System.IO.Path.Combine(NoExist(commit), name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        using FileStream mark = new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
    }

    /// <summary>Makes a blob appear in a snapshot: a relative link, or a copy where the file system has no links.</summary>
    public void Link(string commit, string name, string etag)
    {
        string link = System.IO.Path.Combine(Snapshot(commit), name), folder = System.IO.Path.GetDirectoryName(link)!;
        string target = System.IO.Path.GetRelativePath(folder, Blob(etag));
        Directory.CreateDirectory(folder);
        FileInfo there = new(link);
        if (there.LinkTarget == target) return;
        if (there.Exists) there.Delete(); // it leads elsewhere or nowhere
        try
        {
            File.CreateSymbolicLink(link, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (IsFile(link)) return; // another process was first
            File.Copy(Blob(etag), link + Incomplete, overwrite: true);
            File.Move(link + Incomplete, link, overwrite: true);
        }
    }
}
