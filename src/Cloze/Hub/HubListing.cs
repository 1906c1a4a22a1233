using System.Text.Json;
using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>The files of a model at one commit.</summary>
internal sealed record HubListing(string Commit, IReadOnlySet<string> Files)
{
    /// <summary>The answer of <c>/api/models/…/revision/…</c>.</summary>
    /// <exception cref="HubException">It is something else.</exception>
    public static HubListing Read(Uri address, byte[] json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            string commit = document.RootElement.GetProperty("sha").GetString() ?? "";
            if (!HubModel.IsCommitId(commit))
                throw new HubException($"{address}: sha is {FileFault.Shown(commit)}; a commit of 40 hexadecimal digits is needed.");
            JsonElement files = document.RootElement.GetProperty("siblings");
            return new(commit, files.EnumerateArray().Select(file => file.GetProperty("rfilename").GetString() ?? "").ToHashSet());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HubException($"{address} answers with what is no list of a model's files (JSON with sha and siblings); is it a hub?", e);
        }
    }
}
