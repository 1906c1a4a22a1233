namespace Cloze.Tokenizers;

/// <summary>Rewrites a list of tokens; what the last decoder leaves is joined to the text. Immutable, shared between threads.</summary>
internal interface IDecoder
{
    List<string> Decode(List<string> tokens);
}
