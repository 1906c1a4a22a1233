using System.Globalization;
using System.Text.Json;
using Cloze.Ops;
using Cloze.Pipelines;
using Cloze.Tests.Tokenizers;
namespace Cloze.Tests.Pipelines;

/// <summary>The embedder on the committed model.</summary>
public sealed class TextEmbedderTests : IClassFixture<TextEmbedderTests.DefaultModel>
{
    private readonly TextEmbedder _embedder;

    public TextEmbedderTests(DefaultModel model) => _embedder = model.Embedder;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Folder { get; } = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");

    public sealed class DefaultModel : IDisposable
    {
        public TextEmbedder Embedder { get; } = TextEmbedder.Load(Folder, new() { Threads = 2 });
        public void Dispose() => Embedder.Dispose();
    }

    [Fact]
    public void Load_MaxSeqLengthWinsOverTheTokenizersTruncation()
    {
        Assert.Equal(256, _embedder.MaxTokens);   // tokenizer.json says 128
        Assert.Equal(384, _embedder.Dimensions);
        Assert.False(_embedder.HasDefaultPooling);
    }

    [Fact]
    public void Embed_TheInt8ModelStaysNearTheFloat32Reference()
    {
        foreach ((string text, float[] expected) in Recorded(Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Data", "minilm-float32.jsonl")))
            Assert.InRange(Dot(expected, _embedder.Embed(text, cancellation: Cancellation).Span), 0.99, 1.0001);
    }

    [Fact]
    public void Embed_TheFloat32ModelMatchesTheReferenceWithin2e6()
    {
        Shared.RequireOrSkip();
        using TextEmbedder embedder = TextEmbedder.Load(Shared.Path("data", "models", "all-MiniLM-L6-v2"));
        (string Text, float[] Embedding)[] recorded = [.. Recorded(Shared.Path("goldens", "minilm", "embeddings.jsonl"))];
        ReadOnlyMemory<float>[] vectors = embedder.Embed([.. recorded.Select(entry => entry.Text)], cancellation: Cancellation);
        for (int i = 0; i < recorded.Length; i++)
            for (int k = 0; k < 384; k++) Assert.Equal(recorded[i].Embedding[k], vectors[i].Span[k], 2e-6f);
    }

    [Fact]
    public void Embed_ATextGivesTheSameBitsAloneInAnyBatchInAnyOrderAndWithAnyNumberOfThreads()
    {
        string[] words = ["the", "harbour", "Ångström", "unbelievable", "42", "—", "猫", "sea", "[MASK]", "running", "e=mc²"];
        Random random = new(20);
        string[] texts = [.. Enumerable.Range(0, 60).Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(0, random.Next(2) == 0
            ? 12 : 300)).Select(_ => words[random.Next(words.Length)])))];
        using TextEmbedder one = TextEmbedder.Load(Folder, new() { Threads = 1 });
        float[][] alone = [.. texts.Select(text => one.Embed(text, cancellation: Cancellation).ToArray())];
        foreach (int batchTokens in (int[])[1, 100, 700, 4096])
        {
            int[] order = [.. Enumerable.Range(0, texts.Length)];
            random.Shuffle(order);
            foreach (TextEmbedder embedder in (TextEmbedder[])[one, _embedder])
            {
                ReadOnlyMemory<float>[] vectors = embedder.Embed([.. order.Select(i => texts[i])], new() { BatchTokens = batchTokens }, Cancellation);
                for (int i = 0; i < order.Length; i++) Assert.True(alone[order[i]].AsSpan().SequenceEqual(vectors[i].Span),
                    $"text {order[i]}, {batchTokens} tokens a batch");
            }
        }
    }

    [Fact]
    public async Task Embed_EveryFormGivesTheSame()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"text number {i} {new string('a', i)}")];
        EmbedOptions options = new() { BatchTokens = 8 };   // several windows
        ReadOnlyMemory<float>[] expected = _embedder.Embed(texts, options, Cancellation);
        Same(expected, await _embedder.EmbedAsync(texts, options, Cancellation));
        Same(expected, _embedder.EmbedStream(texts, options, Cancellation));
        List<ReadOnlyMemory<float>> streamed = [];
        await foreach (ReadOnlyMemory<float> vector in _embedder.EmbedStreamAsync(Each(texts), options, Cancellation)) streamed.Add(vector);
        Same(expected, streamed);
        Assert.Empty(_embedder.Embed([], cancellation: Cancellation));
    }

    [Fact]
    public void EmbedStream_ReadsAWindowAtATime()
    {
        int read = 0;
        IEnumerable<string> Endless()
        {
            while (true)
            {
                read++;
                yield return "some text";
            }
        }
        Assert.Equal(5, _embedder.EmbedStream(Endless(), new() { BatchTokens = 16 }, Cancellation).Take(5).Count());
        Assert.InRange(read, 5, 200);
    }

    [Fact]
    public async Task Embed_ConcurrentCallsDoNotDisturbEachOther()
    {
        string[] texts = [.. Enumerable.Range(0, 20).Select(i => string.Join(' ', Enumerable.Repeat($"word{i}", i + 1)))];
        ReadOnlyMemory<float>[] expected = _embedder.Embed(texts, cancellation: Cancellation);
        ReadOnlyMemory<float>[][] all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _embedder.EmbedAsync(texts, cancellation: Cancellation)));
        foreach (ReadOnlyMemory<float>[] vectors in all) Same(expected, vectors);
    }

    [Fact]
    public void Embed_StopsWhenItIsCancelled()
    {
        using CancellationTokenSource source = new();
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (ReadOnlyMemory<float> _ in _embedder.EmbedStream(Enumerable.Repeat("text", 1000), new() { BatchTokens = 8 },
                source.Token)) source.Cancel();
        });
        Assert.Single(_embedder.Embed(["still usable"], cancellation: Cancellation));
    }

    [Fact]
    public void Embed_StopsWhereThreadsTakeABatchEach()
    {
        using CancellationTokenSource source = new();
        IEnumerable<string> Texts()
        {
            for (int i = 0; i < 400; i++) yield return $"text {i}";
            source.Cancel();   // before anything is computed
        }
        Assert.Throws<OperationCanceledException>(() => _embedder.EmbedStream(Texts(), cancellation: source.Token).Count());
    }

    [Fact]
    public void Dispose_DuringACallLetsItFinishAndRefusesLaterOnes()
    {
        TextEmbedder embedder = TextEmbedder.Load(Folder, new() { Threads = 1 });
        using IEnumerator<ReadOnlyMemory<float>> running = embedder.EmbedStream(Enumerable.Repeat("text", 500), new() { BatchTokens = 4 },
            Cancellation).GetEnumerator();
        Assert.True(running.MoveNext());
        float[] first = running.Current.ToArray();
        embedder.Dispose();
        embedder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => embedder.Embed("later", cancellation: Cancellation));
        int count = 1;
        for (; running.MoveNext(); count++) Assert.Equal(first, running.Current.ToArray());   // its weights are still mapped
        Assert.Equal(500, count);
    }

    [Fact]
    public void Dimensions_TruncatesAndMakesTheLengthOneAgain()
    {
        float[] full = _embedder.Embed("a text", cancellation: Cancellation).ToArray(), cut = _embedder.Embed("a text", new() { Dimensions = 10 },
            Cancellation).ToArray();
        Assert.Equal(10, cut.Length);
        double length = Math.Sqrt(full[..10].Sum(value => (double)value * value));
        for (int i = 0; i < 10; i++) Assert.Equal(full[i] / length, cut[i], 1e-6);
        Assert.Equal(full[..10], _embedder.Embed("a text", new() { Dimensions = 10, Normalize = false }, Cancellation).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => _embedder.Embed("a", new() { Dimensions = 0 }, Cancellation));
        Assert.Equal(384, _embedder.Embed("a text", new() { Dimensions = 385 }, Cancellation).Length);   // as the reference does
    }

    [Fact]
    public void Normalize_FalseLeavesWhatTheFoldersOwnModuleMade()
    {
        float[] vector = _embedder.Embed("a text", new() { Normalize = false }, Cancellation).ToArray();
        Assert.Equal(1, Dot(vector, vector), 1e-6);   // modules.json of this model ends with Normalize
    }

    [Fact]
    public void Normalize_TrueMakesTheLengthOneWhereTheFolderDoesNot()
    {
        using ScratchFolder plain = new();
        foreach (string file in (string[])["config.json", "model.safetensors", "tokenizer.json"])
            File.Copy(Path.Combine(Folder, file), Path.Combine(plain.Path, file));
        using TextEmbedder embedder = TextEmbedder.Load(plain.Path);
        float[] free = embedder.Embed("a text", cancellation: Cancellation).ToArray();
        float[] unit = embedder.Embed("a text", new() { Normalize = true }, Cancellation).ToArray();
        double length = Math.Sqrt(Dot(free, free));
        Assert.False(Math.Abs(length - 1) < 0.01, $"length {length}");
        for (int i = 0; i < free.Length; i++) Assert.Equal(free[i] / length, unit[i], 1e-6);
    }

    [Fact]
    public void Pooling_CanBeChosen()
    {
        using TextEmbedder embedder = TextEmbedder.Load(Folder, new() { Pooling = [Pooling.First, Pooling.Max] });
        Assert.Equal(768, embedder.Dimensions);
        Assert.Equal(768, embedder.Embed("a", cancellation: Cancellation).Length);
    }

    [Fact]
    public void Load_RefusesAnEmptyPooling() =>
        Assert.Contains("empty", Assert.Throws<ArgumentException>(() => TextEmbedder.Load(Folder, new() { Pooling = [] })).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_RefusesAThreadCountThatThereIsNot()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TextEmbedder.Load(Folder, new() { Threads = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => TextEmbedder.Load(Folder, new() { Threads = 1025 }));
    }

    [Fact]
    public void Streams_RefuseAtTheCallAndNotAtTheFirstVector()
    {
        EmbedOptions wrong = new() { PromptName = "no such prompt" };
        Assert.Throws<ArgumentException>(() => _embedder.EmbedStream([], wrong, Cancellation));
        Assert.Throws<ArgumentException>(() => _embedder.EmbedStreamAsync(Each([]), wrong, Cancellation));
        Assert.Throws<ArgumentNullException>(() => _embedder.EmbedStream(null!, cancellation: Cancellation));
        Assert.Throws<ArgumentNullException>(() => _embedder.EmbedStreamAsync(null!, cancellation: Cancellation));
        Assert.Throws<ArgumentNullException>(() => _embedder.Embed((IReadOnlyList<string>)null!, cancellation: Cancellation));
        Assert.Throws<ArgumentNullException>(() => _embedder.Embed((string)null!, cancellation: Cancellation));
        TextEmbedder disposed = TextEmbedder.Load(Folder, new() { Threads = 1 });
        disposed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => disposed.EmbedStream([], cancellation: Cancellation));
    }

    [Fact]
    public void Embed_LooksAtCancellationBeforeAnythingIsComputed()
    {
        using CancellationTokenSource source = new();
        EmbedStatistics statistics = new();
        IEnumerable<string> Texts()
        {
            source.Cancel();
            yield return "never read";
        }
        Assert.Throws<OperationCanceledException>(() => _embedder.EmbedStream(Texts(), new() { Statistics = statistics }, source.Token).Count());
        Assert.Equal(0, statistics.Texts);
    }

    [Fact]
    public void Embed_ALoneSurrogateIsTheReplacementCharacter() =>
        Assert.Equal(_embedder.Embed("a \uFFFD b", cancellation: Cancellation).ToArray(), _embedder.Embed("a \ud800 b", cancellation: Cancellation).ToArray());

    [Fact]
    public void Statistics_CountTextsTokensAndCuts()
    {
        EmbedStatistics statistics = new();
        _embedder.Embed(["", "one two", string.Concat(Enumerable.Repeat("word ", 254)), string.Concat(Enumerable.Repeat("word ", 255))],
            new() { Statistics = statistics }, Cancellation);
        Assert.Equal((4, 2 + 4 + 256 + 256, 1), (statistics.Texts, statistics.Tokens, statistics.Truncated));
    }

    private static async IAsyncEnumerable<string> Each(string[] texts)
    {
        foreach (string text in texts)
        {
            await Task.Yield();
            yield return text;
        }
    }

    private static void Same(ReadOnlyMemory<float>[] expected, IEnumerable<ReadOnlyMemory<float>> vectors)
    {
        ReadOnlyMemory<float>[] got = [.. vectors];
        Assert.Equal(expected.Length, got.Length);
        for (int i = 0; i < got.Length; i++) Assert.True(expected[i].Span.SequenceEqual(got[i].Span), i.ToString(CultureInfo.InvariantCulture));
    }

    private static IEnumerable<(string Text, float[] Embedding)> Recorded(string path)
    {
        foreach (string line in File.ReadLines(path))
        {
            JsonElement entry = JsonDocument.Parse(line).RootElement;
            yield return (entry.GetProperty("text").GetString()!, [.. entry.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle())]);
        }
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}
