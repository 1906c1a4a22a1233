namespace Cloze.Tokenizers;

/// <summary>The <c>normalizer</c> of a tokenizer.json.</summary>
internal static class NormalizerJson
{
    private const string Supported =
        "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents, null";

    public static INormalizer Read(JsonValue json)
    {
        switch (TokenizerComponents.Type(json))
        {
            case "BertNormalizer":
                bool lowercase = json.Flag("lowercase", true);
                return new BertNormalizer(json.Flag("clean_text", true), json.Flag("handle_chinese_chars", true), json.Flag("strip_accents", lowercase), lowercase);
            case "ByteLevel":
                return new ByteLevelNormalizer();
            case "Lowercase":
                return new Lowercase();
            case "NFC":
                return new UnicodeForm(isCompatible: false, isComposed: true);
            case "NFD":
                return new UnicodeForm(isCompatible: false, isComposed: false);
            case "NFKC":
                return new UnicodeForm(isCompatible: true, isComposed: true);
            case "NFKD":
                return new UnicodeForm(isCompatible: true, isComposed: false);
            case "Nmt":
                return new Nmt();
            case "Precompiled":
                JsonValue map = json.Need("precompiled_charsmap");
                return new Precompiled(new(map.Bytes(), $"{map.File}: {map.Name}"));
            case "Prepend":
                return new Prepend(json.Need("prepend").Text());
            case "Replace":
                return new Replace(TextPatternJson.Read(json.Need("pattern")), json.Need("content").Text());
            case "Sequence":
                return new SequenceNormalizer(TokenizerComponents.Parts(json, "normalizers").ConvertAll(Read));
            case "Strip":
                return new Strip(json.Need("strip_left").Flag(), json.Need("strip_right").Flag());
            case "StripAccents":
                return new StripAccents();
            case var type:
                throw TokenizerComponents.Unsupported(json, type, Supported);
        }
    }
}
