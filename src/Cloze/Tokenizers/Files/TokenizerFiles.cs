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
        TokenizerClass? named = TokenizerClass.Of(folder, config, out string? type);
        bool isItsFile = named is null || (isText ? named.File == "vocab.txt" : named.IsSentencePiece);
        if (!isItsFile && type is null)
            throw new TokenizerException($"{path} is not what {folder} names: its class is {named!.Family}, which is read from {named.File}. Give the folder, or the file alone.");
        if (!isItsFile) named = null;
        if (named is { Family: TokenizerFamily.Unread }) throw named.NotRead(path, type!);
        return isText ? BertFiles.Read(path, config) : SentencePieceFiles.Read(path, named?.Family ?? TokenizerFamily.None, config);
    }

    private static TokenizerParts LoadFolder(string folder)
    {
        string json = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(json)) return TokenizerJson.Read(json);
        JsonValue? config = Sidecar.Read(folder, "tokenizer_config.json");
        TokenizerClass? named = TokenizerClass.Of(folder, config, out string? type);
        if (named is not null)
        {
            if ((named.IsSentencePiece ? Model(folder, named.File) : Find(folder, named.File)) is { } own) return OfClass(named, own, type, config);
            if (type is null)
                throw new TokenizerException($"{folder} names the class {named.Family}, but holds neither tokenizer.json nor {named.File}. Copy one of them into the folder.");
        }
        if (Find(folder, "vocab.txt") is { } vocabulary) return BertFiles.Read(vocabulary, config);
        if (Find(folder, "vocab.json") is not null) return BpeFiles.Read(folder, TokenizerFamily.Gpt2, config);
        if (Model(folder) is { } model) return SentencePieceFiles.Read(model, TokenizerFamily.None, config);
        throw new TokenizerException(
            $"{folder} holds neither tokenizer.json nor vocab.txt, vocab.json with merges.txt, or a SentencePiece .model. Copy one of them into the folder.");
    }

    private static TokenizerParts OfClass(TokenizerClass named, string own, string? type, JsonValue? config) => named.Family switch
    {
        TokenizerFamily.Unread => throw named.NotRead(own, type!),
        TokenizerFamily.Bert => BertFiles.Read(own, config),
        TokenizerFamily.Gpt2 or TokenizerFamily.Roberta or TokenizerFamily.Deberta => BpeFiles.Read(Path.GetDirectoryName(own)!, named.Family, config),
        _ => SentencePieceFiles.Read(own, named.Family, config),
    };

    private static string? Find(string folder, string name) => Path.Combine(folder, name) is var path && File.Exists(path) ? path : null;

    /// <summary>The SentencePiece model: under the class's own name, under the one other usual name, or the only one there is.</summary>
    /// <param name="folder">Where it lies.</param>
    /// <param name="own">The class's name for it; null: no class is known.</param>
    /// <exception cref="TokenizerException">There are several, and nothing says which counts.</exception>
    private static string? Model(string folder, string? own = null)
    {
        if (own is not null && Find(folder, own) is { } path) return path;
        string[] usual = Array.FindAll(s_models, name => Find(folder, name) is not null);
        string[] found = usual.Length > 0 ? usual : Array.ConvertAll(Directory.GetFiles(folder, "*.model"), file => Path.GetFileName(file)!);
        if (found.Length < 2) return found.Length == 0 ? null : Path.Combine(folder, found[0]);
        Array.Sort(found, StringComparer.Ordinal);
        throw new TokenizerException($"{folder} holds {found.Length} SentencePiece models and nothing that says which counts: {found[0]}, {found[1]}. "
            + "Give one of them, or name the class in tokenizer_config.json (tokenizer_class).");
    }
}
