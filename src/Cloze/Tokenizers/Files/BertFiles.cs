namespace Cloze.Tokenizers;

/// <summary>
/// vocab.txt with what lies beside it (tokenizer_config.json, special_tokens_map.json, added_tokens.json), as transformers 4.57 builds
/// BertTokenizerFast from them.
/// </summary>
internal static class BertFiles
{
    /// <param name="path">vocab.txt.</param>
    /// <param name="config">tokenizer_config.json; null: there is none.</param>
    public static TokenizerParts Read(string path, JsonValue? config)
    {
        FirstCalls.CompileBert();
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
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
}
