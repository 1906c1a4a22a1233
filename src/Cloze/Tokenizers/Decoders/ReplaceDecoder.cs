using System.Text;

namespace Cloze.Tokenizers;

/// <summary>Puts a text in the place of every match of a pattern, token by token.</summary>
/// <remarks>tokenizers normalizers/replace.rs, decode_chain.</remarks>
internal sealed class ReplaceDecoder(ITextPattern pattern, string content) : IDecoder
{
    /// <exception cref="TokenizerException">The texts would grow out of proportion.</exception>
    public List<string> Decode(List<string> tokens)
    {
        List<string> texts = new(tokens.Count);
        long given = 0, made = 0;
        SplitList matches = new();
        StringBuilder text = new();
        foreach (string token in tokens)
        {
            matches.Clear();
            if (token.Length > 0) pattern.FindAll(token, matches);
            given += token.Length;
            made += token.Length + (long)matches.Count * content.Length;
            foreach (Split match in matches.Items) made -= match.End - match.Start;
            TextGrowth.Check(made, given, "A Replace decoder makes");
            int done = 0;
            foreach (Split match in matches.Items)
            {
                text.Append(token, done, match.Start - done).Append(content);
                done = match.End;
            }
            texts.Add(done == 0 && matches.Count == 0 ? token : text.Append(token, done, token.Length - done).ToString());
            text.Clear();
        }
        return texts;
    }
}

/// <summary>Marks of word ends become spaces; that of the last token is left out.</summary>
/// <remarks>tokenizers decoders/bpe.rs.</remarks>
internal sealed class BpeDecoder(string suffix) : IDecoder
{
    private readonly ReplaceDecoder _spaces = new(new LiteralPattern(suffix), " "), _nothing = new(new LiteralPattern(suffix), "");

    public List<string> Decode(List<string> tokens)
    {
        if (tokens.Count == 0) return tokens;
        return [.. _spaces.Decode(tokens[..^1]), .. _nothing.Decode(tokens[^1..])];
    }
}
