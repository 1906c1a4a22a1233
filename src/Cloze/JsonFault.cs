using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
namespace Cloze;

/// <summary>What is wrong with a text that should be JSON, in words of our own: where it goes wrong, what stands there, what could stand there.</summary>
/// <remarks>RFC 8259, without comments and without commas at the end. Made only once a reader has refused the text. Its work is in proportion to the text.</remarks>
internal ref struct JsonFault
{
    private const int MostDepth = 64, MostLetters = 20;
    private readonly ReadOnlySpan<byte> _text;
    private readonly Stack<bool> _objects = new();   // what is open, an object or a list
    private int _at;
    private bool _isTooDeep;

    private JsonFault(ReadOnlySpan<byte> text) => _text = text;

    /// <summary>A clause without a subject and a full stop: <c>is not valid JSON: line 2, column 5 holds '}'; a value is needed</c>.</summary>
    public static string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || utf8.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])) return "is UTF-16; JSON in UTF-8 is needed";
        if (!Utf8.IsValid(utf8)) return $"is not valid UTF-8 at {Place(utf8, Broken(utf8))}";
        if (utf8.Trim(" \t\r\n"u8).IsEmpty) return utf8.IsEmpty ? "is empty; JSON is needed" : "holds white space only; JSON is needed";
        if (TooDeep(utf8) is { } deep) return deep;
        JsonFault fault = new(utf8);
        return fault.Find() is { } needed ? $"is not valid JSON: {fault.Place()}; {needed} is needed"
            : "holds a text with half of a surrogate pair (\\ud800 … \\udfff)";
    }

    /// <summary>That it is right as far as it is nested too deep to be read: a clause as above; null: it is something else.</summary>
    public static string? TooDeep(ReadOnlySpan<byte> utf8)
    {
        JsonFault fault = new(utf8);
        fault.Find();
        return fault._isTooDeep ? $"holds lists and objects within one another more than {MostDepth} deep at {Place(utf8, fault._at)}; at most {MostDepth} are read" : null;
    }

    /// <summary>What a value is, as a person calls it.</summary>
    public static string Kind(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        _ => "null",
    };

    private readonly bool IsAtEnd => _at >= _text.Length;

    /// <summary>Reads as far as the text is right.</summary>
    /// <returns>What is needed there; null: all of it is right.</returns>
    private string? Find()
    {
        const string value = "a value", name = "a name in quotation marks";
        string? fault;
        bool isFirst = false, isValue = true;   // whether a list or an object has just begun; whether a value comes next
        while (true)
        {
            Skip();
            if (isValue)
            {
                if (isFirst && Take((byte)']')) { _objects.Pop(); isValue = isFirst = false; continue; }
                isFirst = false;
                if (IsAtEnd) return value;
                if (_text[_at] is (byte)'{' or (byte)'[')
                {
                    if (_objects.Count == MostDepth)
                    {
                        _isTooDeep = true;
                        return value;
                    }
                    _objects.Push(_text[_at++] == '{');
                    (isFirst, isValue) = (true, !_objects.Peek());
                    if (isValue) continue;
                    Skip();
                    if (Take((byte)'}')) { _objects.Pop(); isFirst = false; continue; }
                    isFirst = false;
                    if ((fault = Name($"{name} or '}}'")) is not null) return fault;
                    isValue = true;
                    continue;
                }
                if ((fault = Scalar(value)) is not null) return fault;
                isValue = false;
                continue;
            }
            if (_objects.Count == 0) return IsAtEnd ? null : "the end";
            bool isObject = _objects.Peek();
            if (Take(isObject ? (byte)'}' : (byte)']')) { _objects.Pop(); continue; }
            if (!Take((byte)',')) return isObject ? "',' or '}'" : "',' or ']'";
            if (isObject)
            {
                Skip();
                if ((fault = Name(name)) is not null) return fault;
            }
            isValue = true;
        }
    }

    private string? Name(string needed)
    {
        if (IsAtEnd || _text[_at] != '"') return needed;
        if (Text() is { } fault) return fault;
        Skip();
        return Take((byte)':') ? null : "':'";
    }

    private string? Scalar(string needed)
    {
        foreach (string word in (string[])["true", "false", "null"])
        {
            if (!_text[_at..].StartsWith(Encoding.ASCII.GetBytes(word))) continue;
            _at += word.Length;
            return null;
        }
        return _text[_at] == '"' ? Text() : _text[_at] == '-' || char.IsAsciiDigit((char)_text[_at]) ? Number() : needed;
    }

    private string? Number()
    {
        const string digit = "a digit";
        Take((byte)'-');
        if (!Take((byte)'0') && !Digits()) return digit;
        if (Take((byte)'.') && !Digits()) return digit;
        if (!Take((byte)'e') && !Take((byte)'E')) return null;
        if (!Take((byte)'+')) Take((byte)'-');
        return Digits() ? null : digit;
    }

    private bool Digits()
    {
        int start = _at;
        while (!IsAtEnd && char.IsAsciiDigit((char)_text[_at])) _at++;
        return _at > start;
    }

    private string? Text()
    {
        for (_at++; !IsAtEnd && _text[_at] != '"'; _at++)
        {
            if (_text[_at] < ' ') return "an escape (\\n, \\t, \\u0000 …) in its place";
            if (_text[_at] != '\\') continue;
            _at++;
            if (IsAtEnd) break;
            if (_text[_at] == 'u')
            {
                for (int i = 0; i < 4; i++)
                {
                    _at++;
                    if (IsAtEnd || !char.IsAsciiHexDigit((char)_text[_at])) return "a hexadecimal digit";
                }
            }
            else if (!"\"\\/bfnrt"u8.Contains(_text[_at])) return "one of \" \\ / b f n r t u after a \\";
        }
        return Take((byte)'"') ? null : "a quotation mark that ends the text";
    }

    private void Skip()
    {
        while (!IsAtEnd && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') _at++;
    }

    private bool Take(byte letter)
    {
        bool isThere = !IsAtEnd && _text[_at] == letter;
        if (isThere) _at++;
        return isThere;
    }

    /// <summary>Of a byte: line and letter, both from 1; a letter that is none counts for each of its bytes.</summary>
    private static string Place(ReadOnlySpan<byte> text, int at)
    {
        ReadOnlySpan<byte> before = text[..at];
        int line = before.Count((byte)'\n') + 1, column = 1;
        for (before = before[(before.LastIndexOf((byte)'\n') + 1)..]; !before.IsEmpty; column++)
        {
            Rune.DecodeFromUtf8(before, out _, out int bytes);
            before = before[bytes..];
        }
        return string.Create(CultureInfo.InvariantCulture, $"line {line}, column {column}");
    }

    /// <summary>Where a text ceases to be UTF-8.</summary>
    private static int Broken(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (Rune.DecodeFromUtf8(text[at..], out _, out int bytes) == OperationStatus.Done) at += bytes;
        return at;
    }

    /// <summary>Where it goes wrong, and what stands there: a letter, or the word that begins with it.</summary>
    private readonly string Place()
    {
        ReadOnlySpan<byte> before = _text[..Math.Min(_at, _text.Length)];
        string place = Place(_text, before.Length);
        if (IsAtEnd) return $"it ends at {place}";
        int letters = 0;
        while (letters < MostLetters && _at + letters < _text.Length && char.IsAsciiLetterOrDigit((char)_text[_at + letters])) letters++;
        Rune.DecodeFromUtf8(_text[_at..], out Rune rune, out _);
        string found = letters > 0 ? Encoding.ASCII.GetString(_text.Slice(_at, letters))
            : Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format ? string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}")
            : rune.ToString();
        return $"{place} holds '{found}'";
    }
}
