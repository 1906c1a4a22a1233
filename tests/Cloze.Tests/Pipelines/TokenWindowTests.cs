using Cloze.Pipelines;
using Cloze.Tokenizers;
namespace Cloze.Tests.Pipelines;

/// <summary>How many texts wait for each other, and how they are cut into batches.</summary>
public class TokenWindowTests
{
    private static readonly Tokenizer s_tokenizer = Tokenizer.Load(Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2"));

    [Theory]
    [InlineData(true, new[] { 1, 2, 4, 8, 16, 16 })]
    [InlineData(false, new[] { 16, 16 })]
    public void AWindow_GrowsFromOneBatchTo16WhereFirstResultsShallComeEarly(bool early, int[] batches)
    {
        const int BatchTokens = 30;
        TokenWindow window = new();
        window.Begin(early);
        foreach (int expected in batches)
        {
            int tokens = 0;
            while (!window.IsFull(BatchTokens)) tokens += window.Add("a", s_tokenizer, maxTokens: 8).Tokens;   // 3 tokens
            Assert.Equal(expected * BatchTokens, tokens);
            window.Clear();
        }
    }

    [Fact]
    public void Shares_HoldEveryTextOnceLargeOnesFirstAndNeverMoreThanTheyMay()
    {
        const int Most = 120, Least = 40, Threads = 3;
        TokenWindow window = new();
        Random random = new(5);
        for (int i = 0; i < 200; i++) window.Add(string.Join(' ', Enumerable.Repeat("a", random.Next(0, 60))), s_tokenizer, maxTokens: 60);
        window.Sort();
        Assert.Equal(Enumerable.Range(0, 200), window.Order.ToArray().Select(text => (int)text).Order());

        const int From = 7;
        List<int> starts = window.Shares(From, Most, Least, Threads);
        Assert.Equal((From, 200), (starts[0], starts[^1]));
        int[] tokens = [.. starts.Zip(starts.Skip(1), (start, end) => Enumerable.Range(start, end - start).Sum(window.LengthAt))];
        Assert.All(tokens, batch => Assert.InRange(batch, 1, Most));
        Assert.True(tokens[0] > Most - 60);
        Assert.All(tokens[^Threads..], batch => Assert.InRange(batch, 1, Least + 1));
    }
}
