namespace Cloze.Tokenizers;

/// <summary>Maps text to the form that the vocabulary was made from, and keeps the alignment. Immutable, shared between threads.</summary>
internal interface INormalizer
{
    /// <summary>The result of a text is that of its parts when it is cut before a U+0020 that follows something else than white space, so long texts go through in blocks.</summary>
    bool IsLocalAtSpaces { get; }

    /// <summary>Writes the image of <paramref name="source"/> (no lone surrogates) to <paramref name="target"/>, which it starts.</summary>
    /// <returns>False: the text stays as it is, and <paramref name="target"/> holds nothing of use.</returns>
    bool Normalize(AlignedText source, AlignedBuffer target);
}
