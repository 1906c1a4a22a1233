using System.Globalization;
namespace Cloze.Cli.Input;

/// <summary>Two texts and, where the file has it, what people say about their likeness.</summary>
internal readonly record struct TextPair(string First, string Second, double? Score);

/// <summary>Reads pairs from a table with a header: cells are separated by tabs and stand as they are, without quoting.</summary>
internal sealed class PairTable : IDisposable
{
    private readonly TextLines _lines;
    private readonly string[] _header;
    private readonly int _first, _second;
    private readonly int? _score;

    /// <param name="scoreColumn">Must be there if it <paramref name="isScoreAsked"/>.</param>
    /// <exception cref="CommandException">The file cannot be read, is empty, or lacks a column.</exception>
    public PairTable(string path, (string First, string Second) columns, string scoreColumn, bool isScoreAsked, bool strict)
    {
        _lines = TextLines.Open(path, strict);
        _header = _lines.Read()?.Split('\t') ?? throw new CommandException($"{_lines.Source} is empty; a header and pairs of texts are needed.");
        (_first, _second) = (Column(columns.First), Column(columns.Second));
        _score = isScoreAsked || _header.Contains(scoreColumn) ? Column(scoreColumn) : null;
    }

    public bool HasScores => _score is not null;

    public double? Fraction => _lines.Fraction;

    /// <summary>The pairs; empty lines are none.</summary>
    /// <exception cref="CommandException">A row lacks cells, or its score is no number.</exception>
    public IEnumerable<TextPair> Pairs()
    {
        while (_lines.Read() is { } line)
        {
            if (line.Length == 0) continue;
            string[] cells = line.Split('\t');
            if (cells.Length <= Math.Max(Math.Max(_first, _second), _score ?? 0))
                throw new CommandException($"{_lines.Source}:{_lines.Line}: {cells.Length} cells found; the header has {_header.Length}.");
            yield return new(cells[_first], cells[_second], _score is { } column ? Score(cells[column]) : null);
        }
        _lines.Report();
    }

    public void Dispose() => _lines.Dispose();

    private int Column(string name)
    {
        int column = Array.IndexOf(_header, name);
        return column >= 0 ? column : throw new CommandException($"{_lines.Source} has no column {name}; its header has: {string.Join(", ", _header)}.");
    }

    private double Score(string cell) => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double score) && double.IsFinite(score)
        ? score
        : throw new CommandException($"{_lines.Source}:{_lines.Line}: the score is '{cell}'; a number is needed.");
}
