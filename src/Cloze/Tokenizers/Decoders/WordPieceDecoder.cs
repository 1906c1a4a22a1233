namespace Cloze.Tokenizers;

/// <summary>Tokens separated by spaces, continuations glued; with clean-up of English punctuation, token by token.</summary>
/// <remarks>tokenizers decoders/wordpiece.rs.</remarks>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : IDecoder
{
    private static readonly (string From, string To)[] s_cleanups =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public List<string> Decode(List<string> tokens)
    {
        List<string> texts = new(tokens.Count);
        foreach (string token in tokens)
        {
            string text = token;
            if (texts.Count > 0) text = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            texts.Add(cleanup ? CleanUp(text) : text);
        }
        return texts;
    }

    /// <summary>Takes away the spaces that English does not write.</summary>
    public static string CleanUp(string text)
    {
        foreach ((string from, string to) in s_cleanups) text = text.Replace(from, to, StringComparison.Ordinal);
        return text;
    }
}
