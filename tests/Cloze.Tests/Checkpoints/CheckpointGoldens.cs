using System.Text.Json;
namespace Cloze.Tests.Checkpoints;

/// <summary>The list of good, odd and hostile files in ../shared/goldens/checkpoints.</summary>
internal static class CheckpointGoldens
{
    private static readonly Lazy<JsonElement> s_index = new(() =>
        JsonDocument.Parse(File.ReadAllBytes(Shared.Path("goldens", "checkpoints", "index.json"))).RootElement);

    public sealed record Expected(string DType, int[] Shape, string? Sha256);

    public sealed record Entry(string Name, string Path, string Verdict, string? As, JsonElement Json)
    {
        /// <summary>The table under a key ("expect", "model"), its reference resolved; null: there is none.</summary>
        public Dictionary<string, Expected>? Table(string key)
        {
            if (!Json.TryGetProperty(key, out JsonElement table)) return null;
            if (table.TryGetProperty("$ref", out JsonElement name)) table = s_index.Value.GetProperty("tables").GetProperty(name.GetString()!);
            return table.EnumerateObject().ToDictionary(tensor => tensor.Name, tensor => new Expected(
                tensor.Value.GetProperty("dtype").GetString()!,
                [.. tensor.Value.TryGetProperty("shape", out JsonElement shape) ? shape.EnumerateArray().Select(Size) : []],
                tensor.Value.TryGetProperty("sha256", out JsonElement hash) ? hash.GetString() : null));
        }
    }

    private static int Size(JsonElement size) => (int)Math.Min(size.GetInt64(), int.MaxValue);

    public static IEnumerable<Entry> Of(string kind)
    {
        foreach (JsonElement file in s_index.Value.GetProperty("files").EnumerateArray())
        {
            if (file.GetProperty("kind").GetString() != kind) continue;
            string name = file.GetProperty("path").GetString()!;
            yield return new(name, Shared.Path("goldens", "checkpoints", name), file.GetProperty("verdict").GetString()!,
                file.TryGetProperty("as", out JsonElement wanted) ? wanted.GetString() : null, file);
        }
    }
}
