namespace Cloze.Tokenizers;

/// <summary>
/// vocab.txt with what lies beside it (tokenizer_config.json, special_tokens_map.json, added_tokens.json), as transformers 4.57 builds
/// BertTokenizerFast from them.
/// </summary>
internal static class BertFiles
{
    /// <summary>Classes that are BertTokenizer under other names; each also with Fast behind it.</summary>
    private static readonly string[] s_classes =
    [
        "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer", "SqueezeBertTokenizer", "LxmertTokenizer",
        "LayoutLMTokenizer", "RetriBertTokenizer", "DPRContextEncoderTokenizer", "DPRQuestionEncoderTokenizer",
    ];

    public static TokenizerParts Read(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        JsonValue? config = Sidecar(folder, "tokenizer_config.json");
        CheckClass(config);
        bool lowercase = config?.Find("do_lower_case")?.Flag() ?? true;
        bool stripAccents = config?.Find("strip_accents")?.Flag() ?? lowercase;
        bool chinese = config?.Find("tokenize_chinese_chars")?.Flag() ?? true;

        SpecialTokens special = SpecialTokens.Read(folder, config, SpecialTokens.Bert);
        WordPiece model = new(VocabularyText.Read(path), special.Unknown.Content, "##", maxInputChars: 100);
        int sep = Need(special.Separator), cls = Need(special.Classification);
        Need(special.Unknown);
        return new(model, Template.Bert(special.Classification.Content, cls, special.Separator.Content, sep), special.Added(model))
        {
            Normalizer = new BertNormalizer(cleanText: true, chinese, stripAccents, lowercase),
            PreTokenizers = [new BertPreTokenizer()],
            Decoder = new WordPieceDecoder("##", cleanup: true),
            MaskToken = special.Mask?.Content,
        };

        int Need(SpecialToken token) => model.IdOf(token.Content) ??
            throw new TokenizerException($"{path} has no line {token.Content}, which the tokenizer adds to every text. "
                + "Name the special tokens of this vocabulary in tokenizer_config.json beside it.");
    }

    /// <summary>A JSON file beside vocab.txt; null: there is none.</summary>
    internal static JsonValue? Sidecar(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? JsonValue.Parse(File.ReadAllBytes(path), path) : null;
    }

    private static void CheckClass(JsonValue? config)
    {
        if (config?.Find("tokenizer_class") is not { } found) return;
        string name = found.Text();
        string slow = name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name;
        if (Array.IndexOf(s_classes, slow) < 0)
            throw new TokenizerException(
                $"{found.File}: tokenizer_class is {name}, which is not read from vocab.txt; supported: {string.Join(", ", s_classes)}. "
                + "Save the tokenizer as tokenizer.json.");
    }
}
