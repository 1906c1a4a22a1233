using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>What the hub says about a file before it is fetched.</summary>
/// <param name="Address">Of its bytes at one commit.</param>
/// <param name="Etag">The name of its blob, and mostly its checksum.</param>
/// <param name="Size">In bytes; null: the hub does not say.</param>
internal sealed record RemoteFile(string Name, Uri Address, string Etag, long? Size);

/// <summary>Requests to a hub, each tried again while it may pass. The token is shown to the hub's own host only: redirects are followed here, by hand.</summary>
/// <remarks>Addresses and headers are those of <c>huggingface_hub</c> (<c>hf_api.py</c>, <c>file_download.py</c>). Safe for concurrent use.</remarks>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 10, MostListingBytes = 64 << 20, MostLettersOfEtag = 128;
    private const long MostBytes = 1L << 43; // 8 TiB
    private readonly HttpClient _http;
    private readonly HubSettings _settings;
    private readonly HubTimes _times;

    public HubClient(HubSettings settings, HubTimes times)
    {
        (_settings, _times) = (settings, times);
        SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = times.Connection };
        _http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("cloze");
        _http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("identity"); // lengths and ranges count the file's own bytes
    }

    /// <summary>The commit that a revision stands for now, and its files.</summary>
    public Task<HubListing> ListAsync(HubModel model, CancellationToken cancellation) => TryAsync(async () =>
    {
        Uri address = Address($"api/models/{model.Repository}/revision/{Uri.EscapeDataString(model.Revision)}");
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, address, from: 0, isEnough: null, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode) throw HubFault.Of(response, model, _settings);
        using MemoryStream body = new();
        await CopyAsync(response, (bytes, _) =>
        {
            if (body.Length + bytes.Length > MostListingBytes)
                throw new HubException($"{address} answers with more than {MostListingBytes} bytes: no list of files.");
            body.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }, cancellation).ConfigureAwait(false);
        return HubListing.Read(address, body.ToArray());
    }, cancellation);

    /// <summary>Etag and size of a file at a commit.</summary>
    public Task<RemoteFile> HeadAsync(HubModel model, string commit, string name, CancellationToken cancellation) => TryAsync(async () =>
    {
        string path = string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
        Uri address = Address($"{model.Repository}/resolve/{commit}/{path}");
        using HttpResponseMessage response = await SendAsync(HttpMethod.Head, address, from: 0, IsEnough, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode && !IsRedirect(response)) throw HubFault.Of(response, model, _settings, name);
        string? etag = Header(response, "X-Linked-Etag") ?? Header(response, "ETag");
        if (etag is null || Plain(etag) is not { } plain)
        {
            string what = etag is null ? "no ETag" : $"the ETag {FileFault.Shown(etag)}";
            throw new HubException($"{address}: the answer has {what}, by which no file can be kept and checked; is {_settings.Endpoint} a hub?");
        }
        long? size = long.TryParse(Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes
            : IsRedirect(response) ? null : response.Content.Headers.ContentLength;
        if (size > MostBytes)
            throw new HubException($"{address}: the hub announces {size} bytes, more than any file of a model has (at most {MostBytes} are taken); "
                + $"is {_settings.Endpoint} a hub?");
        return new RemoteFile(name, address, plain, size);

        // a redirect of the hub itself (a renamed model) is followed, one to another host is where the bytes lie
        bool IsEnough(HttpResponseMessage redirect, Uri next) =>
            Header(redirect, "X-Linked-Etag") is not null || (!_settings.IsOwnHost(next) && Header(redirect, "ETag") is not null);
    }, cancellation);

    /// <summary>A file's bytes from an offset on: one try, the answer's headers only.</summary>
    /// <returns>200 with all bytes, 206 with those asked for, or 416.</returns>
    /// <exception cref="HubException">Anything else.</exception>
    public async Task<HttpResponseMessage> GetAsync(HubModel model, RemoteFile file, long from, CancellationToken cancellation)
    {
        HttpResponseMessage response = await SendAsync(HttpMethod.Get, file.Address, from, isEnough: null, cancellation).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable) return response;
        using (response) throw HubFault.Of(response, model, _settings, file.Name);
    }

    /// <summary>Hands over a body as it arrives.</summary>
    /// <param name="take">The bytes, valid until it has ended.</param>
    /// <exception cref="HubException">The connection was cut or has fallen silent; it may pass.</exception>
    public async Task CopyAsync(HttpResponseMessage response, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> take, CancellationToken cancellation)
    {
        byte[] buffer = new byte[1 << 17];
        Uri? address = response.RequestMessage?.RequestUri;
        Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            int read = await WithinAsync(token => body.ReadAsync(buffer, token).AsTask(), address, cancellation).ConfigureAwait(false);
            if (read == 0) return;
            await take(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => _http.Dispose();

    private Uri Address(string path) => new($"{_settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private async Task<TResult> TryAsync<TResult>(Func<Task<TResult>> request, CancellationToken cancellation)
    {
        Patience patience = new(_times);
        while (true)
        {
            try
            {
                return await request().ConfigureAwait(false);
            }
            catch (HubException e) when (e.IsTransient)
            {
                await patience.WaitAsync(e, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <param name="isEnough">Whether a redirect itself, to the address given, is the answer; null: none is.</param>
    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri address, long from, Func<HttpResponseMessage, Uri, bool>? isEnough, CancellationToken cancellation)
    {
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using HttpRequestMessage request = new(method, address);
            if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
            if (_settings.Token is { } token && _settings.IsOwnHost(address)) request.Headers.Authorization = new("Bearer", token);
            HttpResponseMessage response = await WithinAsync(
                within => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, within), address, cancellation).ConfigureAwait(false);
            if (!IsRedirect(response) || response.Headers.Location is not { } location) return response;
            Uri next = new(address, location);
            if (isEnough?.Invoke(response, next) is true) return response;
            response.Dispose();
            if (next.Scheme is not ("http" or "https") || (address.Scheme == "https" && next.Scheme == "http"))
                throw new HubException($"{Shown(address)} leads to {Shown(next)}, which is less safe; it was not followed.");
            address = next;
        }
        throw new HubException($"{Shown(address)}: more than {MostRedirects} redirects lead on from one another.");
    }

    /// <summary>Failures of the network, and silence, in words.</summary>
    private async Task<TResult> WithinAsync<TResult>(Func<CancellationToken, Task<TResult>> work, Uri? address, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_times.Silence);
        try
        {
            return await work(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            bool isConnection = e.InnerException is TimeoutException;
            double seconds = (isConnection ? _times.Connection : _times.Silence).TotalSeconds;
            throw new HubException($"{Shown(address)} {(isConnection ? "gave no connection" : "sent nothing")} for {seconds:0} seconds.", e)
            {
                IsTransient = true,
                IsUnreachable = isConnection,
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw HubFault.OfNetwork(e, Shown(address));
        }
    }

    /// <summary>Without the query, which may hold a signature.</summary>
    private static string Shown(Uri? address) => address?.GetLeftPart(UriPartial.Path) ?? "the hub";

    private static bool IsRedirect(HttpResponseMessage response) => (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.ToString() : null;

    /// <summary>Without quotes and weakness; null: it cannot be a file's name.</summary>
    private static string? Plain(string etag)
    {
        string plain = (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"');
        return plain.Length is > 0 and <= MostLettersOfEtag && plain.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_') ? plain : null;
    }
}
