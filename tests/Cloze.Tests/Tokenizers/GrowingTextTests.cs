using System.Text;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>Small files whose parts, one after another, would make a text too long for any memory, or go over it too often, are refused by name.</summary>
public sealed class GrowingTextTests
{
    private const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}""";

    [Theory]
    [InlineData("""{"type":"Replace","pattern":{"String":"a"},"content":"aa"}""", 60)]
    [InlineData("""{"type":"Replace","pattern":{"Regex":""},"content":"ab"}""", 60)]
    [InlineData("""{"type":"ByteLevel"}""", 60)]
    [InlineData(null, 3)] // texts put before it
    public void Encode_RefusesNormalizersThatGrow(string? part, int count)
    {
        part ??= $$"""{"type":"Prepend","prepend":"{{new string('a', 200_000)}}"}""";
        using ScratchFolder folder = new();
        Tokenizer tokenizer = Load(folder, $$""" "normalizer":{"type":"Sequence","normalizers":[{{Repeated(part, count)}}]} """);
        TokenizerException e = Assert.Throws<TokenizerException>(() => tokenizer.Encode("a\u00E9"));
        Assert.Contains("characters of 2;", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_RefusesPreTokenizersThatGrow()
    {
        using ScratchFolder folder = new();
        Tokenizer tokenizer = Load(folder, $$""" "pre_tokenizer":{"type":"Sequence","pretokenizers":[{{Repeated(ByteLevel, 60)}}]} """);
        Assert.Contains("characters of 2;", Assert.Throws<TokenizerException>(() => tokenizer.Encode("a\u00E9")).Message, StringComparison.Ordinal);
    }

    /// <summary>Each part of the text, and each word, may grow only together with the others.</summary>
    [Fact]
    public void Encode_CountsAllPartsOfATextTogether()
    {
        string normalizer = $$"""{"type":"Replace","pattern":{"String":"a"},"content":"{{new string('b', 100_000)}}"}""";
        using ScratchFolder folder = new();
        Tokenizer tokenizer = Load(folder, $$""" "normalizer":{{normalizer}},"added_tokens":[{"id":0,"content":"?","normalized":false,"special":false}] """);
        Assert.Equal(2, tokenizer.Encode("a?").Count);
        Assert.Throws<TokenizerException>(() => tokenizer.Encode("a?a?a?a"));
        Assert.Throws<TokenizerException>(() => tokenizer.EncodeWords(["a", "a", "a", "a"]));
    }

    [Theory]
    [InlineData("""{"type":"Replace","pattern":{"String":"?"},"content":"??"}""")]
    [InlineData("""{"type":"BPEDecoder","suffix":""}""")]
    [InlineData("""{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"","cleanup":true}""")]
    public void Decode_RefusesDecodersThatGrow(string part)
    {
        using ScratchFolder folder = new();
        Tokenizer tokenizer = Load(folder, $$""" "decoder":{"type":"Sequence","decoders":[{{Repeated(part, 60)}}]} """);
        Assert.Contains("characters of", Assert.Throws<TokenizerException>(() => tokenizer.Decode([0, 0, 0])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("normalizer", "normalizers", """{"type":"NFC"}""")]
    [InlineData("pre_tokenizer", "pretokenizers", """{"type":"Whitespace"}""")]
    [InlineData("decoder", "decoders", """{"type":"Fuse"}""")]
    [InlineData("post_processor", "processors", ByteLevel)]
    public void Load_RefusesSequencesOfVeryManyParts(string field, string list, string part)
    {
        using ScratchFolder folder = new();
        Load(folder, $$""" "{{field}}":{"type":"Sequence","{{list}}":[{{Repeated(part, 64)}}]} """);
        string inner = $$"""{"type":"Sequence","{{list}}":[{{Repeated(part, 33)}}]}""";
        TokenizerException e = Assert.Throws<TokenizerException>(() => Load(folder, $$""" "{{field}}":{"type":"Sequence","{{list}}":[{{inner}},{{inner}}]} """));
        Assert.Contains("66 parts", e.Message, StringComparison.Ordinal);
    }

    private static string Repeated(string part, int count) => string.Join(',', Enumerable.Repeat(part, count));

    private static Tokenizer Load(ScratchFolder folder, string fields)
    {
        string file = Path.Combine(folder.Path, "tokenizer.json");
        File.WriteAllText(file, $$"""{"model":{"type":"WordLevel","vocab":{"?":0},"unk_token":"?"},{{fields}}}""", new UTF8Encoding(false));
        return Tokenizer.Load(file);
    }
}
