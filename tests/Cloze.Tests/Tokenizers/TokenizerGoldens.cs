using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cloze.Cli.Input;
using Cloze.Cli.Output;
using Cloze.Cli.Tokenize;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>Recorded requests and answers of the reference library, and how ours are compared with them: field by field, as <c>cloze tokenize</c> writes them.</summary>
internal static class TokenizerGoldens
{
    public static string Folder => Shared.Path("goldens", "tokenizers");

    /// <summary>Few cases of the committed model's tokenizer, recorded by tokenizers 0.22.2 and 0.23.3 (texts written for the purpose or redistributable).</summary>
    public static string Committed { get; } = Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Data", "tokenizers");

    public static byte[] ReadBytes(string path)
    {
        if (!path.EndsWith(".gz", StringComparison.Ordinal)) return File.ReadAllBytes(path);
        using GZipStream stream = new(File.OpenRead(path), CompressionMode.Decompress);
        using MemoryStream all = new();
        stream.CopyTo(all);
        return all.ToArray();
    }

    public static IEnumerable<JsonElement> ReadLines(string path)
    {
        foreach (string line in System.Text.Encoding.UTF8.GetString(ReadBytes(path)).Split('\n'))
            if (line.Length > 0) yield return JsonDocument.Parse(line).RootElement;
    }

    /// <summary>The file as it is, or compressed; null: neither is there.</summary>
    public static string? Find(string folder, string name) => new[] { name, name + ".gz" }.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);

    /// <summary>What <c>cloze tokenize</c> answers to the lines of a file.</summary>
    public static List<JsonElement> Answers(Tokenizer tokenizer, byte[] requests, bool isUtf16)
    {
        using MemoryStream output = new();
        using (JsonLines lines = new(output))
        using (TextLines input = new(new MemoryStream(requests), "requests"))
            new TokenizeSession(tokenizer, isUtf16, lines).Run(input, TestContext.Current.CancellationToken);
        return [.. System.Text.Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>Compares all answer fields of every line, in both units of offsets.</summary>
    public static void AssertEqual(Tokenizer tokenizer, string path, params string[] ignored)
    {
        byte[] requests = ReadBytes(path);
        List<JsonElement> goldens = [.. ReadLines(path)];
        foreach (bool isUtf16 in (bool[])[false, true])
        {
            List<JsonElement> answers = Answers(tokenizer, requests, isUtf16);
            Assert.Equal(goldens.Count, answers.Count);
            for (int i = 0; i < goldens.Count; i++)
                if (Difference(goldens[i], answers[i], isUtf16 ? new(goldens[i]) : null, ignored) is { } difference) Assert.Fail($"{path} line {i + 1}{(isUtf16 ? ", UTF-16" : "")}: {difference}");
        }
    }

    /// <summary>The tokenizer.json that source.json names; a base file with replaced keys is put together in <paramref name="scratch"/>.</summary>
    public static string TokenizerJson(JsonElement source, string scratch)
    {
        JsonElement spec = source.GetProperty("tokenizer_json");
        JsonObject json = JsonNode.Parse(ReadBytes(FromShared((spec.ValueKind == JsonValueKind.String ? spec : spec.GetProperty("base")).GetString()!)))!.AsObject();
        if (spec.ValueKind == JsonValueKind.Object)
            foreach (JsonProperty replaced in spec.GetProperty("replace").EnumerateObject()) json[replaced.Name] = JsonNode.Parse(replaced.Value.GetRawText());
        string path = Path.Combine(scratch, "tokenizer.json");
        File.WriteAllText(path, json.ToJsonString());
        return path;
    }

    /// <summary>A folder with the original vocab.txt and a tokenizer_config.json with the recorded options.</summary>
    public static string OriginalFiles(JsonElement source, string scratch)
    {
        foreach (JsonProperty file in source.GetProperty("files").EnumerateObject()) File.Copy(FromShared(file.Value.GetString()!), Path.Combine(scratch, file.Name));
        JsonObject config = JsonNode.Parse(source.GetProperty("options").GetRawText())!.AsObject();
        config["tokenizer_class"] = source.GetProperty("made_by").GetString()!.Split(' ')[^1];
        File.WriteAllText(Path.Combine(scratch, "tokenizer_config.json"), config.ToJsonString());
        return scratch;
    }

    /// <summary>A path that begins with "shared/".</summary>
    private static string FromShared(string path) => Path.Combine(Path.GetDirectoryName(Shared.Root)!, path);

    private static string? Difference(JsonElement golden, JsonElement answer, Texts? utf16, string[] ignored)
    {
        bool isRefused = golden.TryGetProperty("error", out JsonElement error) && error.ValueKind != JsonValueKind.Null;
        if (isRefused != answer.TryGetProperty("error", out JsonElement ours)) return isRefused ? $"the reference refuses it ({error})" : $"refused: {ours}";
        if (isRefused) return null;
        return Fields(golden, answer, utf16, ignored, "ids", "type_ids", "tokens", "offsets", "attention_mask", "special_tokens_mask", "word_ids", "sequence_ids", "decoded", "decoded_with_special")
            ?? (golden.TryGetProperty("overflow", out JsonElement windows) ? Overflow(windows, answer.GetProperty("overflow"), utf16, ignored) : null);
    }

    private static string? Overflow(JsonElement golden, JsonElement answer, Texts? utf16, string[] ignored)
    {
        if (golden.GetArrayLength() != answer.GetArrayLength()) return $"{answer.GetArrayLength()} further windows, expected {golden.GetArrayLength()}";
        for (int i = 0; i < golden.GetArrayLength(); i++)
            if (Fields(golden[i], answer[i], utf16, ignored, "ids", "type_ids", "tokens", "offsets", "attention_mask", "special_tokens_mask", "word_ids", "sequence_ids") is { } difference)
                return $"window {i}: {difference}";
        return null;
    }

    private static string? Fields(JsonElement golden, JsonElement answer, Texts? utf16, string[] ignored, params string[] names)
    {
        foreach (string name in names)
        {
            if (ignored.Contains(name) || !golden.TryGetProperty(name, out JsonElement expected)) continue;
            if (!answer.TryGetProperty(name, out JsonElement actual)) { if (name == "ids") continue; return $"{name} is missing"; } // a request to decode has its ids in the golden only
            bool isEqual = name == "offsets" && utf16 is not null ? utf16.Offsets(answer, actual) == expected.GetRawText().Replace(" ", "") : JsonElement.DeepEquals(expected, actual);
            if (!isEqual) return $"{name} is {Short(actual)}, expected {Short(expected)}";
        }
        return null;
    }

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 400 } text ? text[..400] : value.GetRawText();

    /// <summary>The texts of a request, to count code points by runes: independent of the product's own map.</summary>
    private sealed class Texts(JsonElement golden)
    {
        /// <summary>Our offsets in code points. Sequences and words are ours, too: they are compared on their own.</summary>
        public string Offsets(JsonElement answer, JsonElement actual)
        {
            StringBuilder offsets = new("[");
            JsonElement sequences = answer.GetProperty("sequence_ids"), words = answer.GetProperty("word_ids");
            for (int i = 0; i < actual.GetArrayLength(); i++)
            {
                int start = actual[i][0].GetInt32(), end = actual[i][1].GetInt32();
                if (i > 0) offsets.Append(',');
                if (sequences[i].ValueKind == JsonValueKind.Null) offsets.Append($"[{start},{end}]");
                else offsets.Append($"[{Count(Text(sequences[i].GetInt32(), words[i]), start)},{Count(Text(sequences[i].GetInt32(), words[i]), end)}]");
            }
            return offsets.Append(']').ToString();
        }

        private string Text(int sequence, JsonElement word) => golden.TryGetProperty("words", out JsonElement given)
            ? (sequence == 0 ? given : golden.GetProperty("pair_words"))[word.GetInt32()].GetString()!
            : golden.GetProperty(sequence == 0 ? "text" : "pair").GetString()!;

        private static int Count(string text, int units)
        {
            int count = 0;
            foreach (Rune rune in text.AsSpan(0, units).EnumerateRunes()) count++;
            return count;
        }
    }
}
