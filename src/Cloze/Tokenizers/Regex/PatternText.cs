using System.Globalization;
using System.Text;

namespace Cloze.Tokenizers;

/// <summary>A regular expression while it is read: the text and the place.</summary>
internal sealed class PatternText(string text)
{
    /// <summary>Groups and classes inside each other, and repeats of repeats.</summary>
    public const int MaxDepth = 100;

    private int _depth;

    public string Text => text;
    public int At { get; set; }
    public bool IsAtEnd => At >= text.Length;

    /// <summary>The next unit; U+0000 at the end.</summary>
    public char Next => IsAtEnd ? '\0' : text[At];

    public bool StartsWith(string what) => string.CompareOrdinal(text, At, what, 0, what.Length) == 0;

    public bool TryTake(char c)
    {
        if (IsAtEnd || text[At] != c) return false;
        At++;
        return true;
    }

    public bool TryTake(string what)
    {
        if (!StartsWith(what)) return false;
        At += what.Length;
        return true;
    }

    /// <summary>What stands before <paramref name="end"/>, which is taken too.</summary>
    public string TakeUntil(char end, string what)
    {
        int close = text.IndexOf(end, At);
        if (close < 0) throw Refuse(what);
        string taken = text[At..close];
        At = close + 1;
        return taken;
    }

    public int TakeCodePoint()
    {
        if (IsAtEnd) throw Refuse("its end where a character is needed");
        Rune.DecodeFromUtf16(text.AsSpan(At), out Rune rune, out int units);
        At += units;
        return rune.Value;
    }

    /// <param name="digits">How many at most; null: as many as there are before a brace.</param>
    public int TakeHexadecimal(int? digits)
    {
        int start = At;
        while (At < text.Length && char.IsAsciiHexDigit(text[At]) && At - start < (digits ?? 8)) At++;
        bool isNumber = int.TryParse(text.AsSpan(start, At - start), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value);
        if (!isNumber || !Rune.IsValid(value) || digits is null && !TryTake('}')) throw Refuse("a code point that is none");
        return value;
    }

    /// <summary>One to three octal digits, or one or two hexadecimal ones.</summary>
    public byte TakeByte(bool isOctal)
    {
        int value = 0, start = At, most = isOctal ? 3 : 2;
        for (; At - start < most && (isOctal ? Next is >= '0' and <= '7' : char.IsAsciiHexDigit(Next)); At++) value = value * (isOctal ? 8 : 16) + Convert.ToInt32(Next.ToString(), 16);
        return At > start && value <= 0xFF ? (byte)value : throw Refuse("a byte that is none");
    }

    public void Enter()
    {
        if (++_depth > MaxDepth) throw Refuse($"groups or classes deeper than {MaxDepth}");
    }

    public void Leave() => _depth--;

    public PatternException Refuse(string what) => new(text, Math.Min(At, text.Length), what);
}
