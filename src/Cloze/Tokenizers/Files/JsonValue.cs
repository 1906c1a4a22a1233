using System.Globalization;
using System.Text.Json;

namespace Cloze.Tokenizers;

/// <summary>A value in a JSON file, read when it is asked for: where it stands and how it is called, for messages.</summary>
/// <remarks>For the small parts of a tokenizer file. A null counts as absent; of two fields with one name the last counts, as in the reference.</remarks>
internal sealed class JsonValue
{
    private readonly byte[] _json;
    private readonly int _start, _length;
    private readonly JsonTokenType _type;

    private JsonValue(byte[] json, int start, int length, JsonTokenType type, string file, string name)
    {
        (_json, _start, _length, _type) = (json, start, length, type);
        (File, Name) = (file, name);
    }

    public string File { get; }

    /// <summary>The path to it inside the file: <c>post_processor.special_tokens</c>; empty: the whole file.</summary>
    public string Name { get; }

    /// <summary>The name of a field that <see cref="Fields"/> lists.</summary>
    public string Key { get; private set; } = "";

    private ReadOnlySpan<byte> Raw => _json.AsSpan(_start, _length);

    /// <summary>The whole of a file; a byte order mark before it is skipped.</summary>
    /// <exception cref="TokenizerException">It is not JSON.</exception>
    public static JsonValue Parse(byte[] json, string file)
    {
        int start = Start(json);
        Utf8JsonReader reader = new(json.AsSpan(start));
        try
        {
            reader.Read();
            JsonTokenType type = reader.TokenType;
            reader.Skip();
            int length = (int)reader.BytesConsumed;
            while (reader.Read()) { }
            return new(json, start, length, type, file, "");
        }
        catch (JsonException e)
        {
            throw NotJson(file, json.AsSpan(start), e);
        }
    }

    /// <summary>The value that a reader over <paramref name="json"/> from <paramref name="start"/> on stands at; the reader moves to its end.</summary>
    public static JsonValue Take(ref Utf8JsonReader reader, byte[] json, int start, string file, string name)
    {
        int at = start + (int)reader.TokenStartIndex;
        JsonTokenType type = reader.TokenType;
        reader.Skip();
        return new(json, at, start + (int)reader.BytesConsumed - at, type, file, name);
    }

    /// <summary>Where the text begins behind a byte order mark.</summary>
    public static int Start(byte[] json) => json.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;

    /// <summary>The line and the place of the fault; the runtime's own words may have been trimmed away.</summary>
    public static TokenizerException NotJson(string file, ReadOnlySpan<byte> json, JsonException e) => JsonFault.TooDeep(json) is { } deep
        ? new($"{file} {deep}. No tokenizer needs that; fetch the file again.", e)
        : new(string.Create(CultureInfo.InvariantCulture,
            $"{file} is not valid JSON at line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1} (cut or corrupt). Fetch the file again."), e);

    public JsonValue? Find(string name)
    {
        JsonValue? found = null;
        Utf8JsonReader reader = Open(JsonTokenType.StartObject, "an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIt = Is(ref reader, name);
            reader.Read();
            if (isIt) found = reader.TokenType == JsonTokenType.Null ? null : Take(ref reader, _json, _start, File, Name.Length == 0 ? name : $"{Name}.{name}");
            else reader.Skip();
        }
        return found;
    }

    public JsonValue Need(string name) =>
        Find(name) ?? throw new TokenizerException($"{File}: {(Name.Length == 0 ? name : $"{Name}.{name}")} is missing. "
            + "Save the tokenizer again with the library that made it.");

    /// <summary>The fields of an object, in the file's order; nulls are left out.</summary>
    public List<JsonValue> Fields()
    {
        List<JsonValue> fields = [];
        Utf8JsonReader reader = Open(JsonTokenType.StartObject, "an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = TextOf(ref reader);
            reader.Read();
            JsonValue value = Take(ref reader, _json, _start, File, Name.Length == 0 ? key : $"{Name}.{key}");
            value.Key = key;
            if (value._type != JsonTokenType.Null) fields.Add(value);
        }
        return fields;
    }

    /// <summary>UTF-8 bytes that it takes in the file.</summary>
    public int Size => _length;

    /// <summary>The items of a list.</summary>
    public List<JsonValue> Items()
    {
        List<JsonValue> items = [];
        Utf8JsonReader reader = Open(JsonTokenType.StartArray, "a list");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            items.Add(Take(ref reader, _json, _start, File, string.Create(CultureInfo.InvariantCulture, $"{Name}[{items.Count}]")));
        return items;
    }

    public bool IsNull => _type == JsonTokenType.Null;

    public bool IsObject => _type == JsonTokenType.StartObject;

    /// <summary>As a scan leaves it in the place of a list that it took.</summary>
    public bool IsEmptyList => Raw.SequenceEqual("[]"u8);

    public bool IsText => _type == JsonTokenType.String;

    public string Text()
    {
        Utf8JsonReader reader = Open(JsonTokenType.String, "a text");
        return TextOf(ref reader);
    }

    /// <summary>Bytes that stand in the file as base 64.</summary>
    public byte[] Bytes()
    {
        Utf8JsonReader reader = Open(JsonTokenType.String, "a text");
        return reader.TryGetBytesFromBase64(out byte[]? bytes) ? bytes : throw Wrong("base 64");
    }

    public bool Flag() => _type switch { JsonTokenType.True => true, JsonTokenType.False => false, _ => throw Wrong("true or false") };

    /// <summary>A whole number that is not negative: ids, types, lengths.</summary>
    public int Number()
    {
        Utf8JsonReader reader = Open(JsonTokenType.Number, "a whole number");
        return reader.TryGetInt32(out int number) && number >= 0 ? number : throw Wrong($"a whole number from 0 to {int.MaxValue}");
    }

    public bool Flag(string name, bool fallback) => Find(name)?.Flag() ?? fallback;

    public TokenizerException Wrong(string needed)
    {
        string shown = System.Text.Encoding.UTF8.GetString(Raw[..Math.Min(Raw.Length, 60)]);
        return new($"{File}: {(Name.Length == 0 ? "the file" : Name)} is {shown}{(Raw.Length > 60 ? "…" : "")}; {needed} is needed.");
    }

    public Utf8JsonReader Open(JsonTokenType type, string needed)
    {
        if (_type != type) throw Wrong(needed);
        Utf8JsonReader reader = new(Raw);
        reader.Read();
        return reader;
    }

    /// <summary>Whether a reader over the value stands at a field of that name.</summary>
    public bool Is(ref Utf8JsonReader reader, string name) => reader.ValueIsEscaped ? TextOf(ref reader) == name : reader.ValueTextEquals(name);

    /// <summary>The text that a reader over <paramref name="value"/> comes to next; null: it is null.</summary>
    public static string? NextText(ref Utf8JsonReader reader, JsonValue value)
    {
        reader.Read();
        return reader.TokenType switch { JsonTokenType.String => value.TextOf(ref reader), JsonTokenType.Null => null, _ => throw value.Wrong("an object with texts where texts belong") };
    }

    /// <summary>As <see cref="NextText"/>, true or false.</summary>
    public static bool? NextFlag(ref Utf8JsonReader reader, JsonValue value)
    {
        reader.Read();
        return reader.TokenType switch { JsonTokenType.True => true, JsonTokenType.False => false, JsonTokenType.Null => null, _ => throw value.Wrong("an object with true or false where they belong") };
    }

    private string TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException($"{File}: a text in {(Name.Length == 0 ? "the file" : Name)} is not valid Unicode. Fetch the file again.", e);
        }
    }
}
