namespace Cloze.Tokenizers;

/// <summary>Takes up to so many of one character off both ends of every token.</summary>
/// <remarks>tokenizers decoders/strip.rs, which gives up where both ends meet; here nothing is left then.</remarks>
/// <param name="content">One code point.</param>
/// <param name="start">The most at the beginning.</param>
/// <param name="stop">The most at the end.</param>
internal sealed class StripDecoder(string content, int start, int stop) : IDecoder
{
    public List<string> Decode(List<string> tokens) => tokens.ConvertAll(Decode);

    private string Decode(string token)
    {
        int from = 0, to = token.Length;
        for (int i = 0; i < start && token.AsSpan(from, to - from).StartsWith(content); i++) from += content.Length;
        for (int i = 0; i < stop && token.AsSpan(from, to - from).EndsWith(content); i++) to -= content.Length;
        return token[from..to];
    }
}
