using Cloze.Hub;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Hub;

/// <summary>A fake hub with a small model, and an empty cache.</summary>
internal sealed class HubFixture : IDisposable
{
    private static readonly HubTimes s_quick = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(1),
        LongestPause = TimeSpan.FromMilliseconds(4),
    };
    private readonly TemporaryFolder _folder = new();

    public HubFixture(string? needsToken = null, int weightBytes = 300_000)
    {
        Hub = new() { NeedsToken = needsToken };
        Weights = new byte[weightBytes];
        new Random(7).NextBytes(Weights);
        Hub.Files["config.json"] = "{\"model_type\":\"bert\"}"u8.ToArray();
        Hub.Files["model.safetensors"] = Weights;
        Hub.Files["pytorch_model.bin"] = Weights[..1000];
        Hub.Files["tokenizer.json"] = "{}"u8.ToArray();
        Hub.Files["tokenizer_config.json"] = "{ }"u8.ToArray();
        Hub.Files["vocab.txt"] = "[PAD]\n"u8.ToArray();
        Hub.Files["README.md"] = "# A model"u8.ToArray();
        Hub.Files["onnx/model.onnx"] = new byte[1000];
    }

    public FakeHub Hub { get; }
    public byte[] Weights { get; }
    public HubModel Model { get; } = HubModel.Parse(FakeHub.Repository);
    public string Cache => Path.Combine(_folder.Path, "hub");
    public string Home => _folder.Path;
    public string ModelFolder => Path.Combine(Cache, "models--acme--tiny");
    public string Blobs => Path.Combine(ModelFolder, "blobs");
    public string Snapshot => Path.Combine(ModelFolder, "snapshots", FakeHub.Commit);
    public string WeightBlob => Path.Combine(Blobs, FakeHub.EtagOf("model.safetensors", Weights));

    public ModelHub Client(string? token = null, bool isOffline = false, HubTimes? times = null) => new(
        new HubSettings { CacheFolder = Cache, Endpoint = new(Hub.Endpoint), Token = token, IsOffline = isOffline }, times ?? s_quick);

    public Task<string> DownloadAsync(string? token = null, HubFiles files = HubFiles.All, Action<HubProgress>? progress = null) =>
        Client(token).DownloadAsync(Model, files, progress, TestContext.Current.CancellationToken);

    public Task<HubException> RefusedAsync(string? token = null) => Assert.ThrowsAsync<HubException>(() => DownloadAsync(token));

    /// <summary>Environment of the built command.</summary>
    public (string, string)[] Environment(params (string, string)[] more) =>
        [("HF_HOME", Home), ("HF_HUB_CACHE", Cache), ("HF_ENDPOINT", Hub.Endpoint), ("HF_HUB_OFFLINE", ""), ("HF_TOKEN", ""), .. more];

    /// <summary>Snapshots hold only whole files; what is unfinished says so by its name.</summary>
    public void AssertNoHalfFile()
    {
        foreach (string blob in Directory.Exists(Blobs) ? Directory.GetFiles(Blobs) : [])
            if (!blob.EndsWith(".incomplete", StringComparison.Ordinal))
                Assert.Contains(Path.GetFileName(blob), Hub.Files.Select(file => FakeHub.EtagOf(file.Key, File.ReadAllBytes(blob))));
        foreach (string name in Directory.Exists(Snapshot) ? Names(Snapshot) : []) Assert.Equal(Hub.Files[name], File.ReadAllBytes(Path.Combine(Snapshot, name)));
    }

    /// <summary>The whole model is in the cache, and nothing else.</summary>
    public void AssertWhole()
    {
        AssertNoHalfFile();
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], Names(Snapshot));
        Assert.DoesNotContain(Directory.GetFiles(ModelFolder, "*", SearchOption.AllDirectories),
            file => file.EndsWith(".incomplete", StringComparison.Ordinal) || file.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.Equal(FakeHub.Commit, File.ReadAllText(Path.Combine(ModelFolder, "refs", "main")));
    }

    public static string[] Names(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        Hub.Dispose();
        _folder.Dispose();
    }
}
