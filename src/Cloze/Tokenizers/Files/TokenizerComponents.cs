namespace Cloze.Tokenizers;

/// <summary>The parts of a tokenizer.json, by their type. A type or a value that is not supported is refused by name.</summary>
internal static class TokenizerComponents
{
    public static INormalizer Normalizer(JsonValue json)
    {
        switch (Type(json))
        {
            case "BertNormalizer":
                bool lowercase = json.Flag("lowercase", true);
                return new BertNormalizer(json.Flag("clean_text", true), json.Flag("handle_chinese_chars", true), json.Flag("strip_accents", lowercase), lowercase);
            case "Lowercase":
                return new Lowercase();
            case var type:
                throw Unsupported(json, type, "BertNormalizer, Lowercase, null");
        }
    }

    public static IPreTokenizer PreTokenizer(JsonValue json) => Type(json) switch
    {
        "BertPreTokenizer" => new BertPreTokenizer(),
        "Whitespace" => new WhitespacePreTokenizer(),
        var type => throw Unsupported(json, type, "BertPreTokenizer, Whitespace, null"),
    };

    public static IDecoder Decoder(JsonValue json) => Type(json) switch
    {
        "WordPiece" => new WordPieceDecoder(json.Find("prefix")?.Text() ?? "##", json.Flag("cleanup", true)),
        var type => throw Unsupported(json, type, "WordPiece, null"),
    };

    public static Template PostProcessor(JsonValue json)
    {
        switch (Type(json))
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
                throw Unsupported(json, type, "TemplateProcessing, BertProcessing, null");
        }
    }

    public static Truncation Truncation(JsonValue json)
    {
        JsonValue strategy = json.Need("strategy");
        return new(
            json.Need("max_length").Number(),
            strategy.Text() switch
            {
                "LongestFirst" => TruncationStrategy.LongestFirst,
                "OnlyFirst" => TruncationStrategy.OnlyFirst,
                "OnlySecond" => TruncationStrategy.OnlySecond,
                var other => throw Unsupported(strategy, other, "LongestFirst, OnlyFirst, OnlySecond"),
            },
            Direction(json),
            json.Find("stride")?.Number() ?? 0);
    }

    public static Padding Padding(JsonValue json)
    {
        JsonValue strategy = json.Need("strategy");
        if (!strategy.IsObject && strategy.Text() != "BatchLongest") throw Unsupported(strategy, strategy.Text(), "BatchLongest, Fixed");
        return new(strategy.IsObject ? strategy.Need("Fixed").Number() : null, json.Need("pad_id").Number(), json.Need("pad_token").Text(),
            json.Find("pad_type_id")?.Number() ?? 0, Direction(json), json.Find("pad_to_multiple_of")?.Number());
    }

    public static TokenizerException Unsupported(JsonValue json, string found, string supported) =>
        new($"{json.File}: {json.Name} is {found}, which is not supported; supported: {supported}. Use a tokenizer that is made of these parts.");

    private static string Type(JsonValue json) => json.Find("type")?.Text() ?? "without a type";

    private static Side Direction(JsonValue json)
    {
        if (json.Find("direction") is not { } direction) return Side.Right;
        return direction.Text() switch { "Right" => Side.Right, "Left" => Side.Left, var other => throw Unsupported(direction, other, "Right, Left") };
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
            TokenSource source = id.Text() switch { "A" => TokenSource.First, "B" => TokenSource.Second, var other => throw Unsupported(id, other, "A, B") };
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
