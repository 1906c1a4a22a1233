using System.Text.Json;
using Cloze.Pipelines;
namespace Cloze.Tests.Pipelines;

/// <summary>Whole calls of the reference library, recorded (goldens/sentence-transformers).</summary>
public class SentenceTransformerGoldenTests
{
    public static TheoryData<string> Calls()
    {
        TheoryData<string> calls = [];
        if (!Shared.IsPresent) calls.Add("absent");
        else foreach (JsonElement call in Lines("encode.jsonl")) calls.Add(call.GetProperty("id").GetString()!);
        return calls;
    }

    public static TheoryData<string> Refusals()
    {
        TheoryData<string> folders = [];
        if (!Shared.IsPresent) folders.Add("absent");
        else foreach (JsonElement folder in Lines("refused.jsonl")) folders.Add(folder.GetProperty("checkpoint").GetString()!);
        return folders;
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void Embed_MatchesTheRecordedCall(string id)
    {
        Shared.RequireOrSkip();
        JsonElement call = Lines("encode.jsonl").Single(call => call.GetProperty("id").GetString() == id);
        string checkpoint = call.GetProperty("checkpoint").GetString()!, folder = Folder(checkpoint);
        JsonElement options = call.GetProperty("options");
        Assert.SkipWhen(options.TryGetProperty("output_value", out _) || options.TryGetProperty("precision", out _),
            "token vectors and rounded vectors are not TextEmbedder's");
        using TextEmbedder embedder = TextEmbedder.Load(folder);
        string? prompt = Text(options, "prompt"), name = Text(options, "prompt_name");
        int? dimensions = options.TryGetProperty("truncate_dim", out JsonElement cut) ? cut.GetInt32() : null;
        bool normalize = options.TryGetProperty("normalize_embeddings", out JsonElement asked) && asked.GetBoolean();
        EmbedOptions embed = new()
        {
            Prompt = prompt,
            PromptName = name,
            Role = call.GetProperty("call").GetString() switch { "encode_query" => TextRole.Query, "encode_document" => TextRole.Document, _ => TextRole.Any },
            Dimensions = dimensions,
            Normalize = normalize ? true : dimensions is null ? null : false,
        };
        JsonElement input = call.GetProperty("input");
        string[] texts = input.ValueKind == JsonValueKind.String ? [input.GetString()!] : [.. input.EnumerateArray().Select(text => text.GetString()!)];
        if (call.TryGetProperty("error", out _))
        {
            Assert.Contains(name!, Assert.Throws<ArgumentException>(() => embedder.Embed(texts, embed, TestContext.Current.CancellationToken)).Message,
                StringComparison.Ordinal);
            return;
        }
        JsonElement output = call.GetProperty("output");
        float[][] expected = input.ValueKind == JsonValueKind.String ? [Floats(output)] : [.. output.EnumerateArray().Select(Floats)];
        ReadOnlyMemory<float>[] vectors = embedder.Embed(texts, embed, TestContext.Current.CancellationToken);
        Assert.Equal(expected.Length, vectors.Length);
        for (int i = 0; i < expected.Length; i++) Near(expected[i], vectors[i].Span, $"text {i}: {texts[i]}");
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Load_RefusesByNameWhatItDoesNotSupport(string folder)
    {
        Shared.RequireOrSkip();
        JsonElement entry = Lines("refused.jsonl").Single(entry => entry.GetProperty("checkpoint").GetString() == folder);
        CheckpointException refusal = Assert.Throws<CheckpointException>(() => TextEmbedder.Load(Folder(folder)));
        string reason = entry.GetProperty("refuse").GetString()!;
        string named = reason switch
        {
            _ when reason.StartsWith("module ", StringComparison.Ordinal) => reason.Split(' ')[1],
            _ when reason.StartsWith("activation ", StringComparison.Ordinal) || reason.StartsWith("pooling_mode ", StringComparison.Ordinal) =>
                reason.Split(' ')[1],
            "modules.json path leaves the folder" => "leaves the folder",
            "modules.json lists no module" => "lists no module",
            "default_prompt_name is not in prompts" => "default_prompt_name",
            "2_Dense has no weights" => "2_Dense",
            _ => "linear.weight",
        };
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_KnowsWhatTheReferenceMakesOfEachFolder()
    {
        Shared.RequireOrSkip();
        foreach (JsonElement entry in Lines("checkpoints.jsonl"))
        {
            string checkpoint = entry.GetProperty("checkpoint").GetString()!;
            using TextEmbedder embedder = TextEmbedder.Load(Folder(checkpoint));
            Assert.Equal(entry.GetProperty("dimension").GetInt32(), embedder.Dimensions);
            Assert.Equal(entry.GetProperty("max_seq_length").GetInt32(), embedder.MaxTokens);
            Assert.Equal(Path.GetFileName(checkpoint).StartsWith("plain", StringComparison.Ordinal), embedder.HasDefaultPooling);
        }
    }

    private static void Near(ReadOnlySpan<float> expected, ReadOnlySpan<float> got, string what)
    {
        Assert.Equal(expected.Length, got.Length);
        float largest = 0, difference = 0;
        for (int i = 0; i < expected.Length; i++) (largest, difference) = (Math.Max(largest, Math.Abs(expected[i])), Math.Max(difference,
            Math.Abs(expected[i] - got[i])));
        Assert.True(difference <= 1e-5f * largest, $"{what}: {difference / largest} of the largest");
    }

    private static string Folder(string checkpoint) => Shared.Path("goldens", "sentence-transformers", checkpoint);

    private static IEnumerable<JsonElement> Lines(string file) => File.ReadLines(Shared.Path("goldens", "sentence-transformers", file)).Select(line =>
        JsonDocument.Parse(line).RootElement);

    private static string? Text(JsonElement options, string name) => options.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetSingle())];
}
