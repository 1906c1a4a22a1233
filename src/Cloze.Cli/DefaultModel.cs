using System.CommandLine;
namespace Cloze.Cli;

/// <summary>Which model a command uses: <c>--model</c>, else CLOZE_MODEL, else the one beside the program; never one found in the working directory.</summary>
internal static class DefaultModel
{
    private const string Variable = "CLOZE_MODEL";

    /// <summary>Where the model that comes with the program lies.</summary>
    public static string Beside { get; } = Path.Combine(AppContext.BaseDirectory, "models", "all-MiniLM-L6-v2");

    public static Option<string?> Option() => new("--model")
    {
        Description = "The checkpoint folder; default: CLOZE_MODEL, else all-MiniLM-L6-v2 beside the program (English, 256 tokens).",
        HelpName = "DIR",
    };

    /// <exception cref="CommandException">There is no such folder.</exception>
    public static string Folder(string? asked)
    {
        if (asked is not null) return Existing(asked, "--model");
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set) return Existing(set, Variable);
        return Directory.Exists(Beside) ? Beside
            : throw new CommandException($"There is no model beside the program ({Beside}); give one by --model DIR or by {Variable}.");
    }

    private static string Existing(string folder, string source) => Directory.Exists(folder) ? folder
        : throw new CommandException($"{source} {folder}: there is no such folder{(File.Exists(folder) ? "; it is a file" : "")}.");
}
