namespace Cloze.Tokenizers;

/// <summary>
/// vocab.json and merges.txt with what lies beside them (tokenizer_config.json, special_tokens_map.json, added_tokens.json), as transformers 4.57 builds GPT2TokenizerFast,
/// RobertaTokenizerFast (and what is RoBERTa under another name: BART, LED, Longformer, MVP) and DebertaTokenizerFast from them.
/// </summary>
/// <remarks>transformers convert_slow_tokenizer.py: GPT2Converter, RobertaConverter, DebertaConverter.</remarks>
internal static class BpeFiles
{
    /// <exception cref="TokenizerException">A file is missing or broken.</exception>
    public static TokenizerParts Read(string folder, TokenizerFamily family, JsonValue? config)
    {
        string merges = Path.Combine(folder, "merges.txt");
        if (!File.Exists(merges)) throw new TokenizerException($"{folder} holds vocab.json without merges.txt. Copy merges.txt of the same tokenizer into it.");
        bool addPrefixSpace = config?.Flag("add_prefix_space", false) ?? false;
        List<IPreTokenizerStep> preTokenizers = [];
        PreTokenizerJson.AddByteLevel(preTokenizers, addPrefixSpace, useRegex: true);
        FirstCalls.Compile(FirstCalls.Kind.Bpe, null, new Gpt2PreTokenizer());
        Vocabulary vocabulary = VocabularyJson.Read(Path.Combine(folder, "vocab.json"));
        Bpe model = Model(vocabulary, BpeMerges.Read(merges, vocabulary), new(), preTokenizers);
        SpecialTokens special = SpecialTokens.Read(folder, config, Defaults(family));
        List<AddedToken> added = special.Added(model);
        return new(model, Around(family, special, added, config, addPrefixSpace), added)
        {
            PreTokenizers = preTokenizers,
            Decoder = new ByteLevelDecoder(),
            MaskToken = special.Mask?.Content,
        };
    }

    /// <summary>The model; where it can read bytes, the last step of pre-tokenization need not write them as letters and is taken out of the list.</summary>
    public static Bpe Model(Vocabulary vocabulary, PairTable merges, BpeOptions options, List<IPreTokenizerStep> preTokenizers)
    {
        bool readsBytes = preTokenizers is [.., ByteLetters] && options is { Prefix: "", Suffix: "" } && Bpe.HasAllLetters(vocabulary);
        if (readsBytes) preTokenizers.RemoveAt(preTokenizers.Count - 1);
        return new(vocabulary, merges, options, readsBytes);
    }

    private static Dictionary<string, SpecialToken> Defaults(TokenizerFamily family)
    {
        SpecialToken normalized = SpecialToken.Plain("") with { Normalized = true };
        switch (family)
        {
            case TokenizerFamily.Gpt2:
                SpecialToken end = normalized with { Content = "<|endoftext|>" };
                return new() { ["bos_token"] = end, ["eos_token"] = end, ["unk_token"] = end };
            case TokenizerFamily.Roberta:
                SpecialToken start = normalized with { Content = "<s>" }, stop = normalized with { Content = "</s>" };
                return new()
                {
                    ["bos_token"] = start,
                    ["eos_token"] = stop,
                    ["sep_token"] = stop,
                    ["cls_token"] = start,
                    ["unk_token"] = normalized with { Content = "<unk>" },
                    ["pad_token"] = normalized with { Content = "<pad>" },
                    ["mask_token"] = SpecialToken.Plain("<mask>") with { LStrip = true },
                };
            default:
                return new()
                {
                    ["bos_token"] = SpecialToken.Plain("[CLS]"),
                    ["eos_token"] = SpecialToken.Plain("[SEP]"),
                    ["sep_token"] = SpecialToken.Plain("[SEP]"),
                    ["cls_token"] = SpecialToken.Plain("[CLS]"),
                    ["unk_token"] = SpecialToken.Plain("[UNK]"),
                    ["pad_token"] = SpecialToken.Plain("[PAD]"),
                    ["mask_token"] = normalized with { Content = "[MASK]", LStrip = true },
                };
        }
    }

    private static Template Around(TokenizerFamily family, SpecialTokens special, List<AddedToken> added, JsonValue? config, bool addPrefixSpace)
    {
        if (family == TokenizerFamily.Gpt2) return config?.Flag("add_bos_token", false) == true ? Template.StartingWith(special.Begin.Content, Id(special.Begin)) : Template.Sequences;
        (string cls, int clsId) = (special.Classification.Content, Id(special.Classification));
        (string sep, int sepId) = (special.Separator.Content, Id(special.Separator));
        if (family == TokenizerFamily.Deberta) return Template.Bert(cls, clsId, sep, sepId);
        bool isTrimmed = config?.Flag("trim_offsets", true) ?? true;
        return Template.Roberta(cls, clsId, sep, sepId).With(isTrimmed ? [new(addPrefixSpace, IsBehindTemplate: false)] : []);

        int Id(SpecialToken token) => added.Find(other => other.Content == token.Content)!.Id;
    }
}
