namespace Cloze.Pipelines;

/// <summary>Which prompt stands before a text.</summary>
/// <param name="ByName">The folder's prompts.</param>
/// <param name="ByDefault">Name of the one that is taken where a call names none; null: none.</param>
internal sealed record EmbedPrompts(IReadOnlyDictionary<string, string> ByName, string? ByDefault)
{
    private static readonly string[] s_document = ["document", "passage", "corpus"];

    /// <summary>
    /// A prompt given as text, also the empty one, beats one given by name, and that the default (sentence-transformers 6.2, <c>encode</c>,
    /// <c>encode_query</c>, <c>encode_document</c>).
    /// </summary>
    /// <exception cref="ArgumentException">There is no prompt of that name.</exception>
    public string Of(EmbedOptions options)
    {
        if (options.Prompt is { } text) return text;
        if (options.PromptName is { } name)
        {
            return ByName.TryGetValue(name, out string? named) ? named
                : throw new ArgumentException($"There is no prompt named {name}; there are: {string.Join(", ", ByName.Keys.DefaultIfEmpty("none"))}.");
        }
        string? ofRole = options.Role switch
        {
            TextRole.Query => ByName.ContainsKey("query") ? "query" : null,
            TextRole.Document => Array.Find(s_document, ByName.ContainsKey),
            _ => null,
        };
        return (ofRole ?? ByDefault) is { } chosen ? ByName[chosen] : "";
    }
}
