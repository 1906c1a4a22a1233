namespace Cloze.Tokenizers;

/// <summary>Connectionist temporal classification: repeated tokens count once, pads go, delimiters become spaces.</summary>
/// <remarks>Graves et al. 2006; tokenizers decoders/ctc.rs.</remarks>
internal sealed class CtcDecoder(string pad, string delimiter, bool cleanup) : IDecoder
{
    private readonly ReplaceDecoder _pads = new(new LiteralPattern(pad), ""), _delimiters = new(new LiteralPattern(delimiter), " ");

    public List<string> Decode(List<string> tokens)
    {
        List<string> different = [];
        foreach (string token in tokens)
            if (different.Count == 0 || different[^1] != token) different.Add(token);
        List<string> texts = _pads.Decode(different);
        if (cleanup) texts = _delimiters.Decode(texts.ConvertAll(WordPieceDecoder.CleanUp));
        texts.RemoveAll(text => text.Length == 0);
        return texts;
    }
}
