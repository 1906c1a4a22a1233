using System.Text.Json;
namespace Cloze.Tests.Checkpoints;

/// <summary>A list of good, odd and hostile files: the whole recording in ../shared/goldens/checkpoints, or the part of it that is committed.</summary>
internal sealed class CheckpointGoldens
{
    private readonly string _root;
    private readonly JsonElement _index;

    private CheckpointGoldens(string root)
    {
        _root = root;
        _index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, "index.json"))).RootElement;
    }

    private static readonly Lazy<CheckpointGoldens> s_recorded = new(() => new(Shared.Path("goldens", "checkpoints")));
    private static readonly Lazy<CheckpointGoldens> s_committed = new(() => new(Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Data", "checkpoints")));

    public static CheckpointGoldens Recorded => s_recorded.Value;
    public static CheckpointGoldens Committed => s_committed.Value;

    public sealed record Expected(string DType, long[] Shape, string? Sha256);

    /// <param name="Tables">Of the index, to which entries refer.</param>
    public sealed record Entry(string Root, string Name, JsonElement Json, JsonElement Tables)
    {
        public string Path => System.IO.Path.Combine(Root, Name);
        public string Kind => Text("kind")!;
        public string Verdict => Text("verdict")!;
        public string? As => Text("as");
        /// <summary>The weights beside a config.json.</summary>
        public string? With => Text("with");

        /// <summary>The table under a key ("expect", "model"), its reference resolved; null: there is none.</summary>
        public Dictionary<string, Expected>? Table(string key)
        {
            if (!Json.TryGetProperty(key, out JsonElement table) || table.ValueKind != JsonValueKind.Object) return null;
            if (table.TryGetProperty("$ref", out JsonElement name)) table = Tables.GetProperty(name.GetString()!);
            return table.EnumerateObject().ToDictionary(tensor => tensor.Name, tensor => new Expected(
                tensor.Value.GetProperty("dtype").GetString()!,
                [.. tensor.Value.TryGetProperty("shape", out JsonElement shape) ? shape.EnumerateArray().Select(size => size.GetInt64()) : []],
                tensor.Value.TryGetProperty("sha256", out JsonElement hash) ? hash.GetString() : null));
        }

        private string? Text(string key) => Json.TryGetProperty(key, out JsonElement value) ? value.GetString() : null;
    }

    public IEnumerable<Entry> Of(string kind) => All.Where(entry => entry.Kind == kind);

    public IEnumerable<Entry> All => _index.GetProperty("files").EnumerateArray()
        .Select(file => new Entry(_root, file.GetProperty("path").GetString()!, file, _index.GetProperty("tables")));
}
