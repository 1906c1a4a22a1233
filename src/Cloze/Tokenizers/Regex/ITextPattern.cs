namespace Cloze.Tokenizers;

/// <summary>What is looked for in a text: the <c>pattern</c> of Split and Replace. Immutable or safe to share between threads.</summary>
internal interface ITextPattern
{
    /// <summary>
    /// The matches of a text are those of its parts when it is cut before a U+0020 that follows something else than white space, and every such space is in
    /// a match.
    /// </summary>
    bool IsLocalAtSpaces { get; }

    /// <summary>Appends all matches, in order; they do not overlap, and may be empty.</summary>
    /// <param name="text">Has no lone surrogate.</param>
    /// <param name="matches">Half-open ranges of UTF-16 units.</param>
    void FindAll(ReadOnlySpan<char> text, SplitList matches);
}

/// <summary>A literal text; the empty one is found before every character and at the end, as the expression without characters is.</summary>
internal sealed class LiteralPattern(string literal) : ITextPattern
{
    public bool IsLocalAtSpaces => literal == " ";

    public void FindAll(ReadOnlySpan<char> text, SplitList matches)
    {
        if (literal.Length == 0)
        {
            for (int i = 0; i < text.Length; UnicodeData.Next(text, ref i)) matches.Add(i, i);
            matches.Add(text.Length, text.Length);
            return;
        }
        for (int at = 0; text[at..].IndexOf(literal) is >= 0 and int skip; at += skip + literal.Length) matches.Add(at + skip, at + skip + literal.Length);
    }
}
