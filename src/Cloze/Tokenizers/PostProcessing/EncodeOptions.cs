namespace Cloze.Tokenizers;

/// <summary>What one call asks for; null truncation or padding means none. Immutable.</summary>
public sealed record EncodeOptions
{
    /// <summary>Special tokens added, nothing cut, nothing padded.</summary>
    public static EncodeOptions Default { get; } = new();

    /// <summary>Whether the tokenizer's template puts special tokens around the text. Default: true.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>How a text that is too long is cut. Default: it is not.</summary>
    public Truncation? Truncation { get; init; }

    /// <summary>How encodings are filled up. Default: they are not.</summary>
    public Padding? Padding { get; init; }

    /// <summary>
    /// Keep the further windows of a truncated text in <see cref="Encoding.Overflow"/>. Without them, tokenizing stops soon after what is kept.
    /// Default: false.
    /// </summary>
    public bool ReturnOverflow { get; init; }
}

/// <summary>An end of a sequence.</summary>
public enum Side
{
    /// <summary>The end.</summary>
    Right,

    /// <summary>The beginning.</summary>
    Left,
}

/// <summary>How encodings are filled up.</summary>
/// <param name="Length">To how many tokens; null: to the longest of the batch.</param>
/// <param name="PadId">The id of the padding token.</param>
/// <param name="PadToken">Its text.</param>
/// <param name="PadTypeId">Its type.</param>
/// <param name="Side">Where padding is added.</param>
/// <param name="MultipleOf">Lengths are rounded up to a multiple of this; null or 0: they are not.</param>
public sealed record Padding(int? Length, int PadId, string PadToken, int PadTypeId = 0, Side Side = Side.Right, int? MultipleOf = null)
{
    /// <summary>Tokens that one encoding can be padded to.</summary>
    private const int Most = 1 << 24;

    /// <summary>To how many tokens a batch is filled up whose longest encoding has <paramref name="longest"/>.</summary>
    internal int LengthFor(int longest)
    {
        long length = Length ?? longest;
        if (MultipleOf is > 0 and { } multiple) length = (length + multiple - 1) / multiple * multiple;
        if (length is < 0 or > Most)
            throw new TokenizerException($"Padding to {length} tokens is not possible; the most is {Most}. Give a smaller length or multiple.");
        return (int)length;
    }
}
