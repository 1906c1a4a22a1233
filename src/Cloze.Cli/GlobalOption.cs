using System.CommandLine;
using System.Globalization;
using Cloze.Pipelines;
namespace Cloze.Cli;

/// <summary><c>--global</c> of the commands that compute with a model: which tokens see, and are seen by, all others.</summary>
/// <remarks>
/// A file holds a line for each text, in their order, or one line for all. A line names tokens by their places from 0 on, special tokens counted, with spaces or commas between:
/// "0 4-9 ^1" is the first, the fifth to the tenth and the last. An empty line names none.
/// </remarks>
internal static class GlobalOption
{
    public static Option<string?> Create() => new("--global")
    {
        Description = "Tokens with global attention (Longformer): the first, the question before the first separator, none, or by the lines of a file, such as \"0 4-9 ^1\".",
        HelpName = "cls|question|none|FILE",
    };

    /// <summary>The choice, and for how many texts it is made; null: for any number.</summary>
    /// <exception cref="CommandException">The file cannot be read, or a line of it names no tokens.</exception>
    public static (GlobalAttention Global, int? Texts)? Read(string? value)
    {
        switch (value)
        {
            case null: return null;
            case "cls": return (GlobalAttention.Cls, null);
            case "question": return (GlobalAttention.Question, null);
            case "none": return (GlobalAttention.None, null);
        }
        if (!File.Exists(value)) throw new CommandException($"--global {value}: no such file; cls, question, none or a file is needed.");
        string[] lines = File.ReadAllLines(value);
        GlobalAttention[] each = [.. lines.Select((line, i) => Line(line, $"{value}, line {(i + 1).ToString(CultureInfo.InvariantCulture)}"))];
        return each.Length switch
        {
            0 => throw new CommandException($"{value} is empty; a line for each text is needed, or one line for all."),
            1 => (each[0], null),
            _ => (GlobalAttention.Each(each), each.Length),
        };
    }

    /// <summary>The choice for a model that is loaded; null: none is made.</summary>
    /// <param name="folder">The model's, for the message.</param>
    /// <exception cref="CommandException">As <see cref="Read(string?)"/>; or the model has no such tokens.</exception>
    public static (GlobalAttention Global, int? Texts)? Read(string? value, bool hasGlobalAttention, string folder)
    {
        (GlobalAttention Global, int? Texts)? chosen = Read(value);
        return chosen is null || hasGlobalAttention ? chosen : throw NoGlobalAttention(folder);
    }

    /// <exception cref="CommandException">The model has no such tokens.</exception>
    public static CommandException NoGlobalAttention(string folder) =>
        new($"--global: the model in {folder} has no global attention. Leave it out.");

    private static GlobalAttention Line(string line, string where) => GlobalAttention.Spans(
        [.. line.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries).Select(item => Span(item, where))]);

    private static Range Span(string item, string where)
    {
        string[] ends = item.Split('-');
        if (ends.Length is 1 or 2 && Place(ends[0]) is { } first && Place(ends[^1]) is { } last)
        {
            int forward = first.IsFromEnd ? first.Value - last.Value : last.Value - first.Value;
            if (first.IsFromEnd == last.IsFromEnd && forward < 0) throw new CommandException($"{where}: '{item}' ends before it begins.");
            return new(first, After(last));
        }
        throw new CommandException($"{where}: '{item}' names no tokens; a place (0 is the first, ^1 the last) or two joined by - is needed.");
    }

    private static Index? Place(string text)
    {
        bool fromEnd = text.StartsWith('^');
        if (!int.TryParse(text.AsSpan(fromEnd ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture, out int place) || place == int.MaxValue) return null;
        return fromEnd && place == 0 ? null : new Index(place, fromEnd);
    }

    private static Index After(Index place) => place.IsFromEnd ? new(place.Value - 1, fromEnd: true) : new(place.Value + 1);
}
