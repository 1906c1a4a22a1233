namespace Cloze.Tokenizers;

/// <summary>The <c>post_processor</c> of a tokenizer.json.</summary>
internal static class PostProcessorJson
{
    public static Template Read(JsonValue json)
    {
        switch (TokenizerComponents.Type(json))
        {
            case "BertProcessing":
                (string cls, int clsId) = TokenAndId(json.Need("cls"));
                (string sep, int sepId) = TokenAndId(json.Need("sep"));
                return Template.Bert(cls, clsId, sep, sepId);
            case "TemplateProcessing":
                Dictionary<string, JsonValue> special = [];
                foreach (JsonValue token in json.Find("special_tokens")?.Fields() ?? []) special[token.Key] = token;
                return new(Pieces(json.Need("single"), special, isPair: false), Pieces(json.Need("pair"), special, isPair: true));
            case var type:
                throw TokenizerComponents.Unsupported(json, type, "TemplateProcessing, BertProcessing, null");
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
        int first = 0, second = 0;
        foreach (JsonValue item in json.Items())
        {
            TemplatePiece piece = Piece(item, special);
            pieces.Add(piece);
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
