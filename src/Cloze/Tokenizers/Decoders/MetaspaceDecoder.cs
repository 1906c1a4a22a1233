namespace Cloze.Tokenizers;

/// <summary>Replacements become spaces; those of the first token are left out, all of them, where the pre-tokenizer puts one before a text.</summary>
/// <remarks>tokenizers pre_tokenizers/metaspace.rs, decode_chain.</remarks>
internal sealed class MetaspaceDecoder(string replacement, bool isPrepended) : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        List<string> texts = new(tokens.Count);
        foreach (string token in tokens) texts.Add(token.Replace(replacement, isPrepended && texts.Count == 0 ? "" : " ", StringComparison.Ordinal));
        return texts;
    }
}
