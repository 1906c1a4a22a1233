using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
namespace Cloze.Tests.Hub;

/// <summary>What a client asked for.</summary>
internal sealed record FakeRequest(string Method, string Host, string Path, string? Token, long? From)
{
    /// <summary>For the bytes of a large file, at the other host.</summary>
    public bool IsForWeights => Method == "GET" && Path.StartsWith("/cdn/", StringComparison.Ordinal);
}

/// <summary>What is answered. The body may end early, or stop until it is let go.</summary>
internal sealed record FakeAnswer(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    /// <summary>Bytes of the body after which the connection is cut.</summary>
    public int? CutAfter { get; init; }
    /// <summary>Bytes of the body after which nothing comes any more.</summary>
    public int? HoldAfter { get; init; }
}

/// <summary>A small hub on this machine: revisions, lists of files, etags, large files on another host, ranges. Faults are put in by <see cref="Fault"/>.</summary>
internal sealed class FakeHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567", Repository = "acme/tiny";
    private readonly string _repository;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeHub(string repository = Repository)
    {
        _repository = repository;
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    /// <summary>Files by their path; those that end in .safetensors or .bin are large (LFS).</summary>
    public Dictionary<string, byte[]> Files { get; } = [];
    public Dictionary<string, string> Revisions { get; } = new() { ["main"] = Commit, ["v1.0"] = Commit, ["refs/pr/1"] = Commit, [Commit] = Commit };
    public ConcurrentQueue<FakeRequest> Requests { get; } = [];
    /// <summary>Asked first; null: the usual answer.</summary>
    public Func<FakeRequest, FakeAnswer, FakeAnswer?> Fault { get; set; } = (_, _) => null;
    /// <summary>The token without which nothing is answered.</summary>
    public string? NeedsToken { get; init; }

    public string Endpoint => $"http://127.0.0.1:{Port}";
    /// <summary>The same machine under another name: another host.</summary>
    public string OtherHost => $"http://localhost:{Port}";
    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Ends when the next answer is held.</summary>
    public Task NextHold() => (_held = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public static bool IsLarge(string name) => Path.GetExtension(name) is ".safetensors" or ".bin";

    /// <summary>SHA-256 of a large file, else the SHA-1 of git's blob.</summary>
    public static string EtagOf(string name, byte[] bytes) => Convert.ToHexStringLower(IsLarge(name) ? SHA256.HashData(bytes)
#pragma warning disable CA5350 // git's names are SHA-1
        : SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));
#pragma warning restore CA5350

    /// <summary>No connection is taken any more.</summary>
    public void Stop() => _listener.Stop();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = Task.Run(() => AnswerAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // the test has ended
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using TcpClient owned = client;
        try
        {
            NetworkStream stream = client.GetStream();
            FakeRequest request = await ReadAsync(stream);
            Requests.Enqueue(request);
            FakeAnswer usual = Usual(request), answer = Fault(request, usual) ?? usual;
            StringBuilder head = new($"HTTP/1.1 {answer.Status} X\r\nConnection: close\r\n");
            if (answer.Headers.All(header => header.Name != "Content-Length")) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {answer.Body.Length}\r\n");
            foreach ((string name, string value) in answer.Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}\r\n"), _stop.Token);
            if (request.Method == "HEAD") return;
            await stream.WriteAsync(answer.Body.AsMemory(0, Math.Min(answer.CutAfter ?? answer.HoldAfter ?? int.MaxValue, answer.Body.Length)), _stop.Token);
            if (answer.HoldAfter is null) return;
            _held.TrySetResult();
            await stream.CopyToAsync(Stream.Null, _stop.Token); // until the client has gone
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the client has gone, or the test has ended
        }
    }

    private async Task<FakeRequest> ReadAsync(NetworkStream stream)
    {
        StringBuilder text = new();
        byte[] one = new byte[1];
        while (!(text.Length > 3 && text.ToString(text.Length - 4, 4) == "\r\n\r\n"))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0) throw new IOException("The request has no end.");
            text.Append((char)one[0]);
        }
        string[] lines = text.ToString().Split("\r\n"), first = lines[0].Split(' ');
        string? range = Header("Range");
        return new(first[0], Header("Host") ?? "", first[1], Header("Authorization"),
            range is null ? null : long.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture));

        string? Header(string name) => lines.FirstOrDefault(line => line.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];
    }

    private FakeAnswer Usual(FakeRequest request)
    {
        string path = request.Path;
        if (request.IsForWeights) return Range(Files[Uri.UnescapeDataString(path["/cdn/".Length..path.IndexOf('?')])], request, []);
        if (NeedsToken is not null && request.Token != $"Bearer {NeedsToken}") return new(401, [], ("X-Error-Code", "GatedRepo"));
        if (path.StartsWith($"/api/models/{_repository}/revision/", StringComparison.Ordinal))
        {
            string revision = Uri.UnescapeDataString(path[$"/api/models/{_repository}/revision/".Length..]);
            if (!Revisions.TryGetValue(revision, out string? commit)) return new(404, [], ("X-Error-Code", "RevisionNotFound"));
            JsonObject list = new() { ["sha"] = commit, ["siblings"] = new JsonArray([.. Files.Keys.Select(name => new JsonObject { ["rfilename"] = name })]) };
            return new(200, Encoding.UTF8.GetBytes(list.ToJsonString()), ("Content-Type", "application/json"));
        }
        string files = $"/{_repository}/resolve/{Commit}/";
        if (!path.StartsWith(files, StringComparison.Ordinal)) return new(404, [], ("X-Error-Code", "RepoNotFound"));
        string file = Uri.UnescapeDataString(path[files.Length..]);
        if (!Files.TryGetValue(file, out byte[]? bytes)) return new(404, [], ("X-Error-Code", "EntryNotFound"));
        string etag = EtagOf(file, bytes);
        return IsLarge(file)
            ? new(302, [], ("X-Repo-Commit", Commit), ("X-Linked-Etag", $"\"{etag}\""), ("X-Linked-Size", $"{bytes.Length}"), ("ETag", "\"a-pointer\""),
                ("Location", $"{OtherHost}/cdn/{Uri.EscapeDataString(file)}?signature=secret"))
            : Range(bytes, request, [("ETag", $"W/\"{etag}\""), ("X-Repo-Commit", Commit)]);
    }

    public static FakeAnswer Range(byte[] bytes, FakeRequest request, (string, string)[] headers) => request.From switch
    {
        null or 0 => new(200, bytes, [.. headers, ("Accept-Ranges", "bytes")]),
        { } from when from >= bytes.Length => new(416, [], headers),
        { } from => new(206, bytes[(int)from..], [.. headers, ("Content-Range", $"bytes {from}-{bytes.Length - 1}/{bytes.Length}")]),
    };
}
