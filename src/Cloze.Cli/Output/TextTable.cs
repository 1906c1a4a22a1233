using System.Text;
namespace Cloze.Cli.Output;

/// <summary>Rows in columns for a terminal: numbers to the right, the last column cut at the edge of the screen.</summary>
internal sealed class TextTable(params string[] headers)
{
    private const string Gap = "  ";
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(TextWriter output, int screenWidth)
    {
        int last = headers.Length - 1;
        int[] widths = new int[headers.Length];
        for (int column = 0; column < headers.Length; column++)
        {
            widths[column] = TerminalText.Width(headers[column]);
            foreach (string[] row in _rows) widths[column] = Math.Max(widths[column], TerminalText.Width(row[column]));
        }
        widths[last] = Math.Clamp(screenWidth - widths[..last].Sum() - Gap.Length * last - 1, 8, Math.Max(8, widths[last]));
        bool[] isNumber = new bool[headers.Length];
        for (int column = 0; column < headers.Length; column++)
            isNumber[column] = _rows.Count > 0 && _rows.TrueForAll(row => row[column].Length > 0 && (char.IsAsciiDigit(row[column][^1]) || row[column] == "-"));
        Line(headers);
        foreach (string[] row in _rows) Line(row);

        void Line(string[] cells)
        {
            StringBuilder line = new();
            for (int column = 0; column < cells.Length; column++)
            {
                string cell = TerminalText.Cut(cells[column], widths[column]), padding = new(' ', widths[column] - TerminalText.Width(cell));
                line.Append(column == 0 ? "" : Gap).Append(isNumber[column] ? padding + cell : cell + padding);
            }
            output.WriteLine(line.ToString().TrimEnd());
        }
    }
}

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
        System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.EnclosingMark or System.Globalization.UnicodeCategory.Format => 0,
        _ => rune.Value is >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3 or >= 0xF900 and <= 0xFAFF
            or >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6 or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD ? 2 : 1,
    };
}
