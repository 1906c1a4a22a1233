using Cloze.Tests.Hub;
namespace Cloze.Fuzzing;

/// <summary>Kills <c>cloze download</c> at random moments: no file in the cache is there in part under its final name, and the next run finishes.</summary>
internal static class KilledDownloads
{
    /// <param name="cloze">The built command.</param>
    /// <param name="folder">An empty folder to work in.</param>
    /// <param name="bytes">Of the model's weights.</param>
    /// <returns>One line for each fault.</returns>
    public static IReadOnlyList<string> Run(string cloze, string folder, int kills, int bytes, int seed)
    {
        byte[] weights = new byte[bytes];
        new Random(seed).NextBytes(weights);
        using FakeHub hub = new();
        hub.Files["config.json"] = "{\"model_type\":\"bert\"}"u8.ToArray();
        hub.Files["model.safetensors"] = weights;
        hub.Files["tokenizer.json"] = "{}"u8.ToArray();
        string[] arguments = ["download", FakeHub.Repository];
        double whole = KilledRuns.End(cloze, arguments, Environment(Path.Combine(folder, "expected")));
        string cache = Path.Combine(folder, "cache"), model = Path.Combine(cache, "models--acme--tiny");
        List<string> faults = [];
        // killed more and more late, since each run goes on where the last one stopped; after a whole one from the beginning
        faults.AddRange(KilledRuns.Run(cloze, arguments, Environment(cache), kills, whole, seed, () =>
        {
            string? fault = Half();
            if (File.Exists(Path.Combine(model, "refs", "main"))) Directory.Delete(cache, recursive: true);
            return fault;
        }));
        KilledRuns.End(cloze, arguments, Environment(cache));
        if (Half() is { } half) faults.Add(half);
        foreach ((string name, byte[] content) in hub.Files)
            if (!File.ReadAllBytes(Path.Combine(model, "snapshots", FakeHub.Commit, name)).AsSpan().SequenceEqual(content)) faults.Add($"{name} is not whole after the last run");
        foreach (string left in Directory.GetFiles(model, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is ".incomplete" or ".tmp"))
            faults.Add($"{left} is left");
        return faults;

        (string, string)[] Environment(string cache) =>
            [("HF_HOME", folder), ("HF_HUB_CACHE", cache), ("HF_ENDPOINT", hub.Endpoint), ("HF_HUB_OFFLINE", ""), ("HF_TOKEN", "")];

        string? Half()
        {
            string blobs = Path.Combine(model, "blobs");
            foreach (string blob in Directory.Exists(blobs) ? Directory.GetFiles(blobs) : [])
                if (Path.GetExtension(blob) != ".incomplete" && !hub.Files.Any(file => File.ReadAllBytes(blob).AsSpan().SequenceEqual(file.Value)))
                    return $"half a file under the final name {Path.GetFileName(blob)}";
            return null;
        }
    }
}
