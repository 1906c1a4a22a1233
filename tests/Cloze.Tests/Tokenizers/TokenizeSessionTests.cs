using System.Text.Json;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary><c>cloze tokenize</c>: what becomes of requests that cannot be met.</summary>
public sealed class TokenizeSessionTests
{
    private static readonly Tokenizer s_tokenizer = Small();

    [Fact]
    public void AFaultyLine_IsAnsweredByAnErrorAndTheRunGoesOn()
    {
        List<JsonElement> answers = Answers("""
            {"n":1,"text":"a"}
            {"n":2,"text":"a"

            {"n":3,"text":5}
            {"n":"four"}
            not JSON
            [1]
            {"n":7,"text":"a","max_length":1.5}
            {"n":8,"text":"a","padding":{"strategy":"some"}}
            {"n":9,"text":"a","truncation":"sometimes"}
            {"n":10,"text":"a a a","max_length":2,"stride":2}
            {"n":11,"text":"a","unknown":[{}]}
            """);
        Assert.Equal("The line is empty.", answers[2].GetProperty("error").GetString());
        answers.RemoveAt(2);
        Assert.Equal([1, 2, 3], answers.Take(3).Select(answer => answer.GetProperty("n").GetInt32()));
        Assert.Equal("four", answers[3].GetProperty("n").GetString());
        Assert.Equal([true, false, false, false, false, false, false, false, false, false, true], answers.Select(answer => answer.TryGetProperty("ids", out _)));
        Assert.All(answers.Skip(1).Take(9), answer => Assert.NotEmpty(answer.GetProperty("error").GetString()!));
        Assert.Equal(11, answers[^1].GetProperty("n").GetInt32());
    }

    [Fact]
    public void AFaultInABatch_IsAnsweredOnEveryLineOfThatBatch()
    {
        List<JsonElement> answers = Answers("""
            {"n":0,"text":"a","padding":{"strategy":"longest","batch":1}}
            {"n":1,"text":"a a a","padding":{"strategy":"longest","batch":1}}
            {"n":2,"text":"a a","truncation":"only_second","max_length":1,"padding":{"strategy":"longest","batch":2}}
            {"n":3,"text":"a a","padding":{"strategy":"longest","batch":2}}
            {"n":4,"text":"a a"}
            {"n":5,"text":"a","batch":"x"}
            """);
        Assert.Equal([3, 3, -1, -1, 2, 1], answers.Select(answer => answer.TryGetProperty("ids", out JsonElement ids) ? ids.GetArrayLength() : -1));
        Assert.All(answers.Skip(2).Take(2), answer => Assert.Contains("only_second", answer.GetProperty("error").GetString()));
        Assert.Equal(Enumerable.Range(0, 6), answers.Select(answer => answer.GetProperty("n").GetInt32()));
    }

    [Theory]
    [InlineData("""{"n":8,"text":9,"padding":{"strategy":"longest","batch":2}}""", """{"n":9,"text":"a a","padding":{"strategy":"longest","batch":2}}""")]
    [InlineData("""{"n":8,"text":"a","padding":{"strategy":"longest","batch":2}}""", """{"n":9,"max_length":"x","text":"a","padding":{"batch":2,"strategy":"longest"}}""")]
    [InlineData("""{"n":8,"text":"a","padding":{"strategy":"no","batch":2}}""", """{"n":9,"text":"a","padding":{"strategy":"longest","batch":2}}""")]
    [InlineData("""{"n":8,"words":[1],"batch":2}""", """{"n":9,"text":"a","batch":2}""")]
    public void ARequestThatCannotBeRead_FailsItsWholeBatch(string first, string second)
    {
        List<JsonElement> answers = Answers($"{first}\n{second}\n{{\"n\":10,\"text\":\"a\"}}");
        Assert.Equal([8, 9, 10], answers.Select(answer => answer.GetProperty("n").GetInt32()));
        Assert.Equal([true, true, false], answers.Select(answer => answer.TryGetProperty("error", out _)));
    }

    [Theory]
    [InlineData("""{"text":5,"n":3}""", "text is 5; a text is needed.")]
    [InlineData("""{"words":["a",[1]],"n":3}""", "words is StartArray; a text is needed.")]
    [InlineData("""{"ids":[3000000000],"n":3}""", "a whole number from -2147483648 to 2147483647 is needed.")]
    [InlineData("""{"ids":[1,-7],"n":3}""", "ids is -7; a whole number of at least 0")]
    [InlineData("""{"ids":{},"n":3}""", "ids is StartObject; a list of whole numbers")]
    [InlineData("""{"words":["a"],"text":"a","n":3}""", "text and words cannot stand in one request")]
    [InlineData("""{"pair":"a","n":3}""", "pair stands without text")]
    [InlineData("""{"pair":"a","words":["a"],"n":3}""", "pair stands without text")]
    [InlineData("""{"ids":[1],"pair":"a","n":3}""", "pair stands without text")]
    [InlineData("""{"pair_words":["a"],"text":"a","n":3}""", "pair_words stands without words")]
    [InlineData("""{"text":"a","as_file":true,"max_length":4,"n":3}""", "as_file asks for the file's own settings, and max_length for others")]
    [InlineData("""{"text":"a","truncation":"first","n":3}""", "truncation is first; longest_first, only_first or only_second")]
    [InlineData("""{"text":"a","add_special":1,"n":3}""", "add_special is 1; true or false is needed")]
    [InlineData("""{"text":"a","padding":{"strategy":"longest","multiple_of":-8},"n":3}""", "padding.multiple_of is -8; a whole number of at least 0")]
    [InlineData("""{"text":"a","padding":{"strategy":"longest","pad_id":-5},"n":3}""", "padding.pad_id is -5; a whole number of at least 0")]
    public void AnError_NamesFieldAndNumber_WhereverTheyStand(string request, string words)
    {
        JsonElement answer = Answers(request).Single();
        Assert.Equal(3, answer.GetProperty("n").GetInt32());
        Assert.Contains(words, answer.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    /// <summary>A recorded line with its answer is a request: what an answer holds is ignored.</summary>
    [Theory]
    [InlineData("""{"text":"a a","ids":[9,9,9],"tokens":["a"]}""")]
    [InlineData("""{"ids":"x","text":"a a","offsets":-1}""")]
    [InlineData("""{"words":["a","a"],"ids":[-1],"text":null,"pair":null}""")]
    public void IdsBesideATextOrWords_AreIgnored(string request) => Assert.Equal("[1,1]", Answers(request).Single().GetProperty("ids").GetRawText());

    [Fact]
    public void AnEscapedLoneSurrogate_CountsAsTheReplacementCharacter()
    {
        JsonElement answer = Answers("""{"text":"\ud800 a"}""").Single();
        Assert.Equal("[[0,1],[2,3]]", answer.GetProperty("offsets").GetRawText());
        Assert.False(answer.TryGetProperty("n", out _));
    }

    [Theory]
    [InlineData("""{"words":["a","a"],"padding":{"strategy":"fixed","length":3,"pad_id":0,"pad_token":"?"}}""", "[[0,1],[0,1],[0,0]]")]
    [InlineData("""{"text":"a a","padding":{"strategy":"fixed","length":3,"pad_id":0,"pad_token":"?"}}""", "[[0,1],[2,3],[0,0]]")]
    public void PaddingThatCountsAsTheFirstSequence_HasNoPlaceInIt(string request, string offsets)
    {
        JsonElement answer = Answers(request).Single();
        Assert.Equal(offsets, answer.GetProperty("offsets").GetRawText());
        Assert.Equal("[0,0,0]", answer.GetProperty("sequence_ids").GetRawText());
    }

    [Fact]
    public void IdsAlone_AreDecoded()
    {
        JsonElement answer = Answers("""{"n":1.50,"ids":[1,7,99,0]}""").Single();
        Assert.Equal("1.50", answer.GetProperty("n").GetRawText());
        Assert.Equal("""["a",null,null,"[UNK]"]""", answer.GetProperty("tokens").GetRawText());
        Assert.Equal("a [UNK]", answer.GetProperty("decoded").GetString());
    }

    private static List<JsonElement> Answers(string requests) => TokenizerGoldens.Answers(s_tokenizer, System.Text.Encoding.UTF8.GetBytes(requests), isUtf16: false);

    private static Tokenizer Small()
    {
        using ScratchFolder scratch = new();
        return Tokenizer.Load(scratch.Write("tokenizer.json", """
            {"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1}}}
            """));
    }
}
