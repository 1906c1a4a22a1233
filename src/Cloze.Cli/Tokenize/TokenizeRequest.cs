using System.Globalization;
using System.Text.Json;
using Cloze.Cli.Input;
using Cloze.Tokenizers;
namespace Cloze.Cli.Tokenize;

/// <summary>One line of requests: what to encode and how, or ids to decode. Fields that are null or absent have the defaults below; unknown fields are ignored.</summary>
internal sealed class TokenizeRequest
{
    private bool _asFile, _addSpecial = true;
    private int? _maxLength;
    private int _stride;
    private TruncationStrategy _strategy = TruncationStrategy.LongestFirst;
    private Side _side = Side.Right;
    private Padding? _padding;
    private string? _paddingBatch, _batch;

    /// <summary><c>n</c> as it stands in the line; empty: there is none.</summary>
    public byte[] Number { get; private set; } = [];

    public string? Text { get; private set; }
    public string? Pair { get; private set; }
    public List<string>? Words { get; private set; }
    public List<string>? PairWords { get; private set; }
    public List<int>? Ids { get; private set; }

    /// <summary>Characters, or ids to decode.</summary>
    public long Length => (Text?.Length ?? 0L) + (Pair?.Length ?? 0) + (Ids?.Count ?? 0) + (Words?.Sum(word => (long)word.Length) ?? 0) + (PairWords?.Sum(word => (long)word.Length) ?? 0);

    /// <summary>Requests that follow each other with the same one are encoded and padded together; null: alone.</summary>
    public string? Batch => IsDecode ? null : _paddingBatch ?? _batch;

    /// <summary>Why it cannot be read; null: it can.</summary>
    public string? Error { get; private set; }

    /// <summary>Ids alone ask to decode them.</summary>
    public bool IsDecode => Ids is not null && Text is null && Words is null;

    public static TokenizeRequest Of(string text) => new() { Text = text };

    /// <summary>Reads a line. What is wrong with it stands in <see cref="Error"/>, beside number and batch wherever they stand in the line.</summary>
    public static TokenizeRequest Parse(ReadOnlySpan<byte> line)
    {
        TokenizeRequest request = new();
        try
        {
            request.Read(line);
        }
        catch (JsonException e)
        {
            request.Error = string.Create(CultureInfo.InvariantCulture, $"The line is not valid JSON at byte {(e.BytePositionInLine ?? 0) + 1}.");
        }
        catch (CommandException e)
        {
            request.Error = e.Message;
        }
        return request;
    }

    /// <summary>The options, those of the tokenizer's file where the request asks for them; padding apart, since a batch is padded together.</summary>
    public (EncodeOptions Options, Padding? Padding) Options(Tokenizer tokenizer)
    {
        if (_asFile) return (tokenizer.FileSettings with { AddSpecialTokens = _addSpecial, Padding = null }, tokenizer.FileSettings.Padding);
        Truncation? truncation = _maxLength is { } length ? new(length, _strategy, _side, _stride) : null;
        return (new() { AddSpecialTokens = _addSpecial, Truncation = truncation, ReturnOverflow = true }, _padding);
    }

    private void Read(ReadOnlySpan<byte> line)
    {
        if (line.Trim(" \t\r"u8).IsEmpty) throw new CommandException("The line is empty.");
        Utf8JsonReader reader = new(line);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw new CommandException("The line holds no JSON object.");
        Utf8JsonReader ids = default; // read at last: beside a text they are an answer, which is ignored
        bool hasIds = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            Utf8JsonReader value = reader;   // of its own, so that a faulty field does not hide those behind it
            reader.Skip();
            if (value.TokenType == JsonTokenType.Null && name != "n") continue;
            if (name == "ids")
            {
                ids = value;
                hasIds = true;
                continue;
            }
            try
            {
                ReadField(ref value, name, line);
            }
            catch (CommandException e)
            {
                Error ??= e.Message;
            }
        }
        while (reader.Read()) { } // anything behind the object is a fault
        if (Error is not null) return;
        if (hasIds && Text is null && Words is null) Ids = Naturals(ref ids, "ids");
        Error = Contradiction();
    }

    /// <summary>What does not go together; null: nothing.</summary>
    private string? Contradiction()
    {
        if (Text is not null && Words is not null) return "text and words cannot stand in one request. Give one of them.";
        if (Pair is not null && Text is null) return "pair stands without text. Give text too, or words and pair_words.";
        if (PairWords is not null && Words is null) return "pair_words stands without words. Give words too, or text and pair.";
        if (_asFile && (_maxLength is not null || _padding is not null))
            return $"as_file asks for the file's own settings, and {(_maxLength is null ? "padding" : "max_length")} for others. Give one of them.";
        return Text is null && Words is null && Ids is null ? "The request has none of text, words and ids." : null;
    }

    private void ReadField(ref Utf8JsonReader reader, string name, ReadOnlySpan<byte> line)
    {
        switch (name)
        {
            case "n": Number = Raw(ref reader, line); break;
            case "text": Text = String(ref reader, name); break;
            case "pair": Pair = String(ref reader, name); break;
            case "words": Words = Strings(ref reader, name); break;
            case "pair_words": PairWords = Strings(ref reader, name); break;
            case "add_special": _addSpecial = Flag(ref reader, name); break;
            case "as_file": _asFile = Flag(ref reader, name); break;
            case "max_length": _maxLength = Integer(ref reader, name); break;
            case "stride": _stride = Integer(ref reader, name); break;
            case "truncation": _strategy = Strategy(String(ref reader, name)); break;
            case "truncation_side": _side = SideOf(String(ref reader, name), name); break;
            case "batch": _batch = $"batch {System.Text.Encoding.UTF8.GetString(Raw(ref reader, line))}"; break;
            case "padding": _padding = ReadPadding(reader, line); break;
        }
    }

    private Padding ReadPadding(Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw Wrong(ref reader, "padding", "an object");
        ReadPaddingBatch(reader, line);
        string? strategy = null;
        int? length = null, multiple = null;
        int id = 0, type = 0;
        string token = "[PAD]";
        Side side = Side.Right;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null) continue;
            switch (name)
            {
                case "strategy": strategy = String(ref reader, "padding.strategy"); break;
                case "length": length = Natural(ref reader, "padding.length"); break;
                case "side": side = SideOf(String(ref reader, "padding.side"), "padding.side"); break;
                case "multiple_of": multiple = Natural(ref reader, "padding.multiple_of"); break;
                case "pad_id": id = Natural(ref reader, "padding.pad_id"); break;
                case "pad_token": token = String(ref reader, "padding.pad_token"); break;
                case "pad_type_id": type = Natural(ref reader, "padding.pad_type_id"); break;
                default: reader.Skip(); break;
            }
        }
        return strategy switch
        {
            "longest" => new(null, id, token, type, side, multiple),
            "fixed" => new(length ?? throw new CommandException("padding.strategy is fixed; padding.length is needed."), id, token, type, side, multiple),
            _ => throw new CommandException($"padding.strategy is {strategy ?? "absent"}; fixed or longest is needed."),
        };
    }

    /// <summary>The batch alone, which counts also where another field of the padding is at fault.</summary>
    private void ReadPaddingBatch(Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = reader.ValueTextEquals("batch");
            reader.Read();
            if (isIt && reader.TokenType != JsonTokenType.Null) _paddingBatch = $"padding {System.Text.Encoding.UTF8.GetString(Raw(ref reader, line))}";
            else reader.Skip();
        }
    }

    private static byte[] Raw(ref Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return line[start..(int)reader.BytesConsumed].ToArray();
    }

    private static string String(ref Utf8JsonReader reader, string name) => reader.TokenType == JsonTokenType.String ? JsonText.Read(ref reader) : throw Wrong(ref reader, name, "a text");

    private static bool Flag(ref Utf8JsonReader reader, string name) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Wrong(ref reader, name, "true or false"),
    };

    private static int Integer(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.Number) throw Wrong(ref reader, name, "a whole number");
        if (reader.TryGetInt32(out int value)) return value;
        throw Wrong(ref reader, name, reader.TryGetInt64(out _) ? $"a whole number from {int.MinValue} to {int.MaxValue}" : "a whole number");
    }

    private static int Natural(ref Utf8JsonReader reader, string name) =>
        Integer(ref reader, name) is var value and >= 0 ? value : throw Wrong(ref reader, name, "a whole number of at least 0");

    private static List<string> Strings(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Wrong(ref reader, name, "a list of texts");
        List<string> items = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(String(ref reader, name));
        return items;
    }

    private static List<int> Naturals(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Wrong(ref reader, name, "a list of whole numbers");
        List<int> items = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Natural(ref reader, name));
        return items;
    }

    private static TruncationStrategy Strategy(string name) => name switch
    {
        "longest_first" => TruncationStrategy.LongestFirst,
        "only_first" => TruncationStrategy.OnlyFirst,
        "only_second" => TruncationStrategy.OnlySecond,
        _ => throw new CommandException($"truncation is {name}; longest_first, only_first or only_second is needed."),
    };

    private static Side SideOf(string value, string name) => value switch
    {
        "right" => Side.Right,
        "left" => Side.Left,
        _ => throw new CommandException($"{name} is {value}; right or left is needed."),
    };

    private static CommandException Wrong(ref Utf8JsonReader reader, string name, string needed) =>
        new($"{name} is {(reader.TokenType == JsonTokenType.Number ? System.Text.Encoding.UTF8.GetString(reader.ValueSpan) : reader.TokenType.ToString())}; {needed} is needed.");
}
