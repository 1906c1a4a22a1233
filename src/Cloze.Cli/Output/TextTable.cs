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
