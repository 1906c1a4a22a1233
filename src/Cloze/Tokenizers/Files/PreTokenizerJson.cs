namespace Cloze.Tokenizers;

/// <summary>The <c>pre_tokenizer</c> of a tokenizer.json, sequences laid flat.</summary>
internal static class PreTokenizerJson
{
    private const string Supported = "BertPreTokenizer, Whitespace, Sequence, null";

    public static List<IPreTokenizerStep> Read(JsonValue json)
    {
        List<IPreTokenizerStep> steps = [];
        Add(json, steps);
        return steps;
    }

    private static void Add(JsonValue json, List<IPreTokenizerStep> steps)
    {
        switch (TokenizerComponents.Type(json))
        {
            case "Sequence":
                foreach (JsonValue part in json.Need("pretokenizers").Items()) Add(part, steps);
                break;
            case "BertPreTokenizer":
                steps.Add(new BertPreTokenizer());
                break;
            case "Whitespace":
                steps.Add(new WhitespacePreTokenizer());
                break;
            case var type:
                throw TokenizerComponents.Unsupported(json, type, Supported);
        }
    }
}
