using System.Text.Json;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>Every tokenizer of the recorded hostile files has its verdict: it loads and gives the recorded ids, or is refused by the one documented exception.</summary>
public sealed class HostileFileTests
{
    private static string Folder => Shared.Path("goldens", "checkpoints");

    public static TheoryData<string> Entries() => new(Shared.IsPresent ? Index().Select(entry => entry.GetProperty("path").GetString()!) : []);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Entries))]
    public void Load_HasTheRecordedVerdict(string path)
    {
        JsonElement entry = Index().Single(entry => entry.GetProperty("path").GetString() == path);
        string verdict = entry.GetProperty("verdict").GetString()!, folder = Path.Combine(Folder, path);
        if (verdict == "refused")
        {
            Assert.Contains(folder, Assert.Throws<TokenizerException>(() => Use(folder, entry)).Message);
            return;
        }
        try
        {
            Use(folder, entry);
        }
        catch (TokenizerException) when (verdict == "either")
        {
        }
    }

    /// <summary>Loads and encodes; where the recorded readers agree the ids must be theirs.</summary>
    private static void Use(string folder, JsonElement entry)
    {
        Tokenizer tokenizer = Tokenizer.Load(folder);
        if (!entry.TryGetProperty("ids", out JsonElement recorded))
        {
            tokenizer.EncodeToIds("the cat sat");
            return;
        }
        foreach (JsonProperty text in recorded.EnumerateObject())
        {
            int[] ids = tokenizer.EncodeToIds(text.Name).Ids;
            if (!entry.TryGetProperty("differs", out _)) Assert.Equal(text.Value.EnumerateArray().Select(id => id.GetInt32()), ids);
        }
    }

    private static IEnumerable<JsonElement> Index() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "index.json"))).RootElement.GetProperty("files").EnumerateArray()
        .Where(entry => entry.GetProperty("kind").GetString() == "tokenizer");
}
