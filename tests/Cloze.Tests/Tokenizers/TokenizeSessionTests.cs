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

    [Fact]
    public void AnEscapedLoneSurrogate_CountsAsTheReplacementCharacter()
    {
        JsonElement answer = Answers("""{"text":"\ud800 a"}""").Single();
        Assert.Equal("[[0,1],[2,3]]", answer.GetProperty("offsets").GetRawText());
        Assert.False(answer.TryGetProperty("n", out _));
    }

    [Fact]
    public void IdsAlone_AreDecoded()
    {
        JsonElement answer = Answers("""{"n":1.50,"ids":[1,-7,99,0]}""").Single();
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
