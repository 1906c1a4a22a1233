using System.Text.RegularExpressions;
using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>Where the hub is, where its cache lies, and whose token is shown to it.</summary>
/// <remarks>Names and defaults are those of <c>huggingface_hub</c> (<c>constants.py</c>), so that both share one cache. Immutable.</remarks>
public sealed partial class HubSettings
{
    private static readonly string[] s_true = ["1", "ON", "YES", "TRUE"];

    /// <summary>The folder with <c>models--org--name</c>; <c>HF_HUB_CACHE</c>, else <c>hub</c> in <c>HF_HOME</c>, else <c>~/.cache/huggingface/hub</c>.</summary>
    public required string CacheFolder { get; init; }
    /// <summary>http or https; <c>HF_ENDPOINT</c>, else https://huggingface.co.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");
    /// <summary>Shown to <see cref="Endpoint"/> and to no other host; <c>HF_TOKEN</c>, else the file that <c>hf auth login</c> writes; null: none.</summary>
    public string? Token { get; init; }
    /// <summary>Nothing is asked and nothing fetched; <c>HF_HUB_OFFLINE</c>.</summary>
    public bool IsOffline { get; init; }

    /// <summary>Whether an address is of the hub itself: of its scheme, host and port.</summary>
    internal bool IsOwnHost(Uri address) =>
        Uri.Compare(address, Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>What the environment says.</summary>
    /// <exception cref="HubException"><c>HF_ENDPOINT</c> is no address, or the token no token.</exception>
    public static HubSettings FromEnvironment()
    {
        string home = Folder("HF_HOME") ?? Path.Combine(Folder("XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache"), "huggingface");
        return new()
        {
            CacheFolder = Path.GetFullPath(Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub")),
            Endpoint = ReadEndpoint(Value("HF_ENDPOINT") ?? "https://huggingface.co"),
            Token = ReadToken(home),
            IsOffline = IsTrue("HF_HUB_OFFLINE") || IsTrue("TRANSFORMERS_OFFLINE"),
        };
    }

    /// <summary>There or not: where it is not, the framework would give nothing, and ~/x would be /x.</summary>
    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    private static string? Value(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    private static bool IsTrue(string variable) => Value(variable) is { } value && s_true.Contains(value.ToUpperInvariant());

    /// <summary>A folder with ~ and $NAME for what they stand for.</summary>
    private static string? Folder(string variable)
    {
        if (Value(variable) is not { } path) return null;
        if (path == "~" || path.StartsWith("~/", StringComparison.Ordinal)) path = UserFolder + path[1..];
        return Reference().Replace(path, match => Environment.GetEnvironmentVariable(match.Groups[1].Value + match.Groups[2].Value) ?? match.Value);
    }

    private static Uri ReadEndpoint(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? endpoint) && endpoint is { Scheme: "http" or "https", UserInfo.Length: 0, Query.Length: 0 }
            ? endpoint
            : throw new HubException($"HF_ENDPOINT is {(text.Contains('@') ? "an address with a name or password in it" : FileFault.Shown(text))}; "
                + "an address such as https://huggingface.co is needed.");

    private static string? ReadToken(string home)
    {
        if (IsTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return null;
        foreach (string variable in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
            if (Value(variable)?.Trim() is { Length: > 0 } token) return Checked(token, variable);
        string path = Folder("HF_TOKEN_PATH") ?? Path.Combine(home, "token");
        return File.Exists(path) && HubFolder.ReadText(path) is { Length: > 0 } stored ? Checked(stored, path) : null;
    }

    /// <summary>What cannot stand in a header is refused here, by a message that does not show it.</summary>
    private static string Checked(string token, string source) => token.AsSpan().ContainsAnyExceptInRange('!', '~')
        ? throw new HubException($"{source} holds what cannot be a token: a space, a control character or a letter beyond ASCII is in it.")
        : token;

    [GeneratedRegex(@"\$(?:(\w+)|\{(\w+)\})")]
    private static partial Regex Reference();
}
