using Cloze.Tokenizers;
namespace Cloze.Tests.Tokenizers;

/// <summary>Encoding allocates its result and nothing a token beside it, whatever the parts: their memory is kept for the next text.</summary>
public sealed class TokenizerAllocationTests
{
    private const int ResultBytes = 16, FreeBytes = 8192; // ids, words and offsets of a token; the rest of an encoding

    /// <summary>2000 words, all different, of two letters that the vocabulary has.</summary>
    [Theory]
    [InlineData("bpe.json", "ab")]
    [InlineData("bytelevel.json", "at")]
    [InlineData("unigram.json", "at")]
    [InlineData("wordlevel.json", "at")]
    [InlineData("wordpiece.json", "at")]
    [InlineData("charsmap.model", "at")]
    public void Encode_AllocatesNothingATokenBesideItsResult(string file, string letters)
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(TokenizerGoldens.Committed, "fuzz", file));
        string text = string.Join(' ', Enumerable.Range(2048, 2000).Select(word => string.Concat(Enumerable.Range(0, 12).Select(bit => letters[word >> bit & 1]))));
        int count = tokenizer.Encode(text).Count;
        Assert.True(count >= 2000, $"{count} tokens");
        Assert.InRange(Allocation.Least(() => tokenizer.Encode(text)), 0, ResultBytes * count + FreeBytes);
    }

    /// <summary>Buffers of a long text would have to be made again after the collection that new ones of a short text set off.</summary>
    [Fact]
    public void ALongText_LeavesTheBuffersOfShortOnesToThem()
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(TokenizerGoldens.Committed, "fuzz", "wordpiece.json"));
        string text = new('a', 100_000), longText = new('a', 2 * Workspace.MostKept);
        tokenizer.Encode(text);
        tokenizer.Encode(longText);
        long before = GC.GetAllocatedBytesForCurrentThread();
        tokenizer.Encode(text);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, FreeBytes);
    }
}
