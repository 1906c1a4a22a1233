using System.Text.Json;
using Cloze.Cli.Output;
using Cloze.Tokenizers;
namespace Cloze.Cli.Tokenize;

/// <summary>Answers in the spelling of the recorded references: all fields of an encoding, decoded ids, or an error.</summary>
/// <param name="isUtf16">Offsets in UTF-16 units; else in code points, as the reference counts.</param>
internal sealed class TokenizeAnswers(Tokenizer tokenizer, bool isUtf16)
{
    /// <summary>One line for a request that was encoded.</summary>
    public void Write(JsonLines output, TokenizeRequest request, Encoding encoding) =>
        output.Line((this, request, encoding), static (json, line) => line.Item1.Encoded(json, line.request, line.encoding));

    /// <summary>One line for ids that were asked to be decoded.</summary>
    public void Write(JsonLines output, TokenizeRequest request) => output.Line((this, request), static (json, line) => line.Item1.Decoded(json, line.request));

    /// <summary>One line for a request that cannot be met.</summary>
    public static void Write(JsonLines output, TokenizeRequest request, string error) => output.Line((request, error), static (json, line) => Error(json, line.request, line.error));

    private void Encoded(Utf8JsonWriter json, TokenizeRequest request, Encoding encoding)
    {
        Start(json, request);
        Offsets offsets = new(request, isUtf16);
        Fields(json, encoding, offsets);
        json.WriteStartArray("overflow");
        foreach (Encoding window in encoding.Overflow)
        {
            json.WriteStartObject();
            Fields(json, window, offsets);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Texts(json, encoding.Ids);
        json.WriteEndObject();
    }

    private void Decoded(Utf8JsonWriter json, TokenizeRequest request)
    {
        Start(json, request);
        json.WriteStartArray("tokens");
        foreach (int id in request.Ids!) json.WriteStringValue(tokenizer.TokenOf(id));
        json.WriteEndArray();
        Texts(json, request.Ids.ToArray());
        json.WriteEndObject();
    }

    private static void Error(Utf8JsonWriter json, TokenizeRequest request, string message)
    {
        Start(json, request);
        json.WriteString("error", message);
        json.WriteEndObject();
    }

    private static void Start(Utf8JsonWriter json, TokenizeRequest request)
    {
        json.WriteStartObject();
        if (request.Number.Length == 0) return;
        json.WritePropertyName("n");
        json.WriteRawValue(request.Number, skipInputValidation: true);
    }

    private void Texts(Utf8JsonWriter json, ReadOnlySpan<int> ids)
    {
        json.WriteString("decoded", tokenizer.Decode(ids));
        json.WriteString("decoded_with_special", tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    private static void Fields(Utf8JsonWriter json, Encoding encoding, Offsets offsets)
    {
        int[] sequences = encoding.SequenceIds();
        Numbers(json, "ids", encoding.Ids);
        Numbers(json, "type_ids", encoding.TypeIds());
        json.WriteStartArray("tokens");
        foreach (string token in encoding.Tokens()) json.WriteStringValue(token);
        json.WriteEndArray();
        json.WriteStartArray("offsets");
        for (int i = 0; i < encoding.Count; i++)
        {
            TokenOffset offset = offsets.Of(encoding, i, sequences[i]);
            json.WriteStartArray();
            json.WriteNumberValue(offset.Start);
            json.WriteNumberValue(offset.End);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        Numbers(json, "attention_mask", encoding.AttentionMask());
        Numbers(json, "special_tokens_mask", encoding.SpecialTokensMask());
        Places(json, "word_ids", encoding.WordIds);
        Places(json, "sequence_ids", sequences);
    }

    private static void Numbers(Utf8JsonWriter json, string name, ReadOnlySpan<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    /// <summary>Null where there is no place (below 0).</summary>
    private static void Places(Utf8JsonWriter json, string name, ReadOnlySpan<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values)
            if (value < 0) json.WriteNullValue(); else json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    /// <summary>Offsets of a request's tokens in the unit that was asked for: within the text, or within each given word.</summary>
    private sealed class Offsets
    {
        private readonly bool _isWords;
        private readonly CodePointMap[][] _maps = [];

        public Offsets(TokenizeRequest request, bool isUtf16)
        {
            _isWords = request.Words is not null;
            if (!isUtf16) _maps = [Maps(request.Words, request.Text), Maps(request.PairWords, request.Pair)];
        }

        public TokenOffset Of(Encoding encoding, int token, int sequence)
        {
            TokenOffset offset = encoding.Offsets[token];
            int word = encoding.WordIds[token]; // none: a special or padding token
            return word < 0 || _maps.Length == 0 ? offset : _maps[sequence][_isWords ? word : 0][offset];
        }

        private static CodePointMap[] Maps(List<string>? words, string? text) => words is not null ? [.. words.Select(word => new CodePointMap(word))] : [new(text)];
    }
}
