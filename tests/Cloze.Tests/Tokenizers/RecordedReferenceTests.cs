using System.Text.Json;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>Every field of every recorded case, through the code of <c>cloze tokenize</c>.</summary>
public sealed class RecordedReferenceTests
{
    private static readonly string[] s_files = ["cases.jsonl", "pretokenized.jsonl", "decode.jsonl"];

    /// <summary>The reference's own sequence_ids are wrong in some windows there (goldens/tokenizers/README.md).</summary>
    private static readonly string[] s_wrongSequences = ["post_processors/none", "settings/truncate-no-post"];

    public static TheoryData<string, string> Folders()
    {
        TheoryData<string, string> data = [];
        foreach (string name in Names("", name => File.Exists(Path.Combine(TokenizerGoldens.Folder, name, "source.json"))))
        {
            JsonElement files = Source(name).GetProperty("files");
            data.Add(name, "tokenizer.json");
            if (!name.EndsWith("-v5", StringComparison.Ordinal) && !files.TryGetProperty("tokenizer.json", out _)) data.Add(name, "original files");
        }
        return data;
    }

    public static TheoryData<string> Components() =>
        new(Names("components", _ => true).SelectMany(group => Names($"components/{group}", _ => true).Select(name => $"{group}/{name}")));

    public static TheoryData<string> Normalizers() => new(Names("components/normalizers", _ => true));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Folders))]
    public void Tokenize_EqualsTheRecordedReference(string folder, string from)
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(from == "tokenizer.json" ? TokenizerGoldens.TokenizerJson(Source(folder), scratch.Path) : TokenizerGoldens.OriginalFiles(Source(folder), scratch.Path));
        foreach (string name in s_files)
            if (TokenizerGoldens.Find(Path.Combine(TokenizerGoldens.Folder, folder), name) is { } path) TokenizerGoldens.AssertEqual(tokenizer, path);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Components))]
    public void Component_EqualsTheRecordedReference(string component)
    {
        string folder = Path.Combine(TokenizerGoldens.Folder, "components", component);
        string[] ignored = s_wrongSequences.Contains(component) ? ["sequence_ids"] : [];
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        string[] recorded = [.. s_files.Select(name => TokenizerGoldens.Find(folder, name)).OfType<string>()];
        Assert.NotEmpty(recorded);
        foreach (string path in recorded) TokenizerGoldens.AssertEqual(tokenizer, path, ignored);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Normalizers))]
    public void Normalizer_AloneGivesTheRecordedText(string component)
    {
        string folder = Path.Combine(TokenizerGoldens.Folder, "components", "normalizers", component);
        INormalizer normalizer = TokenizerJson.ReadNormalizer(Path.Combine(folder, "tokenizer.json"))!;
        AlignedBuffer buffer = new();
        foreach (JsonElement golden in TokenizerGoldens.ReadLines(TokenizerGoldens.Find(folder, "cases.jsonl")!))
        {
            string text = golden.GetProperty("text").GetString()!;
            string normalized = normalizer.Normalize(new(text, default, 0), buffer) ? buffer.Text.Chars.ToString() : text;
            Assert.Equal(golden.GetProperty("normalized").GetString(), normalized);
        }
    }

    [Theory]
    [InlineData("bert-base-uncased")]
    [InlineData("bert-base-cased")]
    [InlineData("bert-base-multilingual-cased")]
    public void Ids_EqualThoseOfThePublishedTestSuites(string name)
    {
        Shared.RequireOrSkip();
        using ScratchFolder scratch = new();
        string folder = TokenizerGoldens.OriginalFiles(Source(name == "bert-base-uncased" ? "bert-base-uncased-vocab" : name), scratch.Path);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        scratch.Write("tokenizer_config.json", """{"do_lower_case":true}""");
        Tokenizer spanBert = Tokenizer.Load(folder); // the cased vocabulary under a tokenizer that lowers
        foreach (JsonElement golden in TokenizerGoldens.ReadLines(Shared.Path("data", "tokenizer-golden", name + ".jsonl")))
        {
            string? pair = golden.TryGetProperty("text_pair", out JsonElement second) ? second.GetString() : null;
            bool isSpanBert = golden.GetProperty("source_model").GetString()!.Contains("spanbert", StringComparison.Ordinal);
            Assert.Equal(Ids(golden), (isSpanBert ? spanBert : tokenizer).EncodeToIds(golden.GetProperty("text").GetString()!, pair).Ids);
        }
    }

    [Theory]
    [InlineData("deberta-v3")]
    [InlineData("gpt2")]
    [InlineData("modernbert")]
    [InlineData("roberta-base")]
    public void Ids_EqualThoseOfThePublishedTestSuitesOfOtherFamilies(string name)
    {
        Shared.RequireOrSkip();
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(TokenizerGoldens.OriginalFiles(Source(name), scratch.Path));
        foreach (JsonElement golden in TokenizerGoldens.ReadLines(Shared.Path("data", "tokenizer-golden", name + ".jsonl")))
            Assert.Equal(Ids(golden), tokenizer.EncodeToIds(golden.GetProperty("text").GetString()!).Ids);
    }

    [Fact]
    public void Ids_EqualThoseOf7595SquadQuestions()
    {
        Shared.RequireOrSkip();
        Tokenizer tokenizer = Tokenizer.Load(Shared.Path("data", "tokenizers", "bert-base-uncased", "vocab.txt"));
        EncodeOptions plain = new() { AddSpecialTokens = false };
        int count = 0;
        foreach (JsonElement golden in TokenizerGoldens.ReadLines(Shared.Path("data", "tokenizer-golden", "bert-base-uncased-squad-questions.jsonl.gz")))
        {
            Assert.Equal(Ids(golden), tokenizer.Encode(golden.GetProperty("text").GetString()!, plain).Ids);
            count++;
        }
        Assert.Equal(7595, count);
    }

    private static int[] Ids(JsonElement golden) => [.. golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    private static JsonElement Source(string folder) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TokenizerGoldens.Folder, folder, "source.json"))).RootElement;

    /// <summary>Names of folders below a folder of the goldens; none where they are absent.</summary>
    private static IEnumerable<string> Names(string folder, Func<string, bool> isWanted) => Shared.IsPresent
        ? Directory.GetDirectories(Path.Combine(TokenizerGoldens.Folder, folder)).Select(path => Path.GetFileName(path)).Where(isWanted).Order(StringComparer.Ordinal)
        : [];
}
