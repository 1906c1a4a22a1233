using Cloze.Hub;
namespace Cloze.Tests.Hub;

/// <summary>The cache as it is listed and tidied.</summary>
public class HubCacheTests
{
    private const string Other = "1111111111111111111111111111111111111111";

    [Fact]
    public async Task Remove_OfARevisionKeepsWhatAnotherOneUses()
    {
        using HubFixture at = new();
        await at.DownloadAsync();
        string other = Path.Combine(at.ModelFolder, "snapshots", Other), own = Path.Combine(at.Blobs, new string('a', 40));
        Directory.CreateDirectory(other);
        File.CreateSymbolicLink(Path.Combine(other, "model.safetensors"), Path.GetRelativePath(other, at.WeightBlob));
        File.WriteAllBytes(own, new byte[17]);
        File.CreateSymbolicLink(Path.Combine(other, "config.json"), Path.GetRelativePath(other, own));
        File.WriteAllText(Path.Combine(at.ModelFolder, "refs", "old"), Other);
        HubCache cache = new(at.Cache);

        CachedModel model = Assert.Single(cache.List());
        Assert.Equal([(FakeHub.Commit, "main"), (Other, "old")], model.Revisions.Select(revision => (revision.Commit, Assert.Single(revision.Refs))));
        Assert.Equal(at.Weights.Length + 17, model.Revisions[1].Bytes);

        Assert.Equal(17, cache.Remove(HubModel.Parse("acme/tiny@old")));
        at.AssertWhole();
        Assert.Equal(["main"], HubFixture.Names(Path.Combine(at.ModelFolder, "refs")));
        Assert.Contains("not in the cache", Assert.Throws<HubException>(() => cache.Remove(HubModel.Parse("acme/tiny@old"))).Message, StringComparison.Ordinal);
        Assert.InRange(cache.Remove("acme/tiny"), at.Weights.Length, at.Weights.Length + 1000);
        Assert.Equal([".locks"], Directory.GetFileSystemEntries(at.Cache).Select(Path.GetFileName));
    }

    [Fact]
    public async Task List_CountsUnfinishedDownloadsAndLeavesOtherThingsAlone()
    {
        using HubFixture at = new();
        Assert.Empty(new HubCache(at.Cache).List());
        await at.DownloadAsync();
        File.WriteAllBytes(Path.Combine(at.Blobs, "b.incomplete"), new byte[9]);
        Directory.CreateDirectory(Path.Combine(at.Cache, "datasets--acme--x"));
        Directory.CreateDirectory(Path.Combine(at.Cache, "models--gpt"));
        IReadOnlyList<CachedModel> models = new HubCache(at.Cache).List();
        Assert.Equal([("acme/tiny", 9L), ("gpt", 0L)], models.Select(model => (model.Repository, model.UnfinishedBytes)));
        Assert.Empty(models[1].Revisions);
    }

    [Fact]
    public async Task List_SaysWhatIsBrokenAndListsTheOthers()
    {
        using HubFixture at = new();
        await at.DownloadAsync();
        string refs = Directory.CreateDirectory(Path.Combine(at.Cache, "models--acme--broken", "refs")).FullName;
        File.CreateSymbolicLink(Path.Combine(refs, "main"), "main");
        Directory.CreateDirectory(Path.Combine(at.Cache, "models----"));
        Directory.CreateSymbolicLink(Path.Combine(at.ModelFolder, "refs", "circle"), ".."); // is not entered
        HubCache cache = new(at.Cache);
        IReadOnlyList<CachedModel> models = cache.List();
        Assert.Equal(["/", "acme/broken", "acme/tiny"], models.Select(model => model.Repository));
        Assert.Contains("models---- is no name of a model's folder", models[0].Fault, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(refs, "main"), models[1].Fault, StringComparison.Ordinal);
        Assert.Contains("cloze cache remove acme/broken", models[1].Fault, StringComparison.Ordinal);
        Assert.Null(models[2].Fault);
        Assert.Single(models[2].Revisions);
        Assert.Equal(0, cache.Remove("acme/broken"));
    }

    [Fact]
    public async Task Remove_NeverFollowsALinkOutOfTheCache()
    {
        using HubFixture at = new();
        await at.DownloadAsync();
        string outside = Path.Combine(at.Home, "outside"), kept = Path.Combine(outside, "kept.txt");
        Directory.CreateDirectory(outside);
        File.WriteAllText(kept, "kept");
        Directory.CreateSymbolicLink(Path.Combine(at.Snapshot, "folder"), outside);
        File.CreateSymbolicLink(Path.Combine(at.Snapshot, "kept.txt"), kept);
        new HubCache(at.Cache).Remove("acme/tiny");
        Assert.False(Directory.Exists(at.ModelFolder));
        Assert.Equal("kept", File.ReadAllText(kept));
    }
}
