namespace Cloze.Hub;

/// <summary>What a hub's refusal, or a failure of the network, means for the user.</summary>
internal static class HubFault
{
    private const string Offline = "HF_HUB_OFFLINE=1 uses what is in the cache.";

    /// <summary>An answer that is no success.</summary>
    /// <param name="file">What was asked for; null: the model itself.</param>
    public static HubException Of(HttpResponseMessage response, HubModel model, HubSettings settings, string? file = null)
    {
        if (response.RequestMessage?.RequestUri is { } asked && !settings.IsOwnHost(asked)) return OfFileHost(response, asked, model, file);
        string code = response.Headers.NonValidated.TryGetValues("X-Error-Code", out System.Net.Http.Headers.HeaderStringValues values) ? values.ToString() : "";
        string hub = settings.Endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/');
        string token = settings.Token is null ? "set HF_TOKEN to a token that may read it" : "the token that is set (HF_TOKEN) may not read it";
        int status = (int)response.StatusCode;
        return (status, code) switch
        {
            (404, "RevisionNotFound") => new($"{model.Repository} has no revision {model.Revision} at {hub}."),
            (_, "RepoNotFound") => new($"There is no model {model.Repository} at {hub}, or it is private: then {token}."),
            (_, "GatedRepo") => new($"{model.Repository} is gated: accept its conditions at {hub}/{model.Repository}; {token} ({status})."),
            (401, _) => new($"{hub} lets only some read {model.Repository}, if there is such a model: {token} ({status})."),
            (403, _) => new($"{hub} refuses {model.Repository} ({status}), without saying why; {token}, or something between here and the hub (a proxy) "
                + "forbids it."),
            (404, _) when file is null => new($"{hub} has no model {model.Repository} with a revision {model.Revision}."),
            (404, _) => new($"{model} has no file {file} at {hub}, though its list says so."),
            (429, _) => new($"{hub} refuses more requests for now ({status}){Wait(response)}; try again later, or set HF_TOKEN for a higher limit.")
            {
                IsTransient = true,
                RetryAfter = RetryAfter(response),
            },
            (408 or >= 500 and not 501 and not 505, _) => new(
                $"{hub} fails to answer for {file ?? "the files"} of {model} ({status}){Wait(response)}; try again later.")
            {
                IsTransient = true,
                RetryAfter = RetryAfter(response),
            },
            _ => new($"{response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Path) ?? hub} answers with {status}, which nobody expected of a hub."),
        };
    }

    /// <summary>
    /// An answer of another host, to which the hub leads on for a file's bytes: it knows of no models, and its addresses are good for some time only.
    /// </summary>
    private static HubException OfFileHost(HttpResponseMessage response, Uri asked, HubModel model, string? file)
    {
        int status = (int)response.StatusCode;
        string what = $"{asked.GetLeftPart(UriPartial.Authority)}, where the hub keeps {file ?? "files"} of {model},";
        return status switch
        {
            401 or 403 => new($"{what} refuses it ({status}): the address that the hub gave may have run out, or something between here and there "
                + "(a proxy) forbids it; try again.")
            {
                IsTransient = true,
            },
            408 or 429 or >= 500 and not 501 and not 505 => new($"{what} fails to answer ({status}){Wait(response)}; try again later.")
            {
                IsTransient = true,
                RetryAfter = RetryAfter(response),
            },
            _ => new($"{what} answers with {status}; try again later."),
        };
    }

    /// <summary>No answer at all, or one that ended early.</summary>
    public static HubException OfNetwork(Exception e, string address)
    {
        HttpRequestError? kind = (e as HttpRequestException)?.HttpRequestError ?? (e as HttpIOException)?.HttpRequestError;
        return kind switch
        {
            HttpRequestError.NameResolutionError => new($"{address} cannot be reached: the host's name is not known; {Offline}", e)
            {
                IsTransient = true,
                IsUnreachable = true,
            },
            HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError => new($"{address} cannot be reached: no connection to the host; {Offline}", e)
            {
                IsTransient = true,
                IsUnreachable = true,
            },
            HttpRequestError.SecureConnectionError => new($"{address}: no secure connection ({e.InnerException?.Message ?? e.Message}).", e),
            _ => new($"{address}: the connection was cut.", e) { IsTransient = true },
        };
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - DateTimeOffset.UtcNow,
        _ => null,
    };

    private static string Wait(HttpResponseMessage response) =>
        RetryAfter(response) is { } wait && wait > TimeSpan.Zero ? $", for {Math.Ceiling(wait.TotalSeconds):0} seconds" : "";
}
