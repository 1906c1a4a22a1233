namespace Cloze.Tokenizers;

/// <summary>Splits pre-tokens into vocabulary entries. Immutable, shared between threads.</summary>
internal interface ITokenModel
{
    /// <summary>How many different tokens there are; ids of added tokens that the model does not know begin here.</summary>
    int Count { get; }

    /// <summary>−1: there is no token.</summary>
    int LargestId { get; }

    /// <summary>Appends the tokens of all pre-tokens of a text.</summary>
    /// <param name="text">Reaches beyond the last pre-token where it can: what lies there may be read, not interpreted.</param>
    /// <param name="splits">The pre-tokens.</param>
    /// <param name="origin">Added to every position.</param>
    /// <param name="word">The number of the first pre-token.</param>
    /// <param name="step">What the number grows by from pre-token to pre-token.</param>
    /// <param name="sink">Takes the tokens.</param>
    /// <exception cref="TokenizerException">A pre-token is unknown and the vocabulary has no unknown token.</exception>
    void Tokenize(ReadOnlySpan<char> text, ReadOnlySpan<Split> splits, int origin, int word, int step, TokenSink sink);

    int? IdOf(ReadOnlySpan<char> token);

    string? TokenOf(int id);
}
