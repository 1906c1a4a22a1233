using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>Which class a folder without tokenizer.json has. Expected: transformers 4.57, TOKENIZER_MAPPING_NAMES and SLOW_TO_FAST_CONVERTERS.</summary>
public sealed class TokenizerClassTests
{
    private const string WordPieces = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n";

    [Theory]
    [InlineData("bart")]
    [InlineData("bridgetower")]
    [InlineData("clap")]
    [InlineData("data2vec-text")]
    [InlineData("ibert")]
    [InlineData("led")]
    [InlineData("longformer")]
    [InlineData("mega")]
    [InlineData("mra")]
    [InlineData("mvp")]
    [InlineData("roberta")]
    [InlineData("roberta-prelayernorm")]
    public void ModelType_WhoseClassIsLikeRobertaGetsItsSpecialTokens(string type)
    {
        using ScratchFolder scratch = BpeOfType(type);
        Assert.Equal("<s> a </s> </s> b </s>", string.Join(' ', Tokenizer.Load(scratch.Path).EncodePair("a", "b").Tokens()));
    }

    [Theory]
    [InlineData("codegen")]
    [InlineData("gpt2")]
    [InlineData("opt")]
    [InlineData("no-such-type")]
    [InlineData("")]
    [InlineData("bert")]
    [InlineData("albert")]
    [InlineData("mpnet")] // its class has no file here
    public void ModelType_WhoseClassIsGpt2OrNotThereLeavesAVocabJsonToGpt2(string type)
    {
        using ScratchFolder scratch = BpeOfType(type);
        Assert.Equal("a b", string.Join(' ', Tokenizer.Load(scratch.Path).EncodePair("a", "b").Tokens()));
    }

    [Theory]
    [InlineData("BartTokenizer")]
    [InlineData("BartTokenizerFast")]
    [InlineData("LEDTokenizer")]
    [InlineData("MvpTokenizer")]
    public void TokenizerClass_ThatIsRobertaUnderAnotherNameIsRead(string name)
    {
        using ScratchFolder scratch = Bpe();
        scratch.Write("tokenizer_config.json", $$"""{"tokenizer_class":"{{name}}"}""");
        Encoding encoding = Tokenizer.Load(scratch.Path).EncodePair("a <mask>", "b");
        Assert.Equal("<s> a  <mask> </s> </s> b </s>", string.Join(' ', encoding.Tokens())); // the mask swallows the space before it
        Assert.Equal(new int[7], encoding.TypeIds());
    }

    [Theory]
    [InlineData("nystromformer", "spiece.model", "[CLS] ▁the [SEP]")]
    [InlineData("yoso", "spiece.model", "[CLS] ▁the [SEP]")]
    [InlineData("no-such-type", "spiece.model", "▁ T h e")]
    public void ModelType_ChoosesTheClassOfASentencePieceModel(string type, string file, string tokens)
    {
        using ScratchFolder scratch = new();
        File.WriteAllBytes(Path.Combine(scratch.Path, file), SentencePieceBuilder.Albert().Build());
        scratch.Write("config.json", $$"""{"model_type":"{{type}}"}""");
        Assert.Equal(tokens, string.Join(' ', Tokenizer.Load(scratch.Path).Encode("The").Tokens()));
        Assert.Equal(tokens, string.Join(' ', Tokenizer.Load(Path.Combine(scratch.Path, file)).Encode("The").Tokens()));
    }

    [Fact]
    public void ModelType_XmodIsXlmRoberta()
    {
        using ScratchFolder scratch = new();
        SentencePieceBuilder model = new SentencePieceBuilder().Piece("<unk>", 0, SentencePieceBuilder.Unknown).Piece("<s>", 0, SentencePieceBuilder.Control)
            .Piece("</s>", 0, SentencePieceBuilder.Control).Piece("▁the", -1).Trainer(0);
        File.WriteAllBytes(Path.Combine(scratch.Path, "sentencepiece.bpe.model"), model.Build());
        scratch.Write("config.json", """{"model_type":"xmod"}""");
        Assert.Equal([0, 4, 2], Tokenizer.Load(scratch.Path).EncodeToIds("the").Ids);
    }

    [Theory]
    [InlineData("align")]
    [InlineData("dpr")]
    [InlineData("megatron-bert")]
    [InlineData("nezha")]
    [InlineData("qdqbert")]
    [InlineData("realm")]
    [InlineData("retribert")]
    [InlineData("visual_bert")]
    [InlineData("prophetnet")] // its class has no file here
    [InlineData("t5")]
    public void ModelType_WhoseClassIsBertOrNotThereLeavesAVocabTxtToBert(string type)
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.txt", WordPieces);
        scratch.Write("config.json", $$"""{"model_type":"{{type}}"}""");
        Assert.Equal([2, 5, 3], Tokenizer.Load(scratch.Path).EncodeToIds("The").Ids);
        Assert.Equal([2, 5, 3], Tokenizer.Load(Path.Combine(scratch.Path, "vocab.txt")).EncodeToIds("The").Ids);
    }

    [Theory]
    [InlineData("mpnet", "MPNetTokenizer", "vocab.txt")]
    [InlineData("funnel", "FunnelTokenizer", "vocab.txt")]
    [InlineData("roformer", "RoFormerTokenizer", "vocab.txt")]
    [InlineData("esm", "EsmTokenizer", "vocab.txt")]
    [InlineData("tapas", "TapasTokenizer", "vocab.txt")]
    [InlineData("splinter", "SplinterTokenizer", "vocab.txt")]
    [InlineData("clip", "CLIPTokenizer", "vocab.json")]
    [InlineData("xlm", "XLMTokenizer", "vocab.json")]
    [InlineData("blenderbot", "BlenderbotTokenizer", "vocab.json")]
    [InlineData("whisper", "WhisperTokenizer", "vocab.json")]
    [InlineData("layoutlmv3", "LayoutLMv3Tokenizer", "vocab.json")]
    [InlineData("luke", "LukeTokenizer", "vocab.json")]
    [InlineData("fnet", "FNetTokenizer", "spiece.model")]
    [InlineData("big_bird", "BigBirdTokenizer", "spiece.model")]
    [InlineData("xlnet", "XLNetTokenizer", "spiece.model")]
    [InlineData("t5", "T5Tokenizer", "spiece.model")]
    [InlineData("rembert", "RemBertTokenizer", "sentencepiece.model")]
    [InlineData("mbart", "MBartTokenizer", "sentencepiece.bpe.model")]
    [InlineData("xglm", "XGLMTokenizer", "sentencepiece.bpe.model")]
    public void ModelType_WhoseClassIsNotReadIsRefusedByName(string type, string name, string file)
    {
        using ScratchFolder scratch = Bpe();
        if (file != "vocab.json") File.Delete(Path.Combine(scratch.Path, "vocab.json"));
        string path = Path.Combine(scratch.Path, file);
        if (file == "vocab.txt") scratch.Write(file, WordPieces);
        else if (file != "vocab.json") File.WriteAllBytes(path, SentencePieceBuilder.Albert().Build());
        scratch.Write("config.json", $$"""{"model_type":"{{type}}"}""");

        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message;
        Assert.Contains($"{path}: model_type of config.json is {type}, which stands for {name}", message);
        Assert.Contains("A tokenizer.json decides", message);
        if (file != "vocab.json") Assert.Equal(message, Assert.Throws<TokenizerException>(() => Tokenizer.Load(path)).Message);

        scratch.Write("tokenizer_config.json", $$"""{"tokenizer_class":"{{name}}"}""");
        Assert.Contains($"tokenizer_class is {name}", Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message);

        scratch.Write("tokenizer.json", """{"version":"1.0","model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"a":1}}}""");
        Assert.Equal([1], Tokenizer.Load(scratch.Path).EncodeToIds("a").Ids);
    }

    [Fact]
    public void Load_RefusesSeveralSentencePieceModelsWhereNothingSaysWhichCounts()
    {
        using ScratchFolder scratch = new();
        foreach (string file in (string[])["spm.model", "spiece.model"]) File.WriteAllBytes(Path.Combine(scratch.Path, file), SentencePieceBuilder.Albert().Build());
        string message = Assert.Throws<TokenizerException>(() => Tokenizer.Load(scratch.Path)).Message;
        Assert.Contains("2 SentencePiece models and nothing that says which counts: spiece.model, spm.model", message);
        scratch.Write("config.json", """{"model_type":"albert"}""");
        Assert.Equal("[CLS] ▁the [SEP]", string.Join(' ', Tokenizer.Load(scratch.Path).Encode("The").Tokens()));
    }

    private static ScratchFolder BpeOfType(string type)
    {
        ScratchFolder scratch = Bpe();
        scratch.Write("config.json", $$"""{"model_type":"{{type}}"}""");
        return scratch;
    }

    private static ScratchFolder Bpe()
    {
        ScratchFolder scratch = new();
        scratch.Write("vocab.json", """{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"a":4,"b":5,"<mask>":6,"<|endoftext|>":7}""");
        scratch.Write("merges.txt", "#version: 0.2\n");
        return scratch;
    }
}
