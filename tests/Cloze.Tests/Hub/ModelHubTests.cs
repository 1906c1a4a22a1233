using System.Text;
using Cloze.Hub;
namespace Cloze.Tests.Hub;

/// <summary>Downloads from a small hub that the tests start, and what its faults lead to.</summary>
public class ModelHubTests
{
    [Fact]
    public async Task Download_FetchesWhatIsReadIntoTheLayoutOfHuggingfaceHub()
    {
        using HubFixture at = new();
        Assert.Equal(at.Snapshot, await at.DownloadAsync());
        at.AssertWhole();
        string target = Path.Combine("..", "..", "blobs", FakeHub.EtagOf("model.safetensors", at.Weights));
        Assert.Equal(target, new FileInfo(Path.Combine(at.Snapshot, "model.safetensors")).LinkTarget);
        Assert.Contains("modules.json", HubFixture.Names(Path.Combine(at.ModelFolder, ".no_exist", FakeHub.Commit)));
        Assert.True(File.Exists(Path.Combine(at.Cache, ".locks", "models--acme--tiny", FakeHub.EtagOf("model.safetensors", at.Weights) + ".lock")));
    }

    [Fact]
    public async Task Resolve_OfACompleteModelAsksNobody()
    {
        using HubFixture at = new();
        await at.DownloadAsync();
        at.Hub.Requests.Clear();
        Assert.Equal(at.Snapshot, await at.Client().ResolveAsync(at.Model, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(at.Snapshot, at.Client(isOffline: true).Find(at.Model));
        Assert.Empty(at.Hub.Requests);
    }

    [Fact]
    public async Task Resolve_FetchesOnlyWhatIsMissing()
    {
        using HubFixture at = new();
        await at.DownloadAsync(files: HubFiles.Tokenizer);
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], HubFixture.Names(at.Snapshot));
        at.Hub.Requests.Clear();
        await at.Client().ResolveAsync(at.Model, cancellation: TestContext.Current.CancellationToken);
        at.AssertWhole();
        Assert.DoesNotContain(at.Hub.Requests, request => request.Path.Contains("tokenizer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Download_TakesANewCommitAndSharesItsFiles()
    {
        using HubFixture at = new();
        await at.DownloadAsync();
        string[] blobs = HubFixture.Names(at.Blobs);
        File.WriteAllText(Path.Combine(at.ModelFolder, "refs", "main"), new string('1', 40));
        Directory.Move(at.Snapshot, Path.Combine(at.ModelFolder, "snapshots", new string('1', 40)));
        at.Hub.Requests.Clear();
        await at.DownloadAsync();
        Assert.Equal(blobs, HubFixture.Names(at.Blobs));
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(at.ModelFolder, "snapshots")).Length);
        Assert.DoesNotContain(at.Hub.Requests, request => request is { Method: "GET" } && !request.Path.StartsWith("/api/", StringComparison.Ordinal));
        Assert.Equal(FakeHub.Commit, File.ReadAllText(Path.Combine(at.ModelFolder, "refs", "main")));
    }

    [Theory]
    [InlineData("v1.0")]
    [InlineData("refs/pr/1")]
    [InlineData(FakeHub.Commit)]
    public async Task Download_OfARevision(string revision)
    {
        using HubFixture at = new();
        HubModel model = HubModel.Parse($"{FakeHub.Repository}@{revision}");
        Assert.Equal(at.Snapshot, await at.Client().DownloadAsync(model, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(at.Snapshot, at.Client(isOffline: true).Find(model));
        Assert.Null(at.Client(isOffline: true).Find(at.Model));
    }

    [Fact]
    public async Task Download_FollowsShardIndexesAndModules()
    {
        using HubFixture at = new();
        at.Hub.Files.Remove("model.safetensors");
        at.Hub.Files["modules.json"] = """
            [{"type":"sentence_transformers.models.Transformer","path":"0_Transformer"},{"type":"sentence_transformers.models.Pooling","path":"1_Pooling"},
            {"type":"sentence_transformers.models.Dense","path":"2_Dense/"},{"type":"sentence_transformers.models.Normalize","path":"3_Normalize"}]
            """u8.ToArray();
        string[] ofEncoder = ["config.json", "vocab.txt", "sentence_bert_config.json", "model-1.safetensors", "model-2.safetensors", "model-3.safetensors"];
        foreach (string name in ofEncoder) at.Hub.Files[$"0_Transformer/{name}"] = Encoding.ASCII.GetBytes(name);
        at.Hub.Files["0_Transformer/model.safetensors.index.json"] =
            """{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors","c":"model-1.safetensors"}}"""u8.ToArray();
        at.Hub.Files["1_Pooling/config.json"] = "{}"u8.ToArray();
        at.Hub.Files["2_Dense/config.json"] = "{ }"u8.ToArray();
        at.Hub.Files["2_Dense/pytorch_model.bin"] = [1, 2, 3];
        at.Hub.Files["config_sentence_transformers.json"] = "[]"u8.ToArray();
        await at.DownloadAsync();
        at.AssertNoHalfFile();
        Assert.Equal(
            ["0_Transformer/config.json", "0_Transformer/model-1.safetensors", "0_Transformer/model-2.safetensors", "0_Transformer/model.safetensors.index.json",
                "0_Transformer/sentence_bert_config.json", "0_Transformer/vocab.txt", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/pytorch_model.bin",
                "config_sentence_transformers.json", "modules.json"],
            HubFixture.Names(at.Snapshot));
        at.Hub.Requests.Clear();
        await at.Client().ResolveAsync(at.Model, cancellation: TestContext.Current.CancellationToken);
        Assert.Empty(at.Hub.Requests);
    }

    [Fact]
    public async Task Download_TakesPickledWeightsWhereThereAreNoOthers()
    {
        using HubFixture at = new();
        at.Hub.Files.Remove("model.safetensors");
        await at.DownloadAsync();
        Assert.Contains("pytorch_model.bin", HubFixture.Names(at.Snapshot));
    }

    [Theory]
    [InlineData("model.safetensors.index.json", """{"weight_map":{"a":"../../x.safetensors"}}""")]
    [InlineData("model.safetensors.index.json", """{"weight_map":{"a":"/x.safetensors"}}""")]
    [InlineData("model.safetensors.index.json", """{"weight_map":{"a":"c:\\x.safetensors"}}""")]
    [InlineData("model.safetensors.index.json", """{"weight_map":{"a":3}}""")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":"../x"}]""")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":"a//b"}]""")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":"a\u0000b"}]""")]
    [InlineData("modules.json", """[{"type":"sentence_transformers.models.Transformer","path":3}]""")]
    [InlineData("modules.json", """[{"path":"a"}]""")]
    [InlineData("model.safetensors.index.json", """{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}""")]
    [InlineData("model.safetensors.index.json", """{"weight_map":{}}""")]
    [InlineData("modules.json", "{")]
    public async Task Download_NeverFollowsAPathOutOfTheFolder(string name, string json)
    {
        using HubFixture at = new();
        at.Hub.Files.Remove("model.safetensors");
        at.Hub.Files[name] = Encoding.UTF8.GetBytes(json);
        CheckpointException refused = await Assert.ThrowsAsync<CheckpointException>(() => at.DownloadAsync());
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
        Assert.Equal(["hub"], Directory.GetFileSystemEntries(at.Home).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Download_ShowsTheTokenToTheHubAndToNoOtherHost()
    {
        using HubFixture at = new(needsToken: "hf_secret");
        await at.DownloadAsync(token: "hf_secret");
        at.AssertWhole();
        Assert.All(at.Hub.Requests, request => Assert.Equal(request.Host.StartsWith("127.0.0.1", StringComparison.Ordinal), request.Token is not null));
        Assert.Contains(at.Hub.Requests, request => request.Host.StartsWith("localhost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Download_FollowsARenamedModelOnTheHubItself()
    {
        using HubFixture at = new(needsToken: "hf_secret");
        HubModel old = HubModel.Parse("old/name");
        at.Hub.Fault = (request, _) => request.Path.Contains("old/name", StringComparison.Ordinal)
            ? new(307, [], ("Location", request.Path.Replace("old/name", FakeHub.Repository, StringComparison.Ordinal))) : null;
        string folder = await at.Client("hf_secret").DownloadAsync(old, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(at.Weights, File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public async Task Download_ResumesAfterEveryCut()
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, usual) => request.IsForWeights ? usual with { CutAfter = 20_000 } : null;
        List<HubProgress> reports = [];
        await at.DownloadAsync(progress: reports.Add);
        at.AssertWhole();
        FakeRequest[] gets = [.. at.Hub.Requests.Where(request => request.IsForWeights)];
        Assert.Equal(15, gets.Length); // 300 000 bytes in pieces of 20 000: more cuts than tries without progress
        Assert.Equal(Enumerable.Range(0, 15).Select(i => i == 0 ? null : (long?)(i * 20_000)), gets.Select(get => get.From));
        Assert.Equal(reports[^1].Total, reports[^1].Done);
        Assert.Equal(reports[^1].Total, reports[^1].Received);
    }

    [Fact]
    public async Task Download_ContinuesWhatAnEarlierRunLeft()
    {
        using HubFixture at = new();
        Directory.CreateDirectory(at.Blobs);
        File.WriteAllBytes(at.WeightBlob + ".incomplete", at.Weights[..123_456]);
        HubProgress last = default;
        await at.DownloadAsync(progress: now => last = now);
        at.AssertWhole();
        Assert.Contains(at.Hub.Requests, request => request.From == 123_456);
        Assert.Equal(123_456, last.Done - last.Received);
    }

    [Theory]
    [InlineData("wrong bytes")]
    [InlineData("too many bytes")]
    [InlineData("all bytes, but wrong ones")]
    public async Task Download_BeginsAgainWhereWhatIsLeftDoesNotFit(string left)
    {
        using HubFixture at = new();
        Directory.CreateDirectory(at.Blobs);
        File.WriteAllBytes(at.WeightBlob + ".incomplete", new byte[left[0] == 'w' ? 1000 : left[0] == 't' ? at.Weights.Length + 1 : at.Weights.Length]);
        await at.DownloadAsync();
        at.AssertWhole();
    }

    [Theory]
    [InlineData(200)] // all again
    [InlineData(206)] // another place than asked for
    [InlineData(416)]
    public async Task Download_TakesAServerThatDoesNotResume(int status)
    {
        using HubFixture at = new();
        Directory.CreateDirectory(at.Blobs);
        File.WriteAllBytes(at.WeightBlob + ".incomplete", at.Weights[..1000]);
        at.Hub.Fault = (request, usual) => request.From is null or 0 ? null : status switch
        {
            200 => new(200, at.Weights),
            206 => new(206, at.Weights, ("Content-Range", $"bytes 0-{at.Weights.Length - 1}/{at.Weights.Length}")),
            _ => new(416, []),
        };
        await at.DownloadAsync();
        at.AssertWhole();
    }

    [Fact]
    public async Task Download_RefusesAWrongChecksum()
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, _) => request.IsForWeights ? new(200, new byte[at.Weights.Length]) : null;
        Assert.Contains("model.safetensors of acme/tiny@main arrived twice with another checksum", (await at.RefusedAsync()).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(at.WeightBlob) || File.Exists(at.WeightBlob + ".incomplete"));
        Assert.Null(at.Client().Find(at.Model));

        using HubFixture small = new();
        small.Hub.Fault = (request, usual) => request.Method == "GET" && request.Path.EndsWith("/config.json", StringComparison.Ordinal)
            ? usual with { Body = new byte[usual.Body.Length] } : null;
        Assert.Contains("config.json", (await small.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_RefusesMoreBytesThanAnnounced()
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, _) => request.IsForWeights ? new(200, new byte[at.Weights.Length * 2]) : null;
        Assert.Contains("longer than the 300000 bytes", (await at.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(408)]
    public async Task Download_TriesAgainWhatMayPass(int status)
    {
        using HubFixture at = new();
        Dictionary<string, int> asked = [];
        at.Hub.Fault = (request, _) =>
        {
            string what = request.Method + request.Path;
            lock (asked) return (asked[what] = asked.GetValueOrDefault(what) + 1) <= 2 ? new(status, [], ("Retry-After", "0")) : null;
        };
        await at.DownloadAsync();
        at.AssertWhole();
    }

    [Theory]
    [InlineData(429, "refuses more requests for now (429)", 6)]
    [InlineData(502, "fails to answer for the files of acme/tiny@main (502)", 6)]
    [InlineData(400, "answers with 400", 1)]
    [InlineData(403, "refuses acme/tiny (403), without saying why", 1)]
    [InlineData(404, "has no model acme/tiny with a revision main", 1)]
    public async Task Download_SaysWhatTheHubRefuses(int status, string message, int requests)
    {
        using HubFixture at = new();
        at.Hub.Fault = (_, _) => new(status, []);
        Assert.Contains(message, (await at.RefusedAsync()).Message, StringComparison.Ordinal);
        Assert.Equal(requests, at.Hub.Requests.Count);
    }

    /// <summary>A file host's refusal says nothing of the model: its addresses run out, and the hub gives new ones.</summary>
    [Theory]
    [InlineData(403)]
    [InlineData(401)]
    [InlineData(503)]
    public async Task Download_TakesARefusalOfTheFileHostForWhatItIs(int status)
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, _) => request.IsForWeights ? new(status, [], ("X-Error-Code", "GatedRepo")) : null;
        string said = (await at.RefusedAsync("hf_x")).Message;
        Assert.Contains($"{at.Hub.OtherHost}, where the hub keeps model.safetensors of acme/tiny@main, ", said, StringComparison.Ordinal);
        Assert.Contains($"({status})", said, StringComparison.Ordinal);
        Assert.DoesNotContain("gated", said, StringComparison.Ordinal);
        Assert.DoesNotContain("signature", said, StringComparison.Ordinal);

        int refused = 0;
        at.Hub.Fault = (request, _) => request.IsForWeights && refused++ < 2 ? new(status, []) : null;
        await at.DownloadAsync();
        at.AssertWhole();
    }

    [Fact]
    public async Task Download_RefusesASizeThatNoFileHas()
    {
        using HubFixture at = new();
        at.Hub.Fault = (_, usual) => usual.Headers.Any(header => header.Name == "X-Linked-Size")
            ? usual with { Headers = [.. usual.Headers.Where(header => header.Name != "X-Linked-Size"), ("X-Linked-Size", $"{long.MaxValue}")] } : null;
        Assert.Contains("model.safetensors: the hub announces 9223372036854775807 bytes", (await at.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_NeverWritesThroughALinkUnderTheNameOfWhatIsUnfinished()
    {
        using HubFixture at = new();
        Directory.CreateDirectory(at.Blobs);
        string elsewhere = Path.Combine(at.Home, "precious");
        File.WriteAllText(elsewhere, "kept");
        File.CreateSymbolicLink(at.WeightBlob + ".incomplete", elsewhere);
        await at.DownloadAsync();
        at.AssertWhole();
        Assert.Equal("kept", File.ReadAllText(elsewhere));
        Assert.Null(new FileInfo(at.WeightBlob).LinkTarget);
    }

    [Fact]
    public async Task Download_RefusesAFolderUnderTheNameOfWhatIsUnfinished()
    {
        using HubFixture at = new();
        Directory.CreateDirectory(at.WeightBlob + ".incomplete");
        Assert.Contains(".incomplete is a folder, where the bytes that arrive are to be kept as a file; remove it.", (await at.RefusedAsync()).Message,
            StringComparison.Ordinal);
    }

    /// <summary>The hub announces more bytes than there are: what comes again from the beginning is no progress, and patience ends.</summary>
    [Theory]
    [InlineData(416)]
    [InlineData(200)]
    public async Task Download_OfFewerBytesThanAnnouncedEnds(int resumed)
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, usual) => request.IsForWeights ? request.From is > 0 && resumed == 200 ? new(200, at.Weights) : null
            : usual.Headers.Any(header => header.Name == "X-Linked-Size")
                ? usual with { Headers = [.. usual.Headers.Where(header => header.Name != "X-Linked-Size"), ("X-Linked-Size", $"{at.Weights.Length + 10}")] } : null;
        string said = (await at.RefusedAsync()).Message;
        Assert.Contains($"model.safetensors of acme/tiny@main ends after {at.Weights.Length} bytes; the hub announces {at.Weights.Length + 10}. ", said,
            StringComparison.Ordinal);
        Assert.Contains("try again later, or take another revision", said, StringComparison.Ordinal);
        Assert.InRange(at.Hub.Requests.Count(request => request.IsForWeights), 2, 2 * new HubTimes().Tries);
        Assert.Null(at.Client().Find(at.Model));
        at.AssertNoHalfFile();
    }

    [Fact]
    public async Task Download_DoesNotWaitForAnHour()
    {
        using HubFixture at = new();
        at.Hub.Fault = (_, _) => new(429, [], ("Retry-After", "3600"));
        Assert.Contains("for 3600 seconds", (await at.RefusedAsync()).Message, StringComparison.Ordinal);
        Assert.Single(at.Hub.Requests);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", null, "There is no model acme/tiny at", "set HF_TOKEN")]
    [InlineData(404, "RepoNotFound", "hf_x", "There is no model acme/tiny at", "may not read it")]
    [InlineData(404, "RevisionNotFound", null, "acme/tiny has no revision main", "")]
    [InlineData(401, "GatedRepo", null, "acme/tiny is gated", "set HF_TOKEN")]
    [InlineData(403, "GatedRepo", "hf_x", "acme/tiny is gated", "the token that is set (HF_TOKEN) may not read it")]
    [InlineData(401, "", null, "lets only some read acme/tiny", "set HF_TOKEN")]
    public async Task Download_SaysWhoseDoorIsClosed(int status, string code, string? token, string message, string remedy)
    {
        using HubFixture at = new();
        at.Hub.Fault = (_, _) => new(status, [], ("X-Error-Code", code));
        string said = (await at.RefusedAsync(token)).Message;
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.Contains(remedy, said, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_x", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_OfGatedFilesBehindAnOpenListSaysSo()
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, _) => request.Path.StartsWith("/api/", StringComparison.Ordinal) ? null : new(401, [], ("X-Error-Code", "GatedRepo"));
        Assert.Contains("acme/tiny is gated: accept its conditions", (await at.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no json", "no list of a model's files")]
    [InlineData("{}", "no list of a model's files")]
    [InlineData("""{"sha":"../../x","siblings":[]}""", "a commit of 40 hexadecimal digits is needed")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[]}""", "holds no model that Cloze reads: it is empty")]
    public async Task Download_RefusesWhatIsNoHub(string body, string message)
    {
        using HubFixture at = new();
        at.Hub.Fault = (_, _) => new(200, Encoding.UTF8.GetBytes(body));
        Assert.Contains(message, (await at.RefusedAsync()).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(at.ModelFolder));
    }

    [Theory]
    [InlineData("\"../../../x\"")]
    [InlineData("")]
    [InlineData("\"a.incomplete\"")]
    public async Task Download_RefusesAnEtagThatCannotNameABlob(string etag)
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, usual) => request.Method == "HEAD" ? new(200, [], etag.Length == 0 ? [] : [("ETag", etag)]) : null;
        Assert.Contains("ETag", (await at.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///etc/passwd", "less safe")]
    [InlineData("/loop", "redirects lead on")]
    public async Task Download_DoesNotFollowEveryRedirect(string location, string message)
    {
        using HubFixture at = new();
        at.Hub.Fault = (_, _) => new(302, [], ("Location", location));
        Assert.Contains(message, (await at.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_ThatFallsSilentIsACutOne()
    {
        using HubFixture at = new();
        int held = 0;
        at.Hub.Fault = (request, usual) => request.IsForWeights && held++ == 0 ? usual with { HoldAfter = 5000 } : null;
        ModelHub hub = at.Client(times: new() { FirstPause = TimeSpan.FromMilliseconds(1), Silence = TimeSpan.FromSeconds(2) });
        await hub.DownloadAsync(at.Model, cancellation: TestContext.Current.CancellationToken);
        at.AssertWhole();
    }

    [Fact]
    public async Task Download_WithoutAConnectionNamesTheHostAndTheWayOut()
    {
        using HubFixture at = new();
        at.Hub.Stop();
        Assert.Contains("cannot be reached: no connection to the host; HF_HUB_OFFLINE=1", (await at.RefusedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_IsCancelledAndLeavesWhatTheNextOneContinues()
    {
        using HubFixture at = new();
        at.Hub.Fault = (request, usual) => request is { IsForWeights: true, From: null } ? usual with { HoldAfter = 150_000 } : null;
        using CancellationTokenSource cancel = new();
        Task<string> running = at.Client().DownloadAsync(at.Model, progress: now => { if (now.Received >= 150_000) cancel.Cancel(); }, cancellation: cancel.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        at.AssertNoHalfFile();
        await at.DownloadAsync();
        at.AssertWhole();
        Assert.Contains(at.Hub.Requests, request => request.From >= 140_000);
    }

    [Fact]
    public async Task Download_OfTwoClientsAtOnceFetchesEachFileOnce()
    {
        using HubFixture at = new();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => at.DownloadAsync())));
        at.AssertWhole();
        Assert.Single(at.Hub.Requests, request => request.IsForWeights);
    }

    [Fact]
    public async Task Download_OnAFullDiskSaysSo()
    {
        using HubFixture at = new();
        HubException refused = await Assert.ThrowsAsync<HubException>(() => at.DownloadAsync(progress: now =>
        {
            if (now.Received > 100_000) throw new IOException("No space left on device", 28); // ENOSPC, as a write fails with
        }));
        Assert.Equal($"{at.WeightBlob}.incomplete cannot be written: the disk is full; make room, or name another place.", refused.Message);
        at.AssertNoHalfFile();
        await at.DownloadAsync();
        at.AssertWhole();
    }

    [Fact]
    public async Task Resolve_ReplacesLinksThatLeadNowhereAndBlobsOfAnotherLength()
    {
        using HubFixture at = new();
        await at.DownloadAsync();
        File.WriteAllBytes(at.WeightBlob, [1, 2, 3]);
        File.Delete(Path.Combine(at.Snapshot, "config.json"));
        File.CreateSymbolicLink(Path.Combine(at.Snapshot, "config.json"), "../../blobs/gone");
        await at.Client().ResolveAsync(at.Model, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(at.Hub.Files["config.json"], File.ReadAllBytes(Path.Combine(at.Snapshot, "config.json")));
        File.Delete(Path.Combine(at.Snapshot, "model.safetensors"));
        await at.Client().ResolveAsync(at.Model, cancellation: TestContext.Current.CancellationToken);
        at.AssertWhole();
    }

    [Theory]
    [InlineData("the whole model", true)]
    [InlineData("no weights", false)]
    [InlineData("weights that lead nowhere", false)]
    [InlineData("weights that lead to themselves", false)]
    [InlineData("weights of another folder", true)]
    [InlineData("no snapshot", false)]
    [InlineData("a ref that is no commit", false)]
    public async Task Find_OfflineTakesWhatLoads(string cache, bool isThere)
    {
        using HubFixture at = new();
        await at.DownloadAsync();
        string weights = Path.Combine(at.Snapshot, "model.safetensors"), elsewhere = Path.Combine(at.Home, "elsewhere");
        if (cache.Contains("weights", StringComparison.Ordinal)) File.Delete(weights);
        if (cache == "no snapshot") Directory.Delete(at.Snapshot, recursive: true);
        else if (cache == "a ref that is no commit") File.WriteAllText(Path.Combine(at.ModelFolder, "refs", "main"), "../../..");
        else if (cache == "weights that lead nowhere") File.CreateSymbolicLink(weights, "../../blobs/gone");
        else if (cache == "weights that lead to themselves") File.CreateSymbolicLink(weights, "model.safetensors");
        else if (cache == "weights of another folder")
        {
            File.WriteAllBytes(elsewhere, at.Weights);
            File.CreateSymbolicLink(weights, elsewhere);
        }
        ModelHub hub = at.Client(isOffline: true);
        Assert.Equal(isThere ? at.Snapshot : null, hub.Find(at.Model));
        at.Hub.Requests.Clear();
        if (!isThere)
        {
            HubException refused = await Assert.ThrowsAsync<HubException>(() => hub.ResolveAsync(at.Model, cancellation: TestContext.Current.CancellationToken));
            Assert.Contains("HF_HUB_OFFLINE forbids to fetch it", refused.Message, StringComparison.Ordinal);
        }
        Assert.Empty(at.Hub.Requests);
    }

    [Fact]
    public async Task Download_OfAnAdapterTakesItsTwoFiles()
    {
        using HubFixture at = new();
        await Assert.ThrowsAsync<HubException>(() => at.DownloadAsync(files: HubFiles.Adapter));
        at.Hub.Files["adapter_config.json"] = "{}"u8.ToArray();
        at.Hub.Files["adapter_model.safetensors"] = [1, 2, 3];
        at.Hub.Files["adapter_model.bin"] = [4];
        await at.DownloadAsync(files: HubFiles.Adapter);
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], HubFixture.Names(at.Snapshot));
        Assert.NotNull(at.Client(isOffline: true).Find(at.Model, HubFiles.Adapter));
    }

    [Fact]
    public async Task Download_OfAModelThatIsAnAdapterTakesItsTwoFiles()
    {
        using HubFixture at = new();
        at.Hub.Files.Remove("config.json");
        at.Hub.Files.Remove("model.safetensors");
        at.Hub.Files["adapter_config.json"] = "{}"u8.ToArray();
        at.Hub.Files["adapter_model.safetensors"] = [1, 2, 3];
        await at.DownloadAsync();
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], HubFixture.Names(at.Snapshot));
        Assert.NotNull(at.Client().Find(at.Model));
        Assert.NotNull(at.Client(isOffline: true).Find(at.Model));
    }

    [Fact]
    public async Task Download_OfAnAdapterWithModulesTakesTheFilesBesideIt()
    {
        using HubFixture at = new();
        foreach (string name in (string[])["config.json", "model.safetensors", "tokenizer.json"]) at.Hub.Files.Remove(name);
        foreach (string name in (string[])["adapter_config.json", "1_Pooling/config.json", "sentence_bert_config.json"]) at.Hub.Files[name] = "{}"u8.ToArray();
        at.Hub.Files["adapter_model.safetensors"] = [1, 2, 3];
        at.Hub.Files["modules.json"] = """
            [{"path":"","type":"sentence_transformers.models.Transformer"},{"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]
            """u8.ToArray();
        await at.DownloadAsync();
        Assert.Equal(["1_Pooling/config.json", "adapter_config.json", "adapter_model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer_config.json", "vocab.txt"],
            HubFixture.Names(at.Snapshot).Order(StringComparer.Ordinal));
        Assert.NotNull(at.Client(isOffline: true).Find(at.Model));
    }

    [Fact]
    public async Task Download_OfATokenizerTakesNoWeights()
    {
        using HubFixture at = new();
        at.Hub.Files.Remove("tokenizer.json");
        await at.DownloadAsync(files: HubFiles.Tokenizer);
        Assert.Equal(["config.json", "tokenizer_config.json", "vocab.txt"], HubFixture.Names(at.Snapshot));
        Assert.Null(at.Client().Find(at.Model));
        Assert.NotNull(at.Client().Find(at.Model, HubFiles.Tokenizer));
    }

    [Theory]
    [InlineData("acme/tiny", null)]
    [InlineData("a-b.c_d/e@v1.0-rc.1", null)]
    [InlineData("a/b@feature/x", null)]
    [InlineData("a/b@0123456789abcdef0123456789abcdef01234567", null)]
    [InlineData("a", "one /")]
    [InlineData("a/b/c", "one /")]
    [InlineData("../acme/tiny-bert", "one /")]
    [InlineData("../x", "begins or ends")]
    [InlineData("a/..", "begins or ends")]
    [InlineData("/b", "letters")]
    [InlineData("a/b--c", "--")]
    [InlineData("a/b..c", "..")]
    [InlineData("a/b.git", ".git")]
    [InlineData("a/b c", "ASCII")]
    [InlineData("a/é", "ASCII")]
    [InlineData("a\\b/c", "ASCII")]
    [InlineData("a/b@", "letters")]
    [InlineData("a/-b", "begins or ends")]
    [InlineData("-a/b", "begins or ends")]
    [InlineData("--model/b", "begins or ends")]
    [InlineData("a/.", "begins or ends")]
    [InlineData("a/b\n", "ASCII")]
    [InlineData("a/b\0", "ASCII")]
    [InlineData("a/b@-x", "begins with -")]
    [InlineData("a/b@--upload-pack=x", "begins with -")]
    [InlineData("a/b@@", "@ alone")]
    [InlineData("a/b@x\0", "git does not allow")]
    [InlineData("a/b@x\u007f", "git does not allow")]
    [InlineData("a/b@x/../y", "..")]
    [InlineData("a/b@../../../x", "..")]
    [InlineData("a/b@/x", "empty")]
    [InlineData("a/b@x//y", "empty")]
    [InlineData("a/b@.x", "dot")]
    [InlineData("a/b@x.lock", ".lock")]
    [InlineData("a/b@x\u202ey", "invisible")]
    [InlineData("a/b@x\u200by", "invisible")]
    [InlineData("a/b@x y", "git does not allow")]
    [InlineData("a/b@x\\y", "git does not allow")]
    [InlineData("a/b@x\ny", "git does not allow")]
    [InlineData("a/b@x@{1}", "@{")]
    public void Parse_TakesNamesAndRefusesWhatIsNone(string text, string? fault)
    {
        if (fault is null) Assert.Equal(text.Contains('@') ? text : $"{text}@main", HubModel.Parse(text).ToString());
        else Assert.Contains(fault, Assert.Throws<HubException>(() => HubModel.Parse(text)).Message, StringComparison.Ordinal);
    }
}
