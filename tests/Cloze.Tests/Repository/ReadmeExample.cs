using Cloze.Pipelines;
namespace Cloze.Tests.Repository;

/// <summary>README's example in C#, line for line; <see cref="DocumentsTests"/> compares the two.</summary>
public class ReadmeExample
{
    [Fact]
    public void TheExample_Runs_AndPutsTheKittenNearerThanTheBank()
    {
        string folder = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");
#pragma warning disable xUnit1051 // the example is what a reader types, without a test's cancellation
        // README
        using TextEmbedder embedder = TextEmbedder.Load(folder);
        ReadOnlyMemory<float>[] vectors = embedder.Embed(["A cat sleeps on the sofa.", "The kitten naps on the couch.", "Interest rates rose in March."]);

        Console.WriteLine($"a cat and a kitten: {Cosine(vectors[0].Span, vectors[1].Span):F2}");
        Console.WriteLine($"a cat and a bank:   {Cosine(vectors[0].Span, vectors[2].Span):F2}");

        static float Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b) // the vectors have length 1
        {
            float sum = 0;
            for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
            return sum;
        }
        // end
        Assert.True(Cosine(vectors[0].Span, vectors[1].Span) > 0.5f);
        Assert.True(Cosine(vectors[0].Span, vectors[2].Span) < 0.3f);
    }
}
