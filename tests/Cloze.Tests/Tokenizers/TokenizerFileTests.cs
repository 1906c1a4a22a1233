using System.Text.Json;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>Good, odd, broken and hostile tokenizer files.</summary>
public sealed class TokenizerFileTests
{
    private const string Vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\n<go>\n<stop>\n";

    public static TheoryData<string> RecordedFiles() => new(!Shared.IsPresent ? [] : Index()
        .Where(entry => entry.GetProperty("kind").GetString() == "tokenizer" && entry.GetProperty("format").GetString() is "vocab.txt" or "tokenizer.json").Select(entry => entry.GetProperty("path").GetString()!));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(RecordedFiles))]
    public void Load_FollowsTheRecordedVerdict(string path)
    {
        JsonElement entry = Index().Single(e => e.GetProperty("path").GetString() == path);
        string verdict = entry.GetProperty("verdict").GetString()!;
        Tokenizer? tokenizer = null;
        try
        {
            tokenizer = Tokenizer.Load(Shared.Path("goldens", "checkpoints", path));
        }
        catch (TokenizerException e)
        {
            Assert.NotEqual("loads", verdict);
            Assert.Contains(path, e.Message);
        }
        if (tokenizer is null) return;

        Assert.NotEqual("refused", verdict);
        if (!entry.TryGetProperty("ids", out JsonElement texts)) return;
        foreach (JsonProperty text in texts.EnumerateObject()) Assert.Equal(text.Value.EnumerateArray().Select(id => id.GetInt32()), tokenizer.EncodeToIds(text.Name).Ids);
    }

    [Theory]
    [InlineData("""{"type":"Transliterate"}""", "null", "normalizer is Transliterate")]
    [InlineData("null", """{"type":"Jieba"}""", "pre_tokenizer is Jieba")]
    public void Load_NamesAPartThatIsNotSupported(string normalizer, string preTokenizer, string expected)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("tokenizer.json", $$"""
            {"version":"1.0","normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},"model":{"type":"WordPiece","unk_token":"[UNK]","max_input_chars_per_word":100,
            "vocab": {"[UNK]":0} } }
            """);
        TokenizerException refused = Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path));
        Assert.Contains(path, refused.Message);
        Assert.Contains(expected, refused.Message);
        Assert.Contains("supported:", refused.Message);
    }

    [Theory]
    [InlineData("""{"type":"BitPair","vocab":{"a":0},"merges":[]}""", "model is BitPair")]
    [InlineData("""{"type":"Unigram","unk_id":1,"vocab":[["a",0.5]]}""", "model.unk_id is 1")]
    [InlineData("""{"type":"Unigram","unk_id":0,"vocab":[["a","b"]]}""", "model.vocab[0] is not a list of a piece and its score")]
    [InlineData("""{"unk_id":0,"vocab":[["a",1e999]]}""", "model.vocab[0] is not a list of a piece and its score")]
    [InlineData("""{"type":"Unigram","unk_id":0}""", "model.vocab is missing")]
    public void Load_NamesAModelThatIsNotSupported(string model, string expected)
    {
        using ScratchFolder scratch = new();
        scratch.Write("tokenizer.json", $$"""{"version":"1.0","model":{{model}}}""");
        Assert.Contains(expected, Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
    }

    [Theory]
    [InlineData("BertJapaneseTokenizer")]
    [InlineData("MPNetTokenizerFast")]
    public void Load_RefusesATokenizerClassThatIsNotBert(string name)
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", Vocabulary);
        scratch.Write("tokenizer_config.json", $$"""{"tokenizer_class":"{{name}}"}""");
        Assert.Contains($"tokenizer_class is {name}", Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
    }

    [Fact]
    public void Load_OfAFolderWithoutATokenizerSaysWhatIsThere()
    {
        using ScratchFolder scratch = new();
        Assert.Contains("neither tokenizer.json nor vocab.txt", Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
        scratch.Write("vocab.json", "{}");
        Assert.Contains("vocab.json without merges.txt", Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
        Assert.Contains("does not exist", Assert.Throws<TokenizerException>(() => Tokenizer.Load(Path.Combine(scratch.Path, "no.json"))).Message);
    }

    [Fact]
    public void SpecialTokensMap_ReplacesWhatTokenizerConfigSays()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", Vocabulary);
        scratch.Write("tokenizer_config.json", """{"cls_token":"[CLS]","sep_token":"[SEP]","do_lower_case":false}""");
        scratch.Write("special_tokens_map.json", """{"cls_token":"<go>","sep_token":{"content":"<stop>","lstrip":false,"rstrip":false,"normalized":false,"single_word":false}}""");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([8, 5, 6, 7, 9], tokenizer.EncodeToIds("the cats").Ids);
        Assert.Equal([8, 1, 9], tokenizer.EncodeToIds("THE").Ids); // do_lower_case is false
    }

    [Fact]
    public void AddedTokensJson_AddsTokensBehindTheVocabulary()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", Vocabulary);
        scratch.Write("added_tokens.json", """{"catnip":11,"Dogs":10}""");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([2, 5, 11, 10, 3], tokenizer.EncodeToIds("the CATNIP dogs").Ids); // not special, so looked for in the normalized text
        Assert.Equal(12, tokenizer.VocabularySize);
    }

    [Fact]
    public void AddedTokensDecoder_DecidesWhereItIsThere()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", Vocabulary);
        scratch.Write("tokenizer_config.json", """{"mask_token":"<gap>","added_tokens_decoder":{"10":{"content":"<gap>","lstrip":true,"rstrip":false,"normalized":false,"single_word":false,"special":true}}}""");
        scratch.Write("special_tokens_map.json", """{"cls_token":"<go>"}"""); // not read then
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal("<gap>", tokenizer.MaskToken);
        Encoding encoding = tokenizer.Encode("the <gap> cat");
        Assert.Equal([2, 5, 10, 6, 3], encoding.Ids);
        Assert.Equal(new TokenOffset(3, 9), encoding.Offsets[2]); // lstrip
    }

    /// <summary>transformers 4.57: what the vocabulary does not know of the named special tokens is added behind it, in the order of the attributes (sep before cls).</summary>
    [Fact]
    public void SpecialTokens_NamedButNotInTheVocabularyAreAddedBehindIt()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", Vocabulary);
        scratch.Write("tokenizer_config.json", """{"cls_token":"<c>","sep_token":"<s>"}""");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([11, 5, 11, 10], tokenizer.EncodeToIds("the <c>").Ids);
        Assert.Equal("<c> the <c> <s>", string.Join(' ', tokenizer.Encode("the <c>").Tokens()));
        scratch.Write("tokenizer_config.json", """{"unk_token":"<u>"}"""); // WordPiece needs it in the vocabulary
        Assert.Contains("has no line <u>, the unknown token. Name a line of this vocabulary", Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("2147483648")]
    [InlineData(" 5")]
    [InlineData("five")]
    public void AddedTokensDecoder_WithAnIdThatIsNoneIsRefused(string id)
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", Vocabulary);
        string path = scratch.Write("tokenizer_config.json", $$"""{"added_tokens_decoder":{"{{id}}":{"content":"<gap>"} } }""");
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message;
        Assert.Contains($"{path}: added_tokens_decoder.{id} is", message);
        Assert.Contains("whole number from 0 to 2147483647", message);
    }

    /// <summary>tokenizers 0.23.2: the text of a token is the piece that it was found by, also where several have its id.</summary>
    [Theory]
    [InlineData("""{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"x":0,"a":1,"b":1,"##c":2,"##d":2,"e":3}}""",
        "e a b ac bd q x qx", "3 1 1 1 2 1 2 0 0 0", "e a b a ##c b ##d [UNK] x [UNK]")]
    [InlineData("""{"type":"WordPiece","unk_token":"[UNK]","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1,"b":1}}""", "abab aab a", "0 0 1", "[UNK] [UNK] a")]
    [InlineData("""{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"x":0,"a":1,"b":1}}""", "a b x q", "1 1 0 0", "a b x ?")]
    [InlineData("""{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"x":2000000000,"a":2000000000}}""", "a x q", "2000000000 2000000000 0", "a x ?")]
    public void Tokens_AreTheirOwnTextsWhereSeveralHaveAnId(string model, string text, string ids, string tokens)
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", $$"""{"normalizer":{"type":"Prepend","prepend":" "},"pre_tokenizer":{"type":"Whitespace"},"model":{{model}} }"""));
        Assert.Equal(ids, string.Join(' ', tokenizer.EncodeToIds(text).Ids));
        Encoding encoding = tokenizer.Encode(text);
        Assert.Equal(ids, string.Join(' ', encoding.Ids.ToArray()));
        Assert.Equal(tokens, string.Join(' ', encoding.Tokens()));
        Assert.Equal(tokens, string.Join(' ', tokenizer.EncodeWords(text.Split(' ')).Tokens()));
    }

    /// <summary>tokenizers 0.23.2: without a post-processor a single text has no numbered sequence, so that its padding counts as sequence 0.</summary>
    [Theory]
    [InlineData("null", Side.Right, "0 0 0 0", "0 0 1 -1")]
    [InlineData("null", Side.Left, "0 0 0 0", "-1 0 0 1")]
    [InlineData("""{"type":"ByteLevel","trim_offsets":false}""", Side.Right, "0 0 -1 -1", "0 0 1 -1")]
    [InlineData("""{"type":"Sequence","processors":[]}""", Side.Left, "-1 -1 0 0", "-1 0 0 1")]
    public void SequenceIds_OfPaddingGoByThePostProcessor(string processor, Side side, string single, string pair)
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", $$"""
            {"pre_tokenizer":{"type":"Whitespace"},"post_processor":{{processor}},"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1} } }
            """));
        EncodeOptions options = new() { Padding = new(Length: 4, PadId: 0, PadToken: "?", Side: side) };
        Encoding encoding = tokenizer.Encode("a a", options);
        Assert.Equal(single, string.Join(' ', encoding.SequenceIds()));
        Assert.Equal(2, encoding.AttentionMask().Sum());
        Assert.Equal(2, encoding.SpecialTokensMask().Sum());
        Assert.Equal(single, string.Join(' ', tokenizer.Encode("a a", options with { AddSpecialTokens = false }).SequenceIds()));
        Assert.Equal(pair, string.Join(' ', tokenizer.EncodePair("a a", "a", options).SequenceIds()));
    }

    [Fact]
    public void TokenizerJson_DecidesOverVocabulary()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", Vocabulary);
        scratch.Write("tokenizer.json", """{"version":"1.0","model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"the":70000}}}""");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([70000], tokenizer.EncodeToIds("the").Ids);
        Assert.Equal("the", tokenizer.TokenOf(70000));
        Assert.Null(tokenizer.TokenOf(1));
        Assert.Null(tokenizer.TokenOf(-1));
    }

    [Theory]
    [InlineData("""{"[UNK]":0,"a":1,"\"":2,"é":3,"😀":4}""")]
    [InlineData("""{ "[UNK]" : 0 , "\u0061" : 1 , "\"" : 2 , "\u00e9" : 3 , "\ud83d\ude00" : 4 }""")] // escapes that only the JSON reader reads
    [InlineData("""{"a":9,"[UNK]":0,"a":1,"\u0022":2,"é":3,"😀":4}""")]
    public void Load_ReadsAVocabularyHoweverItIsSpelled(string vocabulary)
    {
        using ScratchFolder scratch = new();
        scratch.Write("tokenizer.json", $$"""{"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"WordPiece","vocab":{{vocabulary}},"unk_token":"[UNK]","max_input_chars_per_word":100},"version":"1.0"}""");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([1, 2, 3, 4, 0], tokenizer.EncodeToIds("a \" é 😀 b").Ids);
        Assert.Equal(5, tokenizer.VocabularySize);
    }

    [Theory]
    [InlineData("""{"a":01}""")]
    [InlineData("""{"a":1.0}""")]
    [InlineData("""{"a":1e0}""")]
    [InlineData("""{"a":-1}""")]
    [InlineData("""{"a":2147483648}""")]
    [InlineData("""{"a":"1"}""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("""{"a" 1}""")]
    [InlineData("""{"\ud83d":1}""")]
    [InlineData("""{"\x":1}""")]
    [InlineData("""{"a":1]""")]
    public void Load_RefusesAVocabularyThatIsNone(string vocabulary)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("tokenizer.json", $$"""{"model":{"type":"WordPiece","max_input_chars_per_word":100,"vocab":{{vocabulary}} } }""");
        Assert.Contains(path, Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
    }

    [Fact]
    public void Load_SaysWhereAFileIsCut()
    {
        using ScratchFolder scratch = new();
        scratch.Write("tokenizer.json", "{\"model\":{\"vocab\":{\"a\":1},\n\"type\":\"Word");
        Assert.Contains("line 2, byte", Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
    }

    [Fact]
    public void Load_OfIdsFarApartCostsNoMemoryInProportionToThem()
    {
        using ScratchFolder scratch = new();
        scratch.Write("tokenizer.json", """{"model":{"type":"WordPiece","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"the":2147483647}}}""");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
        Assert.Equal([int.MaxValue], tokenizer.EncodeToIds("the").Ids);
        Assert.Equal("the", tokenizer.TokenOf(int.MaxValue));
    }

    [Fact]
    public void Load_OfCutOrChangedFilesThrowsNothingElse()
    {
        using ScratchFolder scratch = new();
        byte[] good = System.Text.Encoding.UTF8.GetBytes("""
            {"version":"1.0","truncation":{"max_length":8,"strategy":"LongestFirst","stride":0},"padding":{"strategy":{"Fixed":8},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},
            "added_tokens":[{"id":0,"special":true,"content":"[PAD]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false}],"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
            "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
            "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]}}},"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[PAD]":0,"[CLS]":1,"[UNK]":2,"a":3,"\u0062":4}}}
            """);
        Random random = new(7);
        for (int i = 0; i < 2000; i++)
        {
            byte[] changed = i < good.Length ? good[..i] : [.. good];
            if (i >= good.Length || i % 2 == 1)
                for (int k = 0; k < random.Next(1, 4) && changed.Length > 0; k++) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            string path = Path.Combine(scratch.Path, "tokenizer.json");
            File.WriteAllBytes(path, changed);
            try
            {
                Tokenizer tokenizer = Tokenizer.Load(path);
                tokenizer.Encode("A b [PAD] c", tokenizer.FileSettings);
            }
            catch (TokenizerException)
            {
                // refused by the one documented exception
            }
        }
    }

    private static List<JsonElement> Index() => [.. JsonDocument.Parse(File.ReadAllBytes(Shared.Path("goldens", "checkpoints", "index.json"))).RootElement.GetProperty("files").EnumerateArray()];

    [Fact]
    public void Encode_AfterATextWithoutPreTokensGoesOn()
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", """
            {"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true}]},
             "model":{"type":"WordLevel","unk_token":"[UNK]","vocab":{"[UNK]":0,"a":1}}}
            """));
        Assert.Empty(tokenizer.Encode("   ").Ids.ToArray());
        Assert.Equal([1, 0], tokenizer.Encode("a 1").Ids.ToArray());
    }

    /// <summary>tokenizers 0.23.2: ▁ab. A step that changes nothing stands between two that write.</summary>
    [Fact]
    public void Encode_GoesThroughAStepThatLeavesTheTextAsItIs()
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", """
            {"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
              {"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":true},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]},
             "model":{"type":"WordLevel","unk_token":"[UNK]","vocab":{"[UNK]":0,"▁ab":1,"▁.":2}}}
            """));
        Assert.Equal([1, 2], tokenizer.Encode("ab.").Ids.ToArray());
    }

    /// <summary>tokenizers 0.22.2 and 0.23.2: a stride as long as what the special tokens leave is refused only where something is cut beside them.</summary>
    [Fact]
    public void Encode_TakesAStrideAsLongAsTheRoomWhereNothingIsCut()
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", """
            {"pre_tokenizer":{"type":"Whitespace"},"post_processor":{"type":"BertProcessing","sep":["a",1],"cls":["a",1]},"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1}}}
            """));
        EncodeOptions options = new() { Truncation = new(MaxLength: 4, Stride: 2), ReturnOverflow = true };
        Assert.Equal(4, tokenizer.Encode("a a", options).Count);
        Assert.Throws<TokenizerException>(() => tokenizer.Encode("a a a", options));
        Assert.Equal(5, tokenizer.Encode("a a a a a a a a a a a a a", options with { AddSpecialTokens = false }).Overflow.Count);
        Assert.Throws<TokenizerException>(() => tokenizer.Encode("a", options with { Truncation = new(MaxLength: 4, Stride: 3) }));
    }

    /// <summary>tokenizers 0.23.2: bytes that are no UTF-8 are tokens of their own for the decoder behind.</summary>
    [Theory]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"b*"},"content":"x"}""", "x\uFFFDxx\uFFFDx")]
    [InlineData("""{"type":"CTC","pad_token":"a","word_delimiter_token":"b","cleanup":true}""", "\uFFFD")]
    public void Decode_MakesATokenOfEveryByteThatIsNoText(string behind, string text)
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", $$$$"""
            {"decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{{{{behind}}}}]},"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"<0xE4>":1,"<0xE5>":2}}}
            """));
        Assert.Equal(text, tokenizer.Decode([1, 2]));
    }

    [Fact]
    public void Load_RefusesATemplateOfWhichEveryTextGetsAMillionTokens()
    {
        using ScratchFolder scratch = new();
        string many = string.Join(',', Enumerable.Repeat("""{"SpecialToken":{"id":"x","type_id":0}}""", 1000));
        string path = scratch.Write("tokenizer.json", $$$$"""
            {"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{{{{many}}}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
              "special_tokens":{"x":{"id":"x","ids":[{{{{string.Join(',', Enumerable.Repeat(0, 1000))}}}}],"tokens":[{{{{string.Join(',', Enumerable.Repeat("\"x\"", 1000))}}}}]}}},
             "model":{"type":"WordLevel","unk_token":"[UNK]","vocab":{"[UNK]":0,"a":1}}}
            """);
        Assert.Contains("more than 65536 special tokens", Assert.Throws<TokenizerException>(() => Tokenizer.Load(path)).Message, StringComparison.Ordinal);
    }
}
