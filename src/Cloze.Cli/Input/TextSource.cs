namespace Cloze.Cli.Input;

/// <summary>Texts one after the other: from arguments, or a line each from a file or stdin.</summary>
internal sealed class TextSource : IDisposable
{
    private readonly IReadOnlyList<string> _given;
    private readonly TextLines? _lines;
    private readonly bool _isJson;

    private TextSource(IReadOnlyList<string> given, TextLines? lines, bool isJson) => (_given, _lines, _isJson) = (given, lines, isJson);

    /// <summary>How much has been read; null: nobody knows how much there is.</summary>
    public double? Fraction => _lines?.Fraction;

    public static TextSource Of(IReadOnlyList<string> texts) => new(texts, lines: null, isJson: false);

    /// <param name="path">A file, or <c>-</c> for stdin.</param>
    /// <param name="format">text or jsonl; null: jsonl where the name ends so.</param>
    public static TextSource Open(string path, string? format, bool strict) =>
        new([], TextLines.Open(path, strict), isJson: (format ?? (path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) ? "jsonl" : "text")) == "jsonl");

    /// <exception cref="CommandException">A line is not what the format says.</exception>
    public IEnumerable<string> Texts()
    {
        if (_lines is null)
        {
            foreach (string text in _given) yield return text;
        }
        else if (_isJson)
        {
            while (_lines.ReadUtf8() is { } line)
                if (!line.Span.Trim(" \t\r"u8).IsEmpty) yield return JsonText.Field(line.Span, "text", $"{_lines.Source}:{_lines.Line}");
        }
        else
        {
            while (_lines.Read() is { } line) yield return line;
        }
        _lines?.Report();
    }

    public void Dispose() => _lines?.Dispose();
}
