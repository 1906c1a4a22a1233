using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>SentencePiece models from folders as people have them: which class, which special tokens, what is refused.</summary>
public sealed class SentencePieceTests
{
    [Theory]
    [InlineData("spiece.model", "AlbertTokenizer", "[CLS] ▁the [SEP]")]
    [InlineData("spiece.model", "AlbertTokenizerFast", "[CLS] ▁the [SEP]")]
    [InlineData("spm.model", "DebertaV2Tokenizer", "[CLS] ▁ T h e [SEP]")] // its class does not lower
    public void Load_ReadsTheClassThatTokenizerConfigNames(string file, string name, string tokens)
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, file), SentencePieceBuilder.Albert().Build());
        scratch.Write("tokenizer_config.json", $$"""{"tokenizer_class":"{{name}}"}""");
        Assert.Equal(tokens, string.Join(' ', Tokenizer.Load(scratch.Path).Encode("The").Tokens()));
        Assert.Equal(tokens, string.Join(' ', Tokenizer.Load(Path.Combine(scratch.Path, file)).Encode("The").Tokens()));
    }

    [Theory]
    [InlineData("""{"model_type":"albert"}""", "[CLS] ▁the [SEP]")]
    [InlineData("""{"model_type":"bert","tokenizer_class":"AlbertTokenizer"}""", "[CLS] ▁the [SEP]")]
    [InlineData("""{"model_type":"no-such-model"}""", "▁ T h e")]
    public void Load_ReadsTheClassThatConfigNamesWhereTokenizerConfigDoesNot(string config, string tokens)
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, "some.model"), SentencePieceBuilder.Albert().Build());
        scratch.Write("config.json", config);
        Assert.Equal(tokens, string.Join(' ', Tokenizer.Load(scratch.Path).Encode("The").Tokens()));
    }

    [Fact]
    public void Load_WithoutAClassKeepsTheFilesIdsAndAddsNothing()
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, "spm.model"), SentencePieceBuilder.Albert().Build());
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([7, 6, 14, 12], tokenizer.EncodeToIds("the he").Ids);
        Assert.Empty(tokenizer.EncodeToIds("").Ids);
    }

    [Fact]
    public void Albert_CutsNumbersBeforeTheirComma()
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, "spiece.model"), SentencePieceBuilder.Albert().Build());
        Assert.Equal(["▁1,"], Tokenizer.Load(scratch.Path).Encode("1,").Tokens());
        scratch.Write("tokenizer_config.json", """{"tokenizer_class":"AlbertTokenizer"}""");
        Assert.Equal(["[CLS]", "▁1", ",", "[SEP]"], Tokenizer.Load(scratch.Path).Encode("1,").Tokens());
    }

    [Theory]
    [InlineData("""{"tokenizer_class":"AlbertTokenizer","keep_accents":true}""", "[CLS] ▁ é [SEP]")]
    [InlineData("""{"tokenizer_class":"AlbertTokenizer"}""", "[CLS] ▁ e [SEP]")]
    [InlineData("""{"tokenizer_class":"AlbertTokenizer","remove_space":false}""", "[CLS] ▁ e [SEP]")]
    public void Albert_HonoursItsOptions(string config, string tokens)
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, "spiece.model"), SentencePieceBuilder.Albert().Build());
        scratch.Write("tokenizer_config.json", config);
        Assert.Equal(tokens, string.Join(' ', Tokenizer.Load(scratch.Path).Encode("É".ToLowerInvariant()).Tokens()));
    }

    [Fact]
    public void Albert_MaskSwallowsTheSpaceBeforeIt()
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, "spiece.model"), SentencePieceBuilder.Albert().Build());
        scratch.Write("tokenizer_config.json", """{"tokenizer_class":"AlbertTokenizer"}""");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal("[MASK]", tokenizer.MaskToken);
        Assert.Equal([2, 7, 4, 7, 3], tokenizer.EncodeToIds("the [MASK]the").Ids);
        // a decoder of added tokens decides over the class
        scratch.Write("tokenizer_config.json", """
            {"tokenizer_class":"AlbertTokenizer","added_tokens_decoder":{"4":{"content":"[MASK]","lstrip":false,"normalized":false,"rstrip":false,"single_word":false,"special":true} } }
            """);
        Assert.Equal([2, 7, 6, 4, 7, 3], Tokenizer.Load(scratch.Path).EncodeToIds("the [MASK]the").Ids);
    }

    [Fact]
    public void Xlmr_ShiftsIdsByOne()
    {
        using ScratchFolder scratch = new();
        SentencePieceBuilder model = new SentencePieceBuilder().Piece("<unk>", 0, SentencePieceBuilder.Unknown).Piece("<s>", 0, SentencePieceBuilder.Control)
            .Piece("</s>", 0, SentencePieceBuilder.Control).Piece("▁the", -1).Piece("▁a", -2).Trainer(0);
        File.WriteAllBytes(Path.Combine(scratch.Path, "sentencepiece.bpe.model"), model.Build());
        scratch.Write("tokenizer_config.json", """{"tokenizer_class":"XLMRobertaTokenizer"}""");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([0, 4, 5, 2], tokenizer.EncodeToIds("the a").Ids);
        Assert.Equal([0, 4, 2, 2, 5, 2], tokenizer.EncodeToIds("the", "a").Ids);
        Assert.Equal(6, tokenizer.IdOf("<mask>"));
        Assert.Equal(1, tokenizer.IdOf("<pad>"));

        scratch.Write("tokenizer_config.json", """{"tokenizer_class":"CamembertTokenizer"}""");
        tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([5, 7, 8, 6], tokenizer.EncodeToIds("the a").Ids); // five of its own, then the file's behind <unk>
        Assert.Equal(9, tokenizer.IdOf("<mask>"));
    }

    [Fact]
    public void Load_RefusesABpeModelByName()
    {
        using ScratchFolder scratch = new();
        string path = Path.Combine(scratch.Path, "spm.model");
        File.WriteAllBytes(path, new SentencePieceBuilder().Piece("<unk>", 0, SentencePieceBuilder.Unknown).Trainer(0, modelType: 2).Build());
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message;
        Assert.Contains(path, message);
        Assert.Contains("model_type is 2 (BPE)", message);
    }

    public static TheoryData<string, byte[]> Broken() => new()
    {
        { "0 pieces of the type unknown", new SentencePieceBuilder().Piece("a", 0).Trainer(0).Build() },
        { "2 pieces of the type unknown", new SentencePieceBuilder().Piece("a", 0, SentencePieceBuilder.Unknown).Piece("b", 0, SentencePieceBuilder.Unknown).Trainer(0).Build() },
        { "no trainer_spec", new SentencePieceBuilder().Piece("a", 0, SentencePieceBuilder.Unknown).Build() },
        { "unk_id is 5", new SentencePieceBuilder().Piece("a", 0, SentencePieceBuilder.Unknown).Trainer(5).Build() },
        { "piece 1 is empty", new SentencePieceBuilder().Piece("a", 0, SentencePieceBuilder.Unknown).Piece("", 0).Trainer(0).Build() },
        { "the piece b stands there twice", new SentencePieceBuilder().Piece("a", 0, SentencePieceBuilder.Unknown).Piece("b", 0).Piece("c", 0).Piece("b", 0).Trainer(0).Build() },
        { "no finite number", new SentencePieceBuilder().Piece("a", float.NaN, SentencePieceBuilder.Unknown).Trainer(0).Build() },
        { "type 7", new SentencePieceBuilder().Piece("a", 0, 7).Trainer(0).Build() },
        { "wire type 3", [11] },
        { "a number does not end", [.. Enumerable.Repeat((byte)255, 20)] },
        { "has 100 bytes, 1 are left", [10, 100, 0] },
        { "a field has the number 0", [0, 0] },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Load_SaysWhatIsBroken(string expected, byte[] file)
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, "spm.model"), file);
        Assert.Contains(expected, Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
    }

    [Fact]
    public void Load_SaysWhichFileTheClassNeeds()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\n");
        scratch.Write("tokenizer_config.json", """{"tokenizer_class":"XLMRobertaTokenizer"}""");
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message;
        Assert.Contains("neither tokenizer.json nor sentencepiece.bpe.model", message);
        Assert.Contains("XlmRoberta", message);
        Assert.Contains("sentencepiece.bpe.model", Assert.Throws<TokenizerException>(() => Tokenizer.Load(Path.Combine(scratch.Path, "vocab.txt"))).Message);
    }

    [Fact]
    public void Load_TakesTheFilesThatAreThereWhereOnlyTheModelsTypeSuggestsAClass()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\nthe\n");
        scratch.Write("config.json", """{"model_type":"albert"}""");
        Assert.Equal([1, 5, 2], Tokenizer.Load(scratch.Path).EncodeToIds("The").Ids);
        Assert.Equal([1, 5, 2], Tokenizer.Load(Path.Combine(scratch.Path, "vocab.txt")).EncodeToIds("The").Ids);
    }

    [Fact]
    public void Load_OfVocabTxtDoesNotMindModelsBesideIt()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\nthe\n");
        foreach (string name in (string[])["a.model", "b.model"]) scratch.Write(name, "");
        Assert.Equal([1, 5, 2], Tokenizer.Load(scratch.Path).EncodeToIds("The").Ids);
    }

    [Fact]
    public void Load_OfTwoUnknownNamesRefusesToGuess()
    {
        using ScratchFolder scratch = new();
        foreach (string name in (string[])["a.model", "b.model"]) File.WriteAllBytes(Path.Combine(scratch.Path, name), SentencePieceBuilder.Albert().Build());
        Assert.Contains("a.model, b.model", Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);
    }
}
