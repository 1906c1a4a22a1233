using System.CommandLine;
using Cloze.Hub;
namespace Cloze.Cli;

/// <summary>Which model a command uses: <c>--model</c>, else CLOZE_MODEL, else the one beside the program; never one found in the working directory.</summary>
internal static class DefaultModel
{
    private const string Variable = "CLOZE_MODEL";

    /// <summary>What <c>--model</c> takes.</summary>
    public const string HelpName = "DIR|ORG/NAME[@REVISION]";

    /// <summary>Where the model that comes with the program lies.</summary>
    public static string Beside { get; } = Path.Combine(AppContext.BaseDirectory, "models", "all-MiniLM-L6-v2");

    public static Option<string?> Option() => new("--model")
    {
        Description = "The checkpoint folder, or a model of a hub; default: CLOZE_MODEL, else all-MiniLM-L6-v2 beside the program (English, 256 tokens).",
        HelpName = HelpName,
    };

    /// <summary>A folder that is there, else a model of a hub, which is fetched where it is not in the cache.</summary>
    /// <exception cref="CommandException">There is no such folder, and no such model.</exception>
    public static string Folder(string? asked, HubFiles files = HubFiles.All)
    {
        if (asked is not null) return Existing(asked, "--model", files);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set) return Existing(set, Variable, files);
        return Directory.Exists(Beside) ? Beside
            : throw new CommandException($"There is no model beside the program ({Beside}); give one by --model DIR or by {Variable}.");
    }

    /// <summary>The folder of a LoRA adapter, which may lie on a hub; null: none is asked for.</summary>
    /// <exception cref="CommandException">There is no such folder, and no such adapter.</exception>
    public static string? Adapter(string? asked) => asked is null ? null : Existing(asked, "--adapter", HubFiles.Adapter);

    /// <param name="source">How the value was given: <c>--model</c>, or the name of an argument or variable.</param>
    /// <exception cref="CommandException">There is no such folder, and no such model.</exception>
    public static string Existing(string value, string source, HubFiles files = HubFiles.All)
    {
        if (Directory.Exists(value)) return value;
        if (File.Exists(value) || !HubModels.MayBe(value))
            throw new CommandException($"{source} {value}: there is no such folder{(File.Exists(value) ? "; it is a file" : "")}.");
        try
        {
            return HubModels.Folder(value, files);
        }
        catch (HubException e)
        {
            throw new CommandException($"{source} {value}: there is no such folder, and as a model of a hub: {e.Message}", e);
        }
    }
}
