namespace Cloze.Tokenizers;

/// <summary>How a tokenizer class of transformers is built from its original files.</summary>
internal enum TokenizerFamily
{
    /// <summary>No class is named: the files decide.</summary>
    None,
    Albert,
    Bert,
    Camembert,
    Deberta,
    DebertaV2,
    Gpt2,
    Roberta,
    XlmRoberta,

    /// <summary>In a way that is not read.</summary>
    Unread,
}

/// <summary>A tokenizer class of transformers 4.57, and the types of models that stand for it.</summary>
/// <remarks>
/// transformers 4.57 models/auto/tokenization_auto.py, TOKENIZER_MAPPING_NAMES; what makes several classes one family is convert_slow_tokenizer.py, SLOW_TO_FAST_CONVERTERS. Types that are
/// not here leave the choice to the files.
/// </remarks>
/// <param name="Name">Without <c>Fast</c> behind it.</param>
/// <param name="Family">How it is built.</param>
/// <param name="File">What it is read from.</param>
/// <param name="ModelTypes"><c>model_type</c> of config.json, with spaces between them; those that are GPT-2's or BERT's by their files anyway need not be here.</param>
internal sealed record TokenizerClass(string Name, TokenizerFamily Family, string File, string ModelTypes)
{
    private static readonly TokenizerClass[] s_all =
    [
        new("AlbertTokenizer", TokenizerFamily.Albert, "spiece.model", "albert nystromformer yoso"),
        new("BartTokenizer", TokenizerFamily.Roberta, "vocab.json", "bart"),
        new("BertTokenizer", TokenizerFamily.Bert, "vocab.txt", "align bert blip bros chinese_clip ernie git grounding-dino megatron-bert nezha qdqbert tvp vilt visual_bert"),
        new("CamembertTokenizer", TokenizerFamily.Camembert, "sentencepiece.bpe.model", "camembert"),
        new("CodeGenTokenizer", TokenizerFamily.Gpt2, "vocab.json", "codegen phi"),
        new("ConvBertTokenizer", TokenizerFamily.Bert, "vocab.txt", "convbert"),
        new("DebertaTokenizer", TokenizerFamily.Deberta, "vocab.json", "deberta"),
        new("DebertaV2Tokenizer", TokenizerFamily.DebertaV2, "spm.model", "deberta-v2"),
        new("DistilBertTokenizer", TokenizerFamily.Bert, "vocab.txt", "distilbert"),
        new("DPRContextEncoderTokenizer", TokenizerFamily.Bert, "vocab.txt", ""),
        new("DPRQuestionEncoderTokenizer", TokenizerFamily.Bert, "vocab.txt", "dpr"),
        new("ElectraTokenizer", TokenizerFamily.Bert, "vocab.txt", "electra"),
        new("GPT2Tokenizer", TokenizerFamily.Gpt2, "vocab.json", "gpt2 gpt_bigcode gpt_neo gptj opt"),
        new("LayoutLMTokenizer", TokenizerFamily.Bert, "vocab.txt", "layoutlm"),
        new("LEDTokenizer", TokenizerFamily.Roberta, "vocab.json", "led"),
        new("LongformerTokenizer", TokenizerFamily.Roberta, "vocab.json", "longformer"),
        new("LxmertTokenizer", TokenizerFamily.Bert, "vocab.txt", "lxmert"),
        new("MobileBertTokenizer", TokenizerFamily.Bert, "vocab.txt", "mobilebert"),
        new("MvpTokenizer", TokenizerFamily.Roberta, "vocab.json", "mvp"),
        new("RealmTokenizer", TokenizerFamily.Bert, "vocab.txt", "realm"),
        new("RetriBertTokenizer", TokenizerFamily.Bert, "vocab.txt", "retribert"),
        new("RobertaTokenizer", TokenizerFamily.Roberta, "vocab.json", "bridgetower clap data2vec-text ibert mega mra roberta roberta-prelayernorm"),
        new("SqueezeBertTokenizer", TokenizerFamily.Bert, "vocab.txt", "squeezebert"),
        new("XLMRobertaTokenizer", TokenizerFamily.XlmRoberta, "sentencepiece.bpe.model", "kosmos-2 xlm-roberta xlm-roberta-xl xmod"),

        new("BertJapaneseTokenizer", TokenizerFamily.Unread, "vocab.txt", "bert-japanese"),
        new("BertweetTokenizer", TokenizerFamily.Unread, "vocab.txt", "bertweet"),
        new("EsmTokenizer", TokenizerFamily.Unread, "vocab.txt", "esm"),
        new("FunnelTokenizer", TokenizerFamily.Unread, "vocab.txt", "funnel"),
        new("MPNetTokenizer", TokenizerFamily.Unread, "vocab.txt", "mpnet"),
        new("PhobertTokenizer", TokenizerFamily.Unread, "vocab.txt", "phobert"),
        new("RoCBertTokenizer", TokenizerFamily.Unread, "vocab.txt", "roc_bert"),
        new("RoFormerTokenizer", TokenizerFamily.Unread, "vocab.txt", "roformer"),
        new("SplinterTokenizer", TokenizerFamily.Unread, "vocab.txt", "splinter"),
        new("TapasTokenizer", TokenizerFamily.Unread, "vocab.txt", "tapas"),
        new("ProphetNetTokenizer", TokenizerFamily.Unread, "prophetnet.tokenizer", "prophetnet"),
        new("BlenderbotTokenizer", TokenizerFamily.Unread, "vocab.json", "blenderbot"),
        new("BlenderbotSmallTokenizer", TokenizerFamily.Unread, "vocab.json", "blenderbot-small"),
        new("CLIPTokenizer", TokenizerFamily.Unread, "vocab.json", "clip clipseg groupvit owlv2 owlvit xclip"),
        new("FlaubertTokenizer", TokenizerFamily.Unread, "vocab.json", "flaubert"),
        new("HerbertTokenizer", TokenizerFamily.Unread, "vocab.json", "herbert"),
        new("LayoutLMv3Tokenizer", TokenizerFamily.Unread, "vocab.json", "layoutlmv3 lilt"),
        new("LukeTokenizer", TokenizerFamily.Unread, "vocab.json", "luke"),
        new("OpenAIGPTTokenizer", TokenizerFamily.Unread, "vocab.json", "openai-gpt"),
        new("Qwen2Tokenizer", TokenizerFamily.Unread, "vocab.json", "qwen2 qwen2_moe qwen3 qwen3_moe"),
        new("WhisperTokenizer", TokenizerFamily.Unread, "vocab.json", "whisper"),
        new("XLMTokenizer", TokenizerFamily.Unread, "vocab.json", "xlm"),
        new("BarthezTokenizer", TokenizerFamily.Unread, "sentencepiece.bpe.model", "barthez"),
        new("BertGenerationTokenizer", TokenizerFamily.Unread, "spiece.model", "bert-generation"),
        new("BigBirdTokenizer", TokenizerFamily.Unread, "spiece.model", "big_bird"),
        new("FNetTokenizer", TokenizerFamily.Unread, "spiece.model", "fnet"),
        new("MBartTokenizer", TokenizerFamily.Unread, "sentencepiece.bpe.model", "mbart"),
        new("MBart50Tokenizer", TokenizerFamily.Unread, "sentencepiece.bpe.model", "mbart50"),
        new("MT5Tokenizer", TokenizerFamily.Unread, "spiece.model", "mt5"),
        new("NllbTokenizer", TokenizerFamily.Unread, "sentencepiece.bpe.model", "nllb nllb-moe"),
        new("PegasusTokenizer", TokenizerFamily.Unread, "spiece.model", "bigbird_pegasus pegasus pegasus_x"),
        new("ReformerTokenizer", TokenizerFamily.Unread, "spiece.model", "reformer"),
        new("RemBertTokenizer", TokenizerFamily.Unread, "sentencepiece.model", "rembert"),
        new("T5Tokenizer", TokenizerFamily.Unread, "spiece.model", "longt5 switch_transformers t5 umt5"),
        new("XGLMTokenizer", TokenizerFamily.Unread, "sentencepiece.bpe.model", "xglm"),
        new("XLNetTokenizer", TokenizerFamily.Unread, "spiece.model", "xlnet"),
    ];

    /// <summary>Read from a SentencePiece model.</summary>
    public bool IsSentencePiece => File.EndsWith(".model", StringComparison.Ordinal);

    /// <summary>The class that a folder names, as transformers 4.57 finds it where there is no tokenizer.json; null: none, or a type that is not known.</summary>
    /// <remarks>
    /// <c>tokenizer_class</c> of tokenizer_config.json, else of config.json, else the class of config.json's <c>model_type</c>. A type whose class has no file in the folder counts for nothing:
    /// models are trained with other tokenizers than their type's (ALBERT on BERT's vocabulary).
    /// </remarks>
    /// <param name="folder">Where config.json may be.</param>
    /// <param name="config">tokenizer_config.json; null: there is none.</param>
    /// <param name="type">The type of the model, where only that suggests the class; null: its name stands there.</param>
    /// <exception cref="TokenizerException">A class is named that is not read.</exception>
    public static TokenizerClass? Of(string folder, JsonValue? config, out string? type)
    {
        type = null;
        if (config?.Find("tokenizer_class") is { } named) return Of(named);
        if (Sidecar.Read(folder, "config.json") is not { } model) return null;
        if (model.Find("tokenizer_class") is { } ofModel) return Of(ofModel);
        if (model.Find("model_type") is not { IsText: true } found) return null;
        string text = type = found.Text();
        return Array.Find(s_all, known => Array.IndexOf(known.ModelTypes.Split(' '), text) >= 0 && text.Length > 0);
    }

    /// <summary>Says that a folder without tokenizer.json needs one.</summary>
    /// <param name="path">The file of this class.</param>
    /// <param name="type">The type of the model that stands for it.</param>
    public TokenizerException NotRead(string path, string type) => new(
        $"{path}: model_type of config.json is {type}, which stands for {Name}; that class is not read from its original files. A tokenizer.json decides: save one there (in transformers, "
        + "AutoTokenizer.from_pretrained(folder).save_pretrained(folder), where the class has a fast form). If the file is another class's, name that as tokenizer_class in tokenizer_config.json.");

    private static TokenizerClass Of(JsonValue named)
    {
        string name = named.Text(), plain = name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name;
        if (Array.Find(s_all, known => known.Name == plain) is { Family: not TokenizerFamily.Unread } found) return found;
        IEnumerable<string> supported = from known in s_all where known.Family != TokenizerFamily.Unread select known.Name;
        throw new TokenizerException($"{named.File}: tokenizer_class is {name}, which is not read from its original files; supported: {string.Join(", ", supported)}. Save the tokenizer as tokenizer.json.");
    }
}

/// <summary>JSON files beside a vocabulary.</summary>
internal static class Sidecar
{
    /// <summary>Null: there is none.</summary>
    public static JsonValue? Read(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? JsonValue.Parse(TokenizerBytes.Read(path), path) : null;
    }
}
