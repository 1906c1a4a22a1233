namespace Cloze.Tokenizers;

/// <summary>Positions in one text, from UTF-16 units to Unicode code points, as the reference library counts. Immutable.</summary>
/// <remarks>Costs nothing for a text without surrogate pairs, else 4 bytes a unit. A lone surrogate counts as one code point.</remarks>
public readonly struct CodePointMap
{
    private readonly int[]? _before;

    /// <summary>The map of <paramref name="text"/>, the text that was encoded.</summary>
    public CodePointMap(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0) return;
        _before = new int[text.Length + 1];
        for (int i = 0; i < text.Length; i++)
        {
            bool isSecondHalf = i > 0 && char.IsSurrogatePair(text[i - 1], text[i]);
            _before[i + 1] = _before[i] + (isSecondHalf ? 0 : 1);
        }
    }

    /// <summary>The offset in code points.</summary>
    public TokenOffset this[TokenOffset offset] => _before is null ? offset : new(_before[offset.Start], _before[offset.End]);
}
