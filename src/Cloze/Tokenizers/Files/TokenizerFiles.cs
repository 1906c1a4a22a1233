namespace Cloze.Tokenizers;

/// <summary>Which files of a folder hold the tokenizer, and whose class they are.</summary>
/// <remarks>A tokenizer.json decides whenever it is there; else the class that the folder names, as in transformers 4.57; else the files.</remarks>
internal static class TokenizerFiles
{
    private static readonly string[] s_models = ["spm.model", "spiece.model", "sentencepiece.bpe.model"];

    /// <exception cref="TokenizerException">There is none, it is broken, or it asks for what is not supported.</exception>
    public static TokenizerParts Load(string path)
    {
        string extension = Path.GetExtension(path);
        bool isText = extension.Equals(".txt", StringComparison.OrdinalIgnoreCase);
        if (isText) FirstCalls.CompileBert();
        if (Directory.Exists(path)) return LoadFolder(path);
        if (!File.Exists(path)) throw new TokenizerException($"{path} does not exist. Give a folder, a tokenizer.json, a vocab.txt or a SentencePiece .model.");
        if (!isText && !extension.Equals(".model", StringComparison.OrdinalIgnoreCase)) return TokenizerJson.Read(path);

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        JsonValue? config = Sidecar.Read(folder, "tokenizer_config.json");
        TokenizerFamily family = TokenizerClass.Of(folder, config, out bool isNamed);
        bool isItsFile = family == TokenizerFamily.None || (isText ? family == TokenizerFamily.Bert : IsSentencePiece(family));
        if (!isItsFile && !isNamed) family = TokenizerFamily.None;
        else if (!isItsFile)
            throw new TokenizerException($"{path} is not what {folder} names: its class is {family}, which is read from {FileOf(family)}. Give the folder, or the file alone.");
        return isText ? BertFiles.Read(path, config) : SentencePieceFiles.Read(path, family, config);
    }

    private static TokenizerParts LoadFolder(string folder)
    {
        string json = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(json)) return TokenizerJson.Read(json);
        JsonValue? config = Sidecar.Read(folder, "tokenizer_config.json");
        TokenizerFamily family = TokenizerClass.Of(folder, config, out bool isNamed);
        string? vocabulary = Find(folder, "vocab.txt"), bpe = Find(folder, "vocab.json");
        string? model = IsSentencePiece(family) ? Model(folder, FileOf(family)) : null; // otherwise such files are none of its business
        if (!isNamed && (IsSentencePiece(family) ? model : family == TokenizerFamily.Bert ? vocabulary : bpe) is null) family = TokenizerFamily.None;
        if (family == TokenizerFamily.None && (vocabulary ?? bpe) is null) model = Model(folder, FileOf(family));
        return family switch
        {
            TokenizerFamily.None when vocabulary is not null => BertFiles.Read(vocabulary, config),
            TokenizerFamily.None when bpe is not null => BpeFiles.Read(folder, TokenizerFamily.Gpt2, config),
            TokenizerFamily.None when model is not null => SentencePieceFiles.Read(model, family, config),
            TokenizerFamily.None => throw new TokenizerException(
                $"{folder} holds neither tokenizer.json nor vocab.txt, vocab.json with merges.txt, or a SentencePiece .model. Copy one of them into the folder."),
            TokenizerFamily.Bert when vocabulary is not null => BertFiles.Read(vocabulary, config),
            TokenizerFamily.Gpt2 or TokenizerFamily.Roberta or TokenizerFamily.Deberta when bpe is not null => BpeFiles.Read(folder, family, config),
            _ when IsSentencePiece(family) && model is not null => SentencePieceFiles.Read(model, family, config),
            _ => throw new TokenizerException($"{folder} names the class {family}, but holds neither tokenizer.json nor {FileOf(family)}. Copy one of them into the folder."),
        };
    }

    private static bool IsSentencePiece(TokenizerFamily family) =>
        family is TokenizerFamily.Albert or TokenizerFamily.Camembert or TokenizerFamily.DebertaV2 or TokenizerFamily.XlmRoberta;

    /// <summary>The original file that a class is read from.</summary>
    private static string FileOf(TokenizerFamily family) => family switch
    {
        TokenizerFamily.Bert => "vocab.txt",
        TokenizerFamily.Albert => "spiece.model",
        TokenizerFamily.DebertaV2 => "spm.model",
        TokenizerFamily.Camembert or TokenizerFamily.XlmRoberta => "sentencepiece.bpe.model",
        _ => "vocab.json",
    };

    private static string? Find(string folder, string name) => Path.Combine(folder, name) is var path && File.Exists(path) ? path : null;

    /// <summary>The SentencePiece model: under the class's own name, under another usual one, or the only one there is.</summary>
    private static string? Model(string folder, string own)
    {
        foreach (string name in (ReadOnlySpan<string>)[own, .. s_models])
            if (name.EndsWith(".model", StringComparison.Ordinal) && Find(folder, name) is { } path) return path;
        string[] others = Directory.GetFiles(folder, "*.model");
        if (others.Length < 2) return others.FirstOrDefault();
        Array.Sort(others, StringComparer.Ordinal);
        throw new TokenizerException($"{folder} holds {others.Length} files that end in .model, none of which is {string.Join(" or ", s_models)}: {Path.GetFileName(others[0])}, {Path.GetFileName(others[1])}. Give one of them.");
    }
}
