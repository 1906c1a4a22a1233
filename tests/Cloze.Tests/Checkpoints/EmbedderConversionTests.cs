using Cloze.Checkpoints;
using Cloze.Ops;
using Cloze.Pipelines;
using Cloze.Tests.Cli;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>A plain encoder and a pooling, saved as a folder of sentence-transformers.</summary>
public class EmbedderConversionTests
{
    private const string Vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\n";
    private static readonly string[] s_texts = ["a b", "", "c d e f a b c d", "f"];

    [Theory]
    [InlineData("mean", false)]
    [InlineData("cls", true)]
    [InlineData("cls,mean,weightedmean", true)]
    [InlineData("max,mean_sqrt_len,lasttoken", false)]
    public void Save_WithAPooling_GivesTheSameVectorsAgain(string names, bool isUnit)
    {
        using TemporaryFolder folder = new();
        string model = WriteModel(folder), saved = Path.Combine(folder.Path, "saved");
        Pooling[] pooling = [.. names.Split(',').Select(name => TextEmbedderOptions.ParsePooling(name)!.Value)];
        using (Checkpoint checkpoint = Checkpoint.Open(model))
            checkpoint.Save(saved, new() { Pooling = pooling, Normalize = isUnit }, cancellation: TestContext.Current.CancellationToken);
        foreach (string file in (string[])["vocab.txt", "tokenizer_config.json", "notes/a.txt", "config.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(model, file)), File.ReadAllBytes(Path.Combine(saved, file)));

        using TextEmbedder plain = TextEmbedder.Load(model, new() { Pooling = pooling, Threads = 1 }), embedder = TextEmbedder.Load(saved, new() { Threads = 1 });
        Assert.Equal((false, plain.MaxTokens, plain.Dimensions), (embedder.HasDefaultPooling, embedder.MaxTokens, embedder.Dimensions));
        ReadOnlyMemory<float>[] expected = plain.Embed(s_texts, new() { Normalize = isUnit }, TestContext.Current.CancellationToken);
        ReadOnlyMemory<float>[] found = embedder.Embed(s_texts, cancellation: TestContext.Current.CancellationToken);
        for (int i = 0; i < s_texts.Length; i++) Assert.Equal(expected[i].ToArray(), found[i].ToArray());
    }

    /// <summary>The files that sentence-transformers reads, as one of its versions wrote them for all-MiniLM-L6-v2.</summary>
    [Fact]
    public async Task Convert_WritesTheLayoutOfSentenceTransformers()
    {
        using TemporaryFolder folder = new();
        string model = WriteModel(folder), saved = Path.Combine(folder.Path, "saved"), known = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");
        (await ClozeProcess.RunAsync("convert", "--model", model, "--output", saved, "--pooling", "mean", "--normalize", "--weights", "f16")).Succeeded();
        Assert.Equal(File.ReadAllText(Path.Combine(known, "modules.json")).TrimEnd(), File.ReadAllText(Path.Combine(saved, "modules.json")).TrimEnd());
        ConfigFields pooling = ConfigFields.Parse(File.ReadAllBytes(Path.Combine(saved, "1_Pooling", "config.json")), "1_Pooling");
        Assert.Equal(TinyBert.Hidden, pooling.Int32("word_embedding_dimension"));
        ConfigFields recorded = ConfigFields.Parse(File.ReadAllBytes(Path.Combine(known, "1_Pooling", "config.json")), "1_Pooling");
        foreach (string flag in recorded.Names.Where(name => name.StartsWith("pooling_mode", StringComparison.Ordinal))) Assert.Equal(recorded.Flag(flag, false), pooling.Flag(flag, true));
        ConfigFields length = ConfigFields.Parse(File.ReadAllBytes(Path.Combine(saved, "sentence_bert_config.json")), "length");
        Assert.Equal((TinyBert.Positions, false), (length.Int32("max_seq_length"), length.Flag("do_lower_case", true)));
        Assert.Equal(["__version__", "default_prompt_name", "prompts", "similarity_fn_name"],
            ConfigFields.Parse(File.ReadAllBytes(Path.Combine(saved, "config_sentence_transformers.json")), "about").Names.Order(StringComparer.Ordinal));
        ClozeProcess.Result embedded = await ClozeProcess.RunAsync("embed", "a b", "--model", saved);
        Assert.DoesNotContain("does not say", embedded.Succeeded().Error, StringComparison.Ordinal);

        (await ClozeProcess.RunAsync("convert", "--model", saved, "--output", saved + "2", "--pooling", "cls")).Refused(1, "modules.json, which says already");
        (await ClozeProcess.RunAsync("convert", "--model", model, "--output", saved + "2", "--pooling", "mean,cls")).Refused(1, "in this order: cls, max, mean");
        (await ClozeProcess.RunAsync("convert", "--model", model, "--output", saved + "2", "--pooling", "median")).Refused(2, "--pooling median");
        (await ClozeProcess.RunAsync("convert", "--model", model, "--output", saved + "2", "--normalize")).Refused(2, "needs --pooling");
        Assert.False(Directory.Exists(saved + "2"));
    }

    private static string WriteModel(TemporaryFolder folder)
    {
        new TinyBert().Write(folder);
        folder.Write("model/vocab.txt", Vocabulary);
        folder.Write("model/tokenizer_config.json", """{"model_max_length":512}""");
        folder.Write("model/notes/a.txt", "a");
        return Path.Combine(folder.Path, "model");
    }
}
