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
        if (model.IdOf(special.Unknown.Content) is null)
            throw new TokenizerException($"{path} has no line {special.Unknown.Content}, the unknown token. Name a line of this vocabulary as unk_token in tokenizer_config.json beside it.");
        List<AddedToken> added = special.Added(model);
        int sep = Id(special.Separator), cls = Id(special.Classification);
        return new(model, Template.Bert(special.Classification.Content, cls, special.Separator.Content, sep), added)
        {
            Normalizer = new BertNormalizer(cleanText: true, chinese, stripAccents, lowercase),
            PreTokenizers = [new BertPreTokenizer()],
            Decoder = new WordPieceDecoder("##", cleanup: true),
            MaskToken = special.Mask?.Content,
        };

        // what the files name is added behind the vocabulary, as there; a vocabulary without what only the class names is another's
        int Id(SpecialToken token) => model.IdOf(token.Content) is not null || special.IsFromFiles(token)
            ? added.Find(other => other.Content == token.Content)!.Id
            : throw new TokenizerException($"{path} has no line {token.Content}, which the tokenizer adds to every text. "
                + "Name the special tokens of this vocabulary in tokenizer_config.json beside it.");
    }
}
