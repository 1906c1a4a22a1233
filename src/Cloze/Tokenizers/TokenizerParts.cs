namespace Cloze.Tokenizers;

/// <summary>What a tokenizer file says, part by part.</summary>
internal sealed record TokenizerParts(ITokenModel Model, Template Template, IReadOnlyList<AddedToken> AddedTokens)
{
    public INormalizer? Normalizer { get; init; }

    /// <summary>In order; none: a text between added tokens is one pre-token.</summary>
    public IReadOnlyList<IPreTokenizerStep> PreTokenizers { get; init; } = [];

    public IDecoder? Decoder { get; init; }
    public Truncation? Truncation { get; init; }
    public Padding? Padding { get; init; }

    /// <summary>As the file names it; null: it does not.</summary>
    public string? MaskToken { get; init; }
}
