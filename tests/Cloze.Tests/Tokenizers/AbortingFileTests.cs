using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>
/// Small files for which tokenizers 0.23.2 (npm, in a child process) panics and ends the process by SIGABRT, when it loads them or at the text: here each has an answer, or is refused by name. The
/// expressions among them are <see cref="LinearRegexTests"/>'.
/// </summary>
public sealed class AbortingFileTests
{
    private const string WordLevel = """ "model":{"type":"WordLevel","vocab":{"?":0,"a":1},"unk_token":"?"} """;
    private const string Template = """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"a","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"a":{"id":"a","ids":[1],"tokens":["a"]}}}""";

    /// <summary>Loading ends the reference's process, or the first text does.</summary>
    [Theory]
    [InlineData(""" "model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]} """, "needs \"ab\"")] // what a merge makes is no token
    [InlineData(""" "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"continuing_subword_prefix":"####","merges":["a b"]} """, "without continuing_subword_prefix ####")]
    [InlineData(""" "normalizer":{"type":"Precompiled","precompiled_charsmap":""},""" + WordLevel, "has 0 bytes")]
    [InlineData(""" "normalizer":{"type":"Precompiled","precompiled_charsmap":"AQI="},""" + WordLevel, "has 2 bytes")]
    [InlineData(""" "normalizer":{"type":"Precompiled","precompiled_charsmap":"/////wAAAAAAAAAA"},""" + WordLevel, "4294967295 bytes")]
    [InlineData(""" "pre_tokenizer":{"type":"FixedLength","length":0},""" + WordLevel, "length of at least 1")]
    [InlineData(""" "post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"x","type_id":0}}],"pair":[],"special_tokens":{}},""" + WordLevel, "special_tokens declares")]
    [InlineData(""" "post_processor":{"type":"Sequence","processors":[""" + Template + "," + Template + "]}," + WordLevel, "behind another one with special tokens")]
    public void Load_RefusesByName(string fields, string named)
    {
        using ScratchFolder folder = new();
        string file = folder.Write("tokenizer.json", $$"""{{{fields}}}""");
        TokenizerException e = Assert.Throws<TokenizerException>(() => Tokenizer.Load(file));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
        Assert.Contains(file, e.Message, StringComparison.Ordinal);
    }

    /// <summary>Loading, or the text, ends the reference's process; what the file says is plain.</summary>
    [Theory]
    [InlineData(""" "normalizer":{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAAA="},""" + WordLevel, "a", "a")] // a trie of one unit without children
    [InlineData(""" "normalizer":{"type":"Precompiled","precompiled_charsmap":"CAAAAP//////////YWJj"},""" + WordLevel, "a", "a")] // units that lead out of the trie
    [InlineData(""" "normalizer":{"type":"Replace","pattern":{"Regex":"(?:a|a|ab)+c"},"content":""},""" + WordLevel, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", "")]
    [InlineData(""" "pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?:x+x+)+y"},"behavior":"Isolated","invert":false},""" + WordLevel, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "?")]
    public void Encode_Answers(string fields, string text, string tokens)
    {
        using ScratchFolder folder = new();
        Tokenizer tokenizer = Tokenizer.Load(folder.Write("tokenizer.json", $$"""{{{fields}}}"""));
        Assert.Equal(tokens, string.Join(' ', tokenizer.Encode(text).Tokens()));
    }

    /// <summary>Where both ends of a token meet nothing is left.</summary>
    [Fact]
    public void Decode_AnswersWhereNothingIsLeft()
    {
        using ScratchFolder folder = new();
        Tokenizer tokenizer = Tokenizer.Load(folder.Write("tokenizer.json", $$"""{"decoder":{"type":"Strip","content":"a","start":2,"stop":2},{{WordLevel}}}"""));
        Assert.Equal("", tokenizer.Decode([1]));
    }
}
