using System.Text;
using Cloze.Cli.Input;
namespace Cloze.Cli.Search;

/// <summary>A stretch of a text file that is ranked as one.</summary>
/// <param name="Path">As the user will find it; <c>-</c> for stdin.</param>
/// <param name="Line">First line, from 1.</param>
/// <param name="EndLine">Last line.</param>
internal sealed record Piece(string Path, long Line, long EndLine, string Text)
{
    /// <summary>The lines of a file that are not blank.</summary>
    public static IEnumerable<Piece> Lines(TextLines lines, string path)
    {
        while (lines.Read() is { } line)
            if (!string.IsNullOrWhiteSpace(line)) yield return new(path, lines.Line, lines.Line, line);
    }

    /// <summary>The text between blank lines.</summary>
    public static IEnumerable<Piece> Paragraphs(TextLines lines, string path)
    {
        StringBuilder text = new();
        long start = 0;
        while (lines.Read() is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                if (text.Length > 0) yield return new(path, start, lines.Line - 1, text.ToString());
                text.Clear();
                continue;
            }
            if (text.Length == 0) start = lines.Line; else text.Append('\n');
            text.Append(line);
        }
        if (text.Length > 0) yield return new(path, start, lines.Line, text.ToString());
    }
}
