namespace Cloze.Tokenizers;

/// <summary>Where a token lies in its text: half-open, in UTF-16 units.</summary>
public readonly record struct TokenOffset(int Start, int End);
