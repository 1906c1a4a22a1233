using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
namespace Cloze.Ops;

/// <summary>The fields of a config.json. Every field that is asked for is noted, so that those that nobody reads can be listed.</summary>
/// <remarks>
/// Read with <see cref="Utf8JsonReader"/> and nothing else: no serializer, no reflection. A text, a list, an object and what is asked for as
/// "… OrNull" may be null, which counts as absent; numbers and flags may not. Values are strict: a number is not read from a string, nor a
/// whole number from a fraction. As the reference does, the last of two equal names counts.
/// </remarks>
public sealed class ConfigFields
{
    /// <summary>More rows, columns or layers than any encoder has: a larger number is a broken file, and two of them still multiply without overflow.</summary>
    public const int Largest = 1 << 24;

    private readonly Dictionary<string, (JsonTokenType Type, byte[] Raw)> _fields;
    private readonly HashSet<string> _read = [];
    private readonly Dictionary<string, ConfigFields> _parts = [];

    private ConfigFields(string source, Dictionary<string, (JsonTokenType Type, byte[] Raw)> fields) => (Source, _fields) = (source, fields);

    /// <summary>The file, for messages.</summary>
    public string Source { get; }

    /// <summary>Fields that are not null and that nobody has asked for, in the file's order; then those of its parts: "generator.hidden_size".</summary>
    public IEnumerable<string> Unread => _fields.Keys.Where(name => !_read.Contains(name) && !IsNull(name))
        .Concat(_parts.SelectMany(part => part.Value.Unread.Select(name => $"{part.Key}.{name}")));

    /// <summary>All names, in the file's order.</summary>
    public IEnumerable<string> Names => _fields.Keys;

    /// <exception cref="CheckpointException">It is not a JSON object.</exception>
    public static ConfigFields Parse(ReadOnlySpan<byte> utf8, string source)
    {
        if (utf8.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        if (!Utf8.IsValid(utf8)) throw new CheckpointException($"{source} {JsonFault.Of(utf8)}.");
        Dictionary<string, (JsonTokenType, byte[])> fields = [];
        try
        {
            Utf8JsonReader reader = new(utf8, new JsonReaderOptions { MaxDepth = 64 });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) throw new CheckpointException($"{source} holds {JsonFault.Kind(reader.TokenType)}; a JSON object is needed.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                JsonTokenType type = reader.TokenType;
                reader.Skip();
                fields[name] = (type, utf8[start..(int)reader.BytesConsumed].ToArray());
            }
            while (reader.Read()) { }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{source} {JsonFault.Of(utf8)}.", e);
        }
        return new(source, fields);
    }

    /// <summary>All fields but one.</summary>
    public ConfigFields Without(string name) => new(Source, _fields.Where(field => field.Key != name).ToDictionary());

    /// <summary>Whether the field is there and not null. Does not count as reading it.</summary>
    public bool Has(string name) => _fields.TryGetValue(name, out var field) && field.Type != JsonTokenType.Null;

    /// <summary>Whether the field is there and null.</summary>
    public bool IsNull(string name) => _fields.TryGetValue(name, out var field) && field.Type == JsonTokenType.Null;

    /// <summary>Whether the field is a text, where lists are allowed too.</summary>
    public bool IsText(string name) => _fields.TryGetValue(name, out var field) && field.Type == JsonTokenType.String;

    /// <summary>Notes fields that are known and change no result, so that they are not listed as unread.</summary>
    public void WithoutEffect(params ReadOnlySpan<string> names)
    {
        foreach (string name in names) _read.Add(name);
    }

    /// <summary>A whole number that must be there.</summary>
    public int Int32(string name, int minimum = 1) => NotNull(name).Int32OrNull(name, minimum, Largest) ?? throw Missing(name, "a whole number");

    /// <summary>A whole number; <paramref name="fallback"/> where the field is absent.</summary>
    public int Int32(string name, int fallback, int minimum, int maximum = Largest) => NotNull(name).Int32OrNull(name, minimum, maximum) ?? fallback;

    /// <summary>A whole number; null: absent.</summary>
    /// <exception cref="CheckpointException">It is something else, or outside of the range, which includes both ends.</exception>
    public int? Int32OrNull(string name, int minimum = int.MinValue, int maximum = int.MaxValue)
    {
        if (!Find(name, out JsonTokenType type, out byte[]? raw)) return null;
        Utf8JsonReader reader = Reader(raw);
        bool isInRange = type == JsonTokenType.Number && reader.TryGetInt32(out int value) && value >= minimum && value <= maximum;
        return isInRange ? reader.GetInt32() : throw Wrong(name, raw, $"a whole number from {Text(minimum)} to {Text(maximum)}");

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>A number of layers, few enough to be made before anybody looks whether the file holds them.</summary>
    /// <param name="fallback">Where the field is absent; null: it must be there.</param>
    public int Layers(string name, int? fallback = null) =>
        NotNull(name).Int32OrNull(name, minimum: 1, maximum: 1000) ?? fallback ?? throw Missing(name, "a whole number");

    /// <summary>
    /// The padding row of a table (padding_idx), below 0 counted from the table's end: <paramref name="absent"/> where the field is not there, null, for no
    /// such row, where it is null.
    /// </summary>
    public int? PaddingRow(string name, int? absent) => Int32OrNull(name, -Largest, Largest) ?? (IsNull(name) ? null : absent);

    /// <summary>A finite number; <paramref name="fallback"/> where the field is absent.</summary>
    public double Number(string name, double fallback, double minimum = double.MinValue, double maximum = double.MaxValue) =>
        NotNull(name).NumberOrNull(name, minimum, maximum) ?? fallback;

    /// <summary>A finite number; null: absent.</summary>
    /// <exception cref="CheckpointException">It is something else, or outside of the range, which includes both ends.</exception>
    public double? NumberOrNull(string name, double minimum = double.MinValue, double maximum = double.MaxValue)
    {
        if (!Find(name, out JsonTokenType type, out byte[]? raw)) return null;
        Utf8JsonReader reader = Reader(raw);
        if (type != JsonTokenType.Number || !reader.TryGetDouble(out double value) || !double.IsFinite(value)) throw Wrong(name, raw, "a number");
        if (value < minimum) throw Wrong(name, raw, string.Create(CultureInfo.InvariantCulture, $"a number of at least {minimum}"));
        if (value > maximum) throw Wrong(name, raw, string.Create(CultureInfo.InvariantCulture, $"a number of at most {maximum}"));
        return value;
    }

    /// <summary>A share of what dropout removes, 0 … 1.</summary>
    public float Rate(string name, double fallback) => (float)Number(name, fallback, minimum: 0, maximum: 1);

    /// <summary>The same; null: absent.</summary>
    public float? RateOrNull(string name) => (float?)NumberOrNull(name, minimum: 0, maximum: 1);

    /// <summary>true or false; <paramref name="fallback"/> where the field is absent.</summary>
    public bool Flag(string name, bool fallback) => NotNull(name).FlagOrNull(name) ?? fallback;

    /// <summary>true or false; null: absent.</summary>
    public bool? FlagOrNull(string name)
    {
        if (!Find(name, out JsonTokenType type, out byte[]? raw)) return null;
        return type switch { JsonTokenType.True => true, JsonTokenType.False => false, _ => throw Wrong(name, raw, "true or false") };
    }

    /// <summary>A flag of the reference that changes the result and that nothing here follows.</summary>
    /// <exception cref="CheckpointException">It is set.</exception>
    public void RefuseFlag(string name)
    {
        if (Flag(name, false)) throw Unsupported(name, "true", "false");
    }

    /// <summary>A text; null: absent.</summary>
    public string? Text(string name)
    {
        if (!Find(name, out JsonTokenType type, out byte[]? raw)) return null;
        return type == JsonTokenType.String ? GetText(name, raw, Reader(raw)) : throw Wrong(name, raw, "a text");
    }

    /// <summary>A list of texts; null: absent.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (!Find(name, out JsonTokenType type, out byte[]? raw)) return null;
        if (type != JsonTokenType.StartArray) throw Wrong(name, raw, "a list of texts");
        List<string> texts = [];
        Utf8JsonReader reader = Reader(raw);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            texts.Add(reader.TokenType == JsonTokenType.String ? GetText(name, raw, reader) : throw Wrong(name, raw, "a list of texts"));
        return texts;
    }

    /// <summary>One text, or a list of them; null: absent.</summary>
    public IReadOnlyList<string>? TextOrTexts(string name) =>
        IsText(name) ? [Text(name)!] : Texts(name);

    /// <summary>One whole number, or a list of them; null: absent.</summary>
    public IReadOnlyList<int>? Integers(string name)
    {
        if (!Find(name, out JsonTokenType type, out byte[]? raw)) return null;
        if (type == JsonTokenType.Number) return [Int32OrNull(name)!.Value];
        if (type != JsonTokenType.StartArray) throw Wrong(name, raw, "a list of whole numbers");
        List<int> numbers = [];
        Utf8JsonReader reader = Reader(raw);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            bool isWhole = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out _);
            numbers.Add(isWhole ? reader.GetInt32() : throw Wrong(name, raw, "a list of whole numbers"));
        }
        return numbers;
    }

    /// <summary>An object's fields; null: absent.</summary>
    public ConfigFields? Fields(string name)
    {
        if (!Find(name, out JsonTokenType type, out byte[]? raw)) return null;
        return type == JsonTokenType.StartObject ? Parse(raw, $"{Source}: {name}") : throw Wrong(name, raw, "an object");
    }

    /// <summary>An object's fields, the unread among them listed with these; null: absent.</summary>
    public ConfigFields? Part(string name)
    {
        if (!_parts.TryGetValue(name, out ConfigFields? part) && Fields(name) is { } fields) _parts[name] = part = fields;
        return part;
    }

    /// <summary>An activation by the reference's name (transformers activations.py, ACT2FN); <paramref name="fallback"/> where the field is absent.</summary>
    /// <exception cref="CheckpointException">Nobody knows the name, or it stands for a function with weights of its own (prelu, xielu).</exception>
    public Activation Activation(string name, Activation fallback) => Text(name) switch
    {
        null => fallback,
        "gelu" or "gelu_python" => Ops.Activation.Gelu,
        "gelu_10" => Ops.Activation.ClippedGelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_python_tanh" or "gelu_fast" or "gelu_accurate" => Ops.Activation.GeluTanh,
        "quick_gelu" => Ops.Activation.QuickGelu,
        "relu" => Ops.Activation.Relu,
        "relu2" => Ops.Activation.ReluSquared,
        "relu6" => Ops.Activation.Relu6,
        "leaky_relu" => Ops.Activation.LeakyRelu,
        "silu" or "swish" => Ops.Activation.Silu,
        "tanh" => Ops.Activation.Tanh,
        "sigmoid" => Ops.Activation.Sigmoid,
        "mish" => Ops.Activation.Mish,
        "laplace" => Ops.Activation.Laplace,
        "linear" => Ops.Activation.Linear,
        string other => throw Unsupported(name, $"\"{other}\"{(other is "prelu" or "xielu" ? ", a function with weights of its own" : "")}",
            "gelu, gelu_python, gelu_10, gelu_new, gelu_pytorch_tanh, gelu_python_tanh, gelu_fast, gelu_accurate, quick_gelu, relu, relu2, relu6, leaky_relu, "
            + "silu, swish, tanh, sigmoid, mish, laplace or linear"),
    };

    /// <summary>Refuses a width that heads cannot share evenly.</summary>
    /// <exception cref="CheckpointException">It is not a multiple.</exception>
    public void RequireMultiple(string name, int value, string ofName, int of)
    {
        if (value % of != 0)
            throw new CheckpointException(
                string.Create(CultureInfo.InvariantCulture, $"{Source}: {name} is {value}, which is not a multiple of {ofName}, {of}."));
    }

    /// <summary>A value that changes the result and is not supported.</summary>
    public CheckpointException Unsupported(string name, string found, string supported) =>
        new($"{Source}: {name} is {found}, which is not supported; supported: {supported}.");

    private static Utf8JsonReader Reader(byte[] raw)
    {
        Utf8JsonReader reader = new(raw);
        reader.Read();
        return reader;
    }

    private bool Find(string name, out JsonTokenType type, [NotNullWhen(true)] out byte[]? raw)
    {
        _read.Add(name);
        bool found = _fields.TryGetValue(name, out var field) && field.Type != JsonTokenType.Null;
        (type, raw) = field;
        return found;
    }

    private string GetText(string name, byte[] raw, in Utf8JsonReader reader)
    {
        try { return reader.GetString()!; }
        catch (InvalidOperationException) { throw Wrong(name, raw, "a text whose escapes are whole characters"); } // half of a surrogate pair
    }

    /// <summary>This, unless the field is there and null.</summary>
    private ConfigFields NotNull(string name) => IsNull(name) ? throw Wrong(name, "null"u8.ToArray(), "a value") : this;

    private CheckpointException Missing(string name, string needed) => new($"{Source}: {name} is missing; {needed} is needed.");

    private CheckpointException Wrong(string name, byte[] raw, string needed) =>
        new($"{Source}: {name} is {Shown(raw)}; {needed} is needed.");

    /// <summary>On one line, not without end.</summary>
    private static string Shown(byte[] raw)
    {
        string text = string.Join(' ', Encoding.UTF8.GetString(raw.AsSpan(0, Math.Min(raw.Length, 200))).Split('\r', '\n', '\t', ' ').Where(word => word.Length > 0));
        return text.Length > 60 ? $"{text[..60]}…" : text;
    }
}
