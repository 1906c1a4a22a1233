namespace Cloze.Tokenizers;

/// <summary>The <c>post_processor</c> of a tokenizer.json.</summary>
internal static class PostProcessorJson
{
    private const string Supported = "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing, null";
    private const int MostSpecials = 1 << 16;   // of one template: every text gets all of them

    public static Template Read(JsonValue json)
    {
        Template? template = null;
        List<OffsetTrim> trims = [];
        Add(json, ref template, trims);
        return (template ?? Template.Sequences).With(trims);
    }

    /// <summary>At most one part of a sequence has a template; the others trim offsets, before it or behind it.</summary>
    private static void Add(JsonValue json, ref Template? template, List<OffsetTrim> trims)
    {
        string type = TokenizerComponents.Type(json);
        if (type == "Sequence")
        {
            foreach (JsonValue part in TokenizerComponents.Parts(json, "processors")) Add(part, ref template, trims);
            return;
        }
        if (type is "ByteLevel" or "RobertaProcessing" && json.Flag("trim_offsets", true))
            trims.Add(new(json.Flag("add_prefix_space", true), IsBehindTemplate: template is { JoinsSequences: true }));
        if (type == "ByteLevel") return;
        if (template is not null) throw TokenizerComponents.Unsupported(json, $"{type}, behind another one with special tokens", "one of them");
        template = Read(json, type);
    }

    private static Template Read(JsonValue json, string type)
    {
        switch (type)
        {
            case "BertProcessing":
            case "RobertaProcessing":
                (string cls, int clsId) = TokenAndId(json.Need("cls"));
                (string sep, int sepId) = TokenAndId(json.Need("sep"));
                return type == "BertProcessing" ? Template.Bert(cls, clsId, sep, sepId) : Template.Roberta(cls, clsId, sep, sepId);
            case "TemplateProcessing":
                Dictionary<string, JsonValue> special = [];
                foreach (JsonValue token in json.Find("special_tokens")?.Fields() ?? []) special[token.Key] = token;
                return new(Pieces(json.Need("single"), special, isPair: false), Pieces(json.Need("pair"), special, isPair: true));
            default:
                throw TokenizerComponents.Unsupported(json, type, Supported);
        }
    }

    private static (string Token, int Id) TokenAndId(JsonValue json)
    {
        List<JsonValue> items = json.Items();
        return items.Count == 2 ? (items[0].Text(), items[1].Number()) : throw json.Wrong("a list of a token and its id");
    }

    private static TemplatePiece[] Pieces(JsonValue json, Dictionary<string, JsonValue> special, bool isPair)
    {
        List<TemplatePiece> pieces = [];
        int first = 0, second = 0, added = 0;
        foreach (JsonValue item in json.Items())
        {
            TemplatePiece piece = Piece(item, special);
            pieces.Add(piece);
            if ((added += piece.Ids.Length) > MostSpecials) throw TokenizerComponents.Unsupported(json, $"a template of more than {MostSpecials} special tokens", "fewer");
            first += piece.Source == TokenSource.First ? 1 : 0;
            second += piece.Source == TokenSource.Second ? 1 : 0;
        }
        if (first != 1 || second != (isPair ? 1 : 0)) throw json.Wrong(isPair ? "a template with A and B, each once," : "a template with A once, without B,");
        return pieces.ToArray();
    }

    private static TemplatePiece Piece(JsonValue json, Dictionary<string, JsonValue> special)
    {
        if (json.Find("Sequence") is { } sequence)
        {
            JsonValue id = sequence.Need("id");
            TokenSource source = id.Text() switch { "A" => TokenSource.First, "B" => TokenSource.Second, var other => throw TokenizerComponents.Unsupported(id, other, "A, B") };
            return TemplatePiece.Sequence(source, sequence.Need("type_id").Number());
        }
        JsonValue token = json.Need("SpecialToken"), name = token.Need("id");
        if (!special.TryGetValue(name.Text(), out JsonValue? known)) throw name.Wrong("a token that special_tokens declares");
        int[] ids = [.. known.Need("ids").Items().ConvertAll(id => id.Number())];
        string[] tokens = [.. known.Need("tokens").Items().ConvertAll(text => text.Text())];
        if (ids.Length != tokens.Length) throw known.Wrong("as many ids as tokens");
        return new(TokenSource.Special, token.Need("type_id").Number(), ids, tokens);
    }
}
