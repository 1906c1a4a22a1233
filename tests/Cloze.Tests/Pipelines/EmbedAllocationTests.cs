using Cloze.Pipelines;
namespace Cloze.Tests.Pipelines;

/// <summary>What the embedder allocates; by itself, since a pass is long enough that other tests would have a collection fall into each.</summary>
[Collection(nameof(AloneTests))]
public sealed class EmbedAllocationTests
{
    private static string Folder { get; } = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");

    [Fact]
    public void Embed_InSteadyStateAllocatesNothingForAToken()
    {
        string[] shorts = [.. Enumerable.Repeat("word", 8)], longs = [.. Enumerable.Repeat(string.Concat(Enumerable.Repeat("word ", 200)), 8)];
        using TextEmbedder embedder = TextEmbedder.Load(Folder, new() { Threads = 1 });
        long few = Allocated(shorts), many = Allocated(longs);
        Assert.True(many - few < 8 * 199 / 4, $"{few} bytes for 24 tokens, {many} for 1616");

        long Allocated(string[] texts) => Allocation.Least(() => embedder.Embed(texts, cancellation: TestContext.Current.CancellationToken));
    }
}
