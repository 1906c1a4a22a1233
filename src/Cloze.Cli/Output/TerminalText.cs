using System.Globalization;
using System.Text;
namespace Cloze.Cli.Output;

/// <summary>Text as a terminal shows it.</summary>
internal static class TerminalText
{
    /// <summary>Columns on the screen; as wide as a terminal that says nothing.</summary>
    public static int ScreenWidth => StandardOutput.IsTerminal && Console.WindowWidth is > 20 and int width ? width : 80;

    /// <summary>Cells that a text takes: East Asian wide characters two, combining marks none.</summary>
    public static int Width(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes()) width += Width(rune);
        return width;
    }

    /// <summary>The text on one line without control characters, which could steer the terminal; ends with … where it is cut.</summary>
    public static string Cut(string text, int width)
    {
        StringBuilder shown = new();
        int used = 0;
        foreach (Rune rune in Printable(text).EnumerateRunes())
        {
            if ((used += Width(rune)) > width)
            {
                while (shown.Length > 0 && Width(shown.ToString()) > width - 1) shown.Length -= shown.Length > 1 && char.IsLowSurrogate(shown[^1]) ? 2 : 1;
                return shown.Append('…').ToString();
            }
            shown.Append(rune.ToString());
        }
        return shown.ToString();
    }

    /// <summary>The first lines of a text whose white space is one space each; words stay whole where they can.</summary>
    public static string[] Wrap(string text, int width, int lines)
    {
        List<string> wrapped = [];
        StringBuilder line = new();
        foreach (string word in Printable(text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && wrapped.Count < lines - 1 && Width(line.ToString()) + 1 + Width(word) > width)
            {
                wrapped.Add(Cut(line.ToString(), width));
                line.Clear();
            }
            if (line.Length > width) break;   // enough to be cut
            line.Append(line.Length > 0 ? " " : "").Append(word);
        }
        if (line.Length > 0) wrapped.Add(Cut(line.ToString(), width));
        return [.. wrapped];
    }

    public static string Printable(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\x1F') && !text.AsSpan().ContainsAnyInRange('\x7F', '\x9F')) return text;
        return string.Create(text.Length, text, (chars, source) =>
        {
            for (int i = 0; i < chars.Length; i++) chars[i] = char.IsControl(source[i]) ? ' ' : source[i];
        });
    }

    private static int Width(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format => 0,
        _ => rune.Value is >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3 or >= 0xF900 and <= 0xFAFF
            or >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6 or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD ? 2 : 1,
    };
}
