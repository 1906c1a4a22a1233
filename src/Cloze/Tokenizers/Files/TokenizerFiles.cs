namespace Cloze.Tokenizers;

/// <summary>Which file of a folder holds the tokenizer.</summary>
internal static class TokenizerFiles
{
    private static readonly string[] s_others = ["spm.model", "spiece.model", "sentencepiece.bpe.model"];

    /// <exception cref="TokenizerException">There is none, it is broken, or it asks for what is not supported.</exception>
    public static TokenizerParts Load(string path)
    {
        if (Directory.Exists(path))
        {
            string json = Path.Combine(path, "tokenizer.json"), vocabulary = Path.Combine(path, "vocab.txt");
            if (File.Exists(json)) return TokenizerJson.Read(json);
            if (File.Exists(vocabulary)) return BertFiles.Read(vocabulary);
            if (File.Exists(Path.Combine(path, "vocab.json"))) return Bpe(path);
            string[] found = Array.FindAll(s_others, name => File.Exists(Path.Combine(path, name)));
            throw new TokenizerException(found.Length == 0
                ? $"{path} holds neither tokenizer.json nor vocab.txt. Copy one of them into the folder."
                : $"{path} holds {string.Join(" and ", found)}; tokenizers are read from tokenizer.json or vocab.txt. Save the tokenizer as tokenizer.json.");
        }
        if (!File.Exists(path)) throw new TokenizerException($"{path} does not exist. Give a folder, a tokenizer.json or a vocab.txt.");
        return Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase) ? BertFiles.Read(path) : TokenizerJson.Read(path);
    }

    private static TokenizerParts Bpe(string folder)
    {
        JsonValue? config = BertFiles.Sidecar(folder, "tokenizer_config.json");
        string name = config?.Find("tokenizer_class")?.Text() ?? "GPT2Tokenizer";
        return BpeFiles.Read(folder, (name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name) switch
        {
            "GPT2Tokenizer" => BpeFamily.Gpt2,
            "RobertaTokenizer" or "LongformerTokenizer" => BpeFamily.Roberta,
            "DebertaTokenizer" => BpeFamily.Deberta,
            _ => throw new TokenizerException($"{folder}: tokenizer_class is {name}, which is not read from vocab.json. Save the tokenizer as tokenizer.json."),
        }, config);
    }
}
