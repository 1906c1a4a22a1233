using System.Buffers;
using System.Text;
namespace Cloze.Tokenizers;

/// <summary>The parts of a tokenizer.json, by their type. A type or a value that is not supported is refused by name.</summary>
internal static class TokenizerComponents
{
    /// <summary>Parts of one Sequence, with those of sequences in it: each goes over all of the text.</summary>
    private const int MostParts = 64;

    /// <summary>The parts of a Sequence.</summary>
    public static List<JsonValue> Parts(JsonValue json, string name)
    {
        JsonValue list = json.Need(name);
        return Count(json) is var count && count <= MostParts ? list.Items() : throw Unsupported(list, $"a Sequence of {count} parts", $"at most {MostParts}");

        int Count(JsonValue part) => part.Find(name) is { } inner ? inner.Items().Sum(Count) : 1;
    }

    /// <summary>A text of one code point.</summary>
    public static string Character(JsonValue json)
    {
        string text = json.Text();
        return Rune.DecodeFromUtf16(text, out _, out int units) == OperationStatus.Done && units == text.Length ? text : throw json.Wrong("one character");
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

    /// <summary>The type of a part; missing, it is refused like any other that nobody knows.</summary>
    public static string Type(JsonValue json) => json.Find("type")?.Text() ?? "without a type";

    private static Side Direction(JsonValue json)
    {
        if (json.Find("direction") is not { } direction) return Side.Right;
        return direction.Text() switch { "Right" => Side.Right, "Left" => Side.Left, var other => throw Unsupported(direction, other, "Right, Left") };
    }
}
