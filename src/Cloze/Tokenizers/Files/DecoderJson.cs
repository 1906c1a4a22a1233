namespace Cloze.Tokenizers;

/// <summary>The <c>decoder</c> of a tokenizer.json.</summary>
internal static class DecoderJson
{
    private const string Supported = "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece, null";

    public static IDecoder Read(JsonValue json) => TokenizerComponents.Type(json) switch
    {
        "BPEDecoder" => new BpeDecoder(json.Find("suffix")?.Text() ?? "</w>"),
        "ByteFallback" => new ByteFallbackDecoder(),
        "ByteLevel" => new ByteLevelDecoder(),
        "CTC" => new CtcDecoder(json.Find("pad_token")?.Text() ?? "<pad>", json.Find("word_delimiter_token")?.Text() ?? "|", json.Flag("cleanup", true)),
        "Fuse" => new FuseDecoder(),
        "Metaspace" => Metaspace(json),
        "Replace" => new ReplaceDecoder(TextPatternJson.Read(json.Need("pattern")), json.Need("content").Text()),
        "Sequence" => new SequenceDecoder(TokenizerComponents.Parts(json, "decoders").ConvertAll(Read)),
        "Strip" => new StripDecoder(TokenizerComponents.Character(json.Need("content")), json.Need("start").Number(), json.Need("stop").Number()),
        "WordPiece" => new WordPieceDecoder(json.Find("prefix")?.Text() ?? "##", json.Flag("cleanup", true)),
        var type => throw TokenizerComponents.Unsupported(json, type, Supported),
    };

    private static MetaspaceDecoder Metaspace(JsonValue json)
    {
        string replacement = json.Find("replacement") is { } found ? TokenizerComponents.Character(found) : "\u2581";
        return new(replacement, PreTokenizerJson.Scheme(json) != PrependScheme.Never);
    }
}
