namespace Cloze.Tokenizers;

/// <summary>The <c>pattern</c> of Split and Replace: {"String": …} or {"Regex": …}.</summary>
internal static class TextPatternJson
{
    /// <exception cref="TokenizerException">It is neither, or an expression that is not read.</exception>
    public static ITextPattern Read(JsonValue json)
    {
        if (json.Find("String") is { } literal) return new LiteralPattern(literal.Text());
        if (json.Find("Regex") is not { } regex) throw json.Wrong("""{"String": …} or {"Regex": …}""");
        if (regex.Text() == SpacesPattern.Expression) return new SpacesPattern();
        try
        {
            return new LinearRegex(regex.Text());
        }
        catch (PatternException e)
        {
            throw new TokenizerException($"{json.File}: {regex.Name}: {e.Message}. docs/tokenizers.md lists what expressions may hold.", e);
        }
    }
}
