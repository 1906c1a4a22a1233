using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>How far a download is.</summary>
/// <param name="Received">Bytes that came over the network in this call.</param>
/// <param name="Done">Bytes on the disk of the files that the call is about, those of earlier calls included.</param>
/// <param name="Total">Bytes of these files, as far as they are known: indexes lead to more.</param>
public readonly record struct HubProgress(long Received, long Done, long Total);

/// <summary>Models of a hub by their names: from the local cache, which is shared with <c>huggingface_hub</c>, and from the hub what is missing there.</summary>
/// <remarks>
/// Only files that Cloze reads are fetched. What appears in the cache is whole and checked; several threads and processes may fetch at once. A process that
/// is killed leaves <c>.incomplete</c> files, with which the next one goes on. Safe for concurrent use.
/// </remarks>
public sealed class ModelHub
{
    private readonly HubTimes _times;

    /// <param name="settings">Null: what the environment says.</param>
    /// <exception cref="HubException">The environment holds what cannot be meant.</exception>
    public ModelHub(HubSettings? settings = null) : this(settings, new())
    {
    }

    internal ModelHub(HubSettings? settings, HubTimes times) => (Settings, _times) = (settings ?? HubSettings.FromEnvironment(), times);

    public HubSettings Settings { get; }

    /// <summary>The folder of a model that is in the cache with all that is wanted of it; nothing is asked of the hub.</summary>
    /// <returns>Null: something is missing, or nobody knows whether it exists.</returns>
    /// <exception cref="CheckpointException">A file in the cache that leads to others is broken.</exception>
    public string? Find(HubModel model, HubFiles files = HubFiles.All)
    {
        HubFolder folder = new(Settings.CacheFolder, model.Repository);
        if (folder.Commit(model) is not { } commit || !Directory.Exists(folder.Snapshot(commit))) return null;
        if (!Settings.IsOffline) return new ModelFiles(folder, commit, files, listed: null).Needed.Count == 0 ? folder.Snapshot(commit) : null;
        ModelFiles cached = new(folder, commit, files, listed: new HashSet<string>());
        return (files == HubFiles.Tokenizer ? cached.HasTokenizer : cached is { HasConfig: true, HasWeights: true }) ? folder.Snapshot(commit) : null;
    }

    /// <summary>The folder of a model: from the cache, where all that is wanted of it is there, else with what is missing fetched.</summary>
    /// <remarks>A branch that is in the cache stays at its commit.</remarks>
    /// <exception cref="HubException">It is not there, not allowed, or cannot be fetched.</exception>
    /// <exception cref="CheckpointException">A file that leads to others is broken.</exception>
    public async Task<string> ResolveAsync(
        HubModel model, HubFiles files = HubFiles.All, Action<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (Find(model, files) is { } found) return found;
        HubFolder folder = new(Settings.CacheFolder, model.Repository);
        string? commit = folder.Commit(model);
        if (Settings.IsOffline)
        {
            string lacking = files switch
            {
                HubFiles.Tokenizer => "a tokenizer",
                HubFiles.Adapter => "an adapter",
                _ => "config.json or some of its weights",
            };
            string what = commit is null || !Directory.Exists(folder.Snapshot(commit)) ? $"is not in the cache {Settings.CacheFolder}"
                : $"is in the cache ({folder.Snapshot(commit)}), but lacks {lacking}";
            throw new HubException($"{model} {what}, and HF_HUB_OFFLINE forbids to fetch it.");
        }
        return await FetchAsync(folder, commit is null ? model : model.At(commit), files, progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>The folder of a model as the hub has it now; what is missing is fetched.</summary>
    /// <exception cref="HubException">It is not there, not allowed, or cannot be fetched.</exception>
    /// <exception cref="CheckpointException">A file that leads to others is broken.</exception>
    public Task<string> DownloadAsync(
        HubModel model, HubFiles files = HubFiles.All, Action<HubProgress>? progress = null, CancellationToken cancellation = default) =>
        Settings.IsOffline || (model.IsCommit && Find(model, files) is not null) ? ResolveAsync(model, files, progress, cancellation)
            : FetchAsync(new(Settings.CacheFolder, model.Repository), model, files, progress, cancellation);

    private async Task<string> FetchAsync(HubFolder folder, HubModel model, HubFiles files, Action<HubProgress>? progress, CancellationToken cancellation)
    {
        using HubClient client = new(Settings, _times);
        HubListing listing = await client.ListAsync(model, cancellation).ConfigureAwait(false);
        HubProgress state = default;
        BlobDownload download = new(client, folder, model, _times) { Arrived = Arrived };
        ModelFiles found;
        while ((found = new(folder, listing.Commit, files, listing.Files)).Needed is { Count: > 0 } needed)
        {
            List<RemoteFile> remote = [];
            foreach (string name in needed) remote.Add(await client.HeadAsync(model, listing.Commit, name, cancellation).ConfigureAwait(false));
            state = state with { Total = state.Total + remote.Sum(file => file.Size ?? 0) };
            foreach (RemoteFile file in remote)
            {
                long before = state.Done;
                await download.FetchAsync(file, onDisk => Report(state with { Done = before + onDisk }), cancellation).ConfigureAwait(false);
                InCache(() => folder.Link(listing.Commit, file.Name, file.Etag));
                Report(state with { Done = before + (file.Size ?? 0) });
            }
        }
        if (!(files == HubFiles.Tokenizer ? found.HasTokenizer : found.HasConfig || found.HasWeights))
            throw new HubException($"{model} holds no {(files == HubFiles.All ? "model" : files.ToString().ToLowerInvariant())} that Cloze reads: {Present(listing.Files)}.");
        InCache(() =>
        {
            foreach (string name in found.Absent) folder.MarkAbsent(listing.Commit, name);
            folder.WriteRef(model, listing.Commit);
        });
        return folder.Snapshot(listing.Commit);

        static string Present(IReadOnlySet<string> names) => names.Count == 0 ? "it is empty"
            : $"it holds {string.Join(", ", names.Order(StringComparer.Ordinal).Take(5).Select(FileFault.Shown))}{(names.Count > 5 ? " …" : "")}";

        void Arrived(long bytes) => Report(new(state.Received + Math.Max(bytes, 0), state.Done + bytes, state.Total));

        void Report(HubProgress now)
        {
            state = now;
            progress?.Invoke(now);
        }

        void InCache(Action write)
        {
            try
            {
                write();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new HubException(FileFault.Unwritable(folder.Path, e).Message, e);
            }
        }
    }
}
