using System.Globalization;
using System.Text;
using System.Text.Json;
namespace Cloze.Cli.Input;

/// <summary>Strings of JSON that another program has written.</summary>
internal static class JsonText
{
    /// <summary>The string at which the reader stands. An escaped lone surrogate (<c>\ud800</c>), which no UTF-8 can hold, becomes U+FFFD.</summary>
    public static string Read(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return reader.GetString()!;
        ReadOnlySpan<char> raw = Encoding.UTF8.GetString(reader.ValueSpan);
        StringBuilder text = new(raw.Length);
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }
            i++;
            if (raw[i] == 'u') (_, i) = (text.Append((char)int.Parse(raw.Slice(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture)), i + 4);
            else text.Append(raw[i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', char other => other });
        }
        return WithoutLoneSurrogates(text.ToString());
    }

    /// <summary>The string of one field of an object on a line.</summary>
    /// <param name="place">File and line, for messages.</param>
    /// <exception cref="CommandException">No JSON object, or no such string in it.</exception>
    public static string Field(ReadOnlySpan<byte> line, string name, string place)
    {
        try
        {
            string? found = null;
            Utf8JsonReader reader = new(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new CommandException($"{place}: no JSON object; an object with \"{name}\" is needed.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isIt = reader.ValueTextEquals(name);
                reader.Read();
                if (isIt) found = reader.TokenType == JsonTokenType.String ? Read(ref reader)
                    : throw new CommandException($"{place}: \"{name}\" is no string; a string is needed.");
                else reader.Skip();
            }
            reader.Read();   // a second value is an error
            return found ?? throw new CommandException($"{place}: the object has no \"{name}\".");
        }
        catch (JsonException e)
        {
            throw new CommandException($"{place} is not valid JSON at byte {(e.BytePositionInLine ?? 0) + 1}; an object with \"{name}\" is needed.", e);
        }
    }

    private static string WithoutLoneSurrogates(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
            else text = string.Concat(text.AsSpan(0, i), "\uFFFD", text.AsSpan(i + 1));
        }
        return text;
    }
}
