using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cloze.Tests.Checkpoints;
using Cloze.Tests.Cli;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Hub;

/// <summary>The built command with models of a hub: the recorded cache, downloads by several processes, and processes that are killed.</summary>
public class HubCommandTests
{
    [Fact]
    public async Task Inspect_GivesEveryRecordedCacheItsVerdictAndItsParameters()
    {
        Shared.RequireOrSkip();
        using TemporaryFolder copy = WithLinks();
        (string, string)[] environment = [("HF_HUB_CACHE", Path.Combine(copy.Path, "hub-cache")), ("HF_HUB_OFFLINE", "1")];
        List<string> wrong = [];
        CheckpointGoldens.Entry[] entries = [.. CheckpointGoldens.Recorded.Of("hub")];
        await Parallel.ForEachAsync(entries, TestContext.Current.CancellationToken, async (entry, _) =>
        {
            string name = $"{entry.Json.GetProperty("repo")}@{entry.Json.GetProperty("revision")}";
            ClozeProcess.Result result = await ClozeProcess.RunAsync(["inspect", name, "--as", "BertForMaskedLM", "--tensors", "--json"], [], null, environment);
            string? fault = Fault(entry, result);
            lock (wrong) if (fault is not null) wrong.Add($"{name}: {fault}");
        });
        Assert.Equal(12, entries.Length);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Model_IsTakenFromTheCacheByItsName()
    {
        Shared.RequireOrSkip();
        using TemporaryFolder copy = WithLinks();
        (string, string)[] environment = [("HF_HUB_CACHE", Path.Combine(copy.Path, "hub-cache")), ("HF_HUB_OFFLINE", "1")];
        ClozeProcess.Result byOption = await ClozeProcess.RunAsync(["tokenize", "--model", "acme/tiny-bert@main", "--text", "a"], [], null, environment);
        (string, string)[] withModel = [.. environment, ("CLOZE_MODEL", "acme/tiny-bert@main")];
        Assert.Equal(byOption.Succeeded().Lines, (await ClozeProcess.RunAsync(["tokenize", "--text", "a"], [], null, withModel)).Succeeded().Lines);
        (await ClozeProcess.RunAsync(["embed", "a", "--model", "acme/cut"], [], null, environment))
            .Refused(1, "--model acme/cut", "no such folder", "some of its weights", "HF_HUB_OFFLINE");

        string local = Path.Combine(copy.Path, "here"); // a folder wins
        Directory.CreateDirectory(Path.Combine(local, "acme", "tiny-bert"));
        (await ClozeProcess.RunAsync(["tokenize", "--model", "acme/tiny-bert", "--text", "a"], [], local, environment))
            .Refused(1, "acme/tiny-bert holds neither tokenizer.json nor vocab.txt");
    }

    [Fact]
    public async Task Download_PrintsTheFolderAndTheOtherCommandsUseIt()
    {
        using HubFixture at = new();
        ClozeProcess.Result result = (await RunAsync(at, "download", "acme/tiny")).Succeeded();
        Assert.Equal(at.Snapshot, Assert.Single(result.Lines));
        at.AssertWhole();
        JsonElement json = Assert.Single((await RunAsync(at, "download", "acme/tiny@v1.0", "--json")).Succeeded().Json);
        Assert.Equal(("acme/tiny@v1.0", at.Snapshot), (json.GetProperty("model").GetString(), json.GetProperty("folder").GetString()));
        (await RunAsync(at, "download", "acme/none")).Refused(1, "There is no model acme/none at http://127.0.0.1");
        (await RunAsync(at, "download", "acme/tiny@nope")).Refused(1, "acme/tiny has no revision nope");
        (await RunAsync(at, "download", "acme/../tiny")).Refused(1, "no name of a model on a hub");
        foreach (string name in (string[])["org/..", "org/.", "org/../org/..", "-x/y", "org/x@-y", "org/x@a/../b", "org/\n"])
            (await RunAsync(at, "inspect", name)).Refused(1, name.Contains('@', StringComparison.Ordinal) ? "is no revision that" : "is no name of a model on a hub");
        (await RunAsync(at, "inspect", "acme/none")).Refused(1, "no such folder", "There is no model acme/none");
    }

    [Fact]
    public async Task Token_IsTakenFromTheEnvironmentOrFromItsFile()
    {
        using HubFixture at = new(needsToken: "hf_secret");
        (await RunAsync(at, "download", "acme/tiny")).Refused(1, "acme/tiny is gated", "set HF_TOKEN");
        (await ClozeProcess.RunAsync(["download", "acme/tiny"], [], null, at.Environment(("HF_TOKEN", "hf_a b"))))
            .Refused(1, "HF_TOKEN holds what cannot be a token");
        File.WriteAllText(Path.Combine(at.Home, "token"), "hf_secret\n");
        (await RunAsync(at, "download", "acme/tiny")).Succeeded();
        Directory.Delete(at.Cache, recursive: true);
        File.Delete(Path.Combine(at.Home, "token"));
        (await ClozeProcess.RunAsync(["download", "acme/tiny"], [], null, at.Environment(("HF_TOKEN", "hf_secret")))).Succeeded();
        at.AssertWhole();
    }

    [Fact]
    public async Task Cache_ListsAndRemoves()
    {
        using HubFixture at = new();
        Assert.Empty((await RunAsync(at, "cache", "list")).Succeeded().Lines);
        (await RunAsync(at, "download", "acme/tiny")).Succeeded();
        (await RunAsync(at, "download", "acme/tiny@v1.0")).Succeeded();
        long bytes = HubFixture.Names(at.Blobs).Sum(name => new FileInfo(Path.Combine(at.Blobs, name)).Length);
        JsonElement listed = Assert.Single((await RunAsync(at, "cache", "list")).Succeeded().Json);
        Assert.Equal("acme/tiny", listed.GetProperty("model").GetString());
        JsonElement revision = Assert.Single(listed.GetProperty("revisions").EnumerateArray());
        Assert.Equal(FakeHub.Commit, revision.GetProperty("commit").GetString());
        Assert.Equal(["main", "v1.0"], revision.GetProperty("refs").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(bytes, revision.GetProperty("bytes").GetInt64());

        (await RunAsync(at, "cache", "remove", "acme/none")).Refused(1, "acme/none is not in the cache");
        (await RunAsync(at, "cache", "remove", "../hub")).Refused(1, "no name of a model");
        JsonElement removed = Assert.Single((await RunAsync(at, "cache", "remove", "acme/tiny@main")).Succeeded().Json);
        Assert.InRange(removed.GetProperty("freed").GetInt64(), bytes, bytes + 200);   // refs are files, too
        Assert.False(Directory.Exists(at.ModelFolder));
        Assert.Empty((await RunAsync(at, "cache", "list")).Succeeded().Lines);
    }

    [Fact]
    public async Task Download_OfTwoProcessesAtOnceFetchesEachFileOnce()
    {
        using HubFixture at = new();
        ClozeProcess.Result[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RunAsync(at, "download", "acme/tiny")));
        Assert.All(results, result => Assert.Equal(at.Snapshot, Assert.Single(result.Succeeded().Lines)));
        at.AssertWhole();
        Assert.Single(at.Hub.Requests, request => request.IsForWeights);
    }

    [Fact]
    public async Task Cache_LiesInTheHomeOfTheHubWhereNoFolderIsNamed()
    {
        using HubFixture at = new();
        (string, string)[] environment = [.. at.Environment(), ("HF_HUB_CACHE", "")];
        Assert.Equal(at.Snapshot, Assert.Single((await ClozeProcess.RunAsync(["download", "acme/tiny"], [], null, environment)).Succeeded().Lines));
        environment = [.. environment, ("HF_HOME", "$WHERE/hub/.."), ("WHERE", at.Home)];
        Assert.Contains("acme/tiny", (await ClozeProcess.RunAsync(["cache", "list"], [], null, environment)).Succeeded().Output, StringComparison.Ordinal);
        environment = [.. at.Environment(), ("HF_ENDPOINT", "ftp://hub")];
        (await ClozeProcess.RunAsync(["download", "acme/tiny"], [], null, environment)).Refused(1, "HF_ENDPOINT is ftp://hub");
        environment = [.. at.Environment(), ("HF_ENDPOINT", "http://me:secret@hub")];
        ClozeProcess.Result refused = await ClozeProcess.RunAsync(["download", "acme/tiny"], [], null, environment);
        refused.Refused(1, "an address with a name or password in it");
        Assert.DoesNotContain("secret", refused.Error, StringComparison.Ordinal);
    }

    /// <summary>~ is what HOME says, be it there or not.</summary>
    [Fact]
    public async Task Cache_LiesBelowTheHomeThatIsNamed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "HOME is not of Windows.");
        using HubFixture at = new();
        string home = Path.Combine(at.Home, "not yet there");
        foreach (string value in (string[])["~/hf", ""])
        {
            (string, string)[] environment = [.. at.Environment(), ("HF_HUB_CACHE", ""), ("HF_HOME", value), ("XDG_CACHE_HOME", ""), ("HOME", home)];
            string place = Path.Combine(home, value.Length > 0 ? "hf" : ".cache/huggingface", "hub", "models--acme--tiny", "snapshots", FakeHub.Commit);
            Assert.Equal(place, Assert.Single((await ClozeProcess.RunAsync(["download", "acme/tiny"], [], null, environment)).Succeeded().Lines));
        }
    }

    [Fact]
    public async Task CtrlC_EndsADownload()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends a POSIX signal");
        using HubFixture at = new();
        at.Hub.Fault = (request, usual) => request.IsForWeights ? usual with { HoldAfter = 1000 } : null;
        Task held = at.Hub.NextHold();
        using Process process = ClozeProcess.Start(["download", "acme/tiny"], null, at.Environment());
        await held.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await Command.RunAsync("/bin/kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, process.ExitCode);
        at.AssertNoHalfFile();
    }

    /// <summary>The hub stops at one place after the other, the process is killed there, and the next one goes on.</summary>
    [Fact]
    public async Task Download_KilledFiftyTimesLeavesNoHalfFileAndIsFinishedByTheNextRun()
    {
        const int Kills = 50, Piece = 70_000;   // bytes
        using HubFixture at = new(weightBytes: (Kills + 1) * Piece);
        int run = 0;
        at.Hub.Fault = (request, usual) => run == Kills || request.Method != "GET" ? null
            : request.IsForWeights ? usual with { HoldAfter = Piece }
            : request.Path.Contains((run % 10) switch { 0 => "/api/", 1 => "/tokenizer", 2 => "/config.json", _ => "nothing" }, StringComparison.Ordinal)
                ? usual with { HoldAfter = usual.Body.Length / 2 } : null;
        for (; run < Kills; run++)
        {
            Task held = at.Hub.NextHold();
            long before = Unfinished();
            using Process process = ClozeProcess.Start(["download", "acme/tiny"], null, at.Environment());
            await held.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            while (run % 10 > 5 && Unfinished() < before + Piece) await Task.Delay(1, TestContext.Current.CancellationToken);   // else bytes may still be under way
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            at.AssertNoHalfFile();
            Assert.False(File.Exists(Path.Combine(at.ModelFolder, "refs", "main")));
        }
        Assert.Equal(at.Snapshot, Assert.Single((await RunAsync(at, "download", "acme/tiny")).Succeeded().Lines));
        at.AssertWhole();
        Assert.InRange(at.Hub.Requests.Max(request => request.From ?? 0), Kills / 10 * 4 * Piece, at.Weights.Length);

        long Unfinished() => File.Exists(at.WeightBlob + ".incomplete") ? new FileInfo(at.WeightBlob + ".incomplete").Length : 0;
    }

    [Fact]
    public async Task AFolder_IsUsedWithoutLoadingWhatSpeaksHttp()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        using Process process = ClozeProcess.Start(["tokenize"]);
        for (int i = 0; i < 2000; i++) await process.StandardInput.WriteLineAsync("{\"text\":\"a\"}"); // answers come when they fill a buffer
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        string maps = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/maps"));
        Assert.Contains("Cloze.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("System.Net.", maps, StringComparison.Ordinal);
        process.StandardInput.Close();
        await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private static Task<ClozeProcess.Result> RunAsync(HubFixture at, params string[] arguments) => ClozeProcess.RunAsync(arguments, [], null, at.Environment());

    private static string? Fault(CheckpointGoldens.Entry entry, ClozeProcess.Result result)
    {
        if (result.ExitCode != 0)
        {
            bool isOneLine = result.Error.StartsWith("cloze: ", StringComparison.Ordinal) && result.Error.Count('\n') == 1;
            bool isClear = result.ExitCode == 1 && result.Bytes.Length == 0 && isOneLine;
            return entry.Verdict == "loads" ? $"was refused: {result.Error}" : isClear ? null : $"exit code {result.ExitCode}: {result.Error}";
        }
        if (entry.Verdict == "refused") return "was loaded";
        Dictionary<string, CheckpointGoldens.Expected> expected = entry.Table("model")!;
        Dictionary<string, string?> found = result.Json.Single().GetProperty("tensors").EnumerateArray()
            .ToDictionary(tensor => tensor.GetProperty("name").GetString()!, tensor => tensor.GetProperty("sha256").GetString());
        return expected.Count == found.Count && expected.All(tensor => found.GetValueOrDefault(tensor.Key) == tensor.Value.Sha256) ? null : "other values";
    }

    /// <summary>The recorded links are a list beside the files, since archives lose them.</summary>
    private static TemporaryFolder WithLinks()
    {
        TemporaryFolder copy = new();
        foreach (string part in (string[])["hub-cache", Path.Combine("good", "safetensors")])
        {
            string source = Shared.Path("goldens", "checkpoints", part);
            foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(copy.Path, part, Path.GetRelativePath(source, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
        using JsonDocument links = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("goldens", "checkpoints", "links.json")));
        foreach (JsonProperty link in links.RootElement.EnumerateObject().Where(link => link.Name.StartsWith("hub-cache/", StringComparison.Ordinal)))
        {
            string path = Path.Combine(copy.Path, link.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.CreateSymbolicLink(path, link.Value.GetString()!);
        }
        return copy;
    }
}
