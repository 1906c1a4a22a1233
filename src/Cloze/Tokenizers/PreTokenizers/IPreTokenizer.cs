namespace Cloze.Tokenizers;

/// <summary>A step of pre-tokenization: it cuts pre-tokens (<see cref="IPreTokenizer"/>) or writes their text anew (<see cref="ITextRewriter"/>).</summary>
internal interface IPreTokenizerStep
{
    /// <summary>As <see cref="INormalizer.IsLocalAtSpaces"/>.</summary>
    bool IsLocalAtSpaces { get; }
}

/// <summary>Cuts normalized text into pre-tokens; empty ones are never made. Immutable, shared between threads.</summary>
internal interface IPreTokenizer : IPreTokenizerStep
{
    /// <summary>Appends the pre-tokens of a text, which is a pre-token of the step before; positions begin at 0.</summary>
    void Split(ReadOnlySpan<char> text, SplitList splits);
}

/// <summary>Writes the text of pre-tokens anew, before they are cut further. Immutable, shared between threads.</summary>
internal interface ITextRewriter : IPreTokenizerStep
{
    /// <summary>Writes all pre-tokens to <paramref name="target"/>, which it starts, and replaces the list by where they stand there.</summary>
    /// <returns>False: nothing is to be changed, and nothing was written.</returns>
    bool Rewrite(AlignedText text, SplitList splits, AlignedBuffer target);
}
