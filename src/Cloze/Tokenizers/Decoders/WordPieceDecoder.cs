using System.Text;

namespace Cloze.Tokenizers;

/// <summary>Tokens separated by spaces, continuations glued; with clean-up of English punctuation, token by token.</summary>
/// <remarks>tokenizers decoders/wordpiece.rs.</remarks>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : IDecoder
{
    private static readonly (string From, string To)[] s_cleanups =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public string Decode(IReadOnlyList<string> tokens)
    {
        StringBuilder text = new();
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i];
            if (i > 0) token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            if (cleanup)
                foreach ((string from, string to) in s_cleanups) token = token.Replace(from, to, StringComparison.Ordinal);
            text.Append(token);
        }
        return text.ToString();
    }
}
