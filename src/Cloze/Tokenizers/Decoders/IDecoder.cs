namespace Cloze.Tokenizers;

/// <summary>Joins tokens to text. Immutable, shared between threads.</summary>
internal interface IDecoder
{
    string Decode(IReadOnlyList<string> tokens);
}
