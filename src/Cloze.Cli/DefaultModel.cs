using System.CommandLine;
using Cloze.Checkpoints;
using Cloze.Cli.Output;
using Cloze.Hub;
namespace Cloze.Cli;

/// <summary>Where a model lies.</summary>
/// <param name="Adapter">The folder of a LoRA adapter on top of it; null: none.</param>
/// <param name="HasModules">The adapter was given alone, and its own modules.json says how tokens become a vector.</param>
internal readonly record struct ModelPlace(string Folder, string? Adapter, bool HasModules = false);

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

    /// <summary>A LoRA adapter, for every command that computes.</summary>
    /// <param name="needsModel">Whether the command has no default model.</param>
    public static Option<string?> AdapterOption(bool needsModel = false) => new("--adapter")
    {
        Description = $"A LoRA adapter as PEFT saves it, on top of the model{(needsModel ? "" : "; without --model on top of the base model that it names")}.",
        HelpName = HelpName,
    };

    /// <summary>The model's folder, and that of an adapter on top of it. Where only an adapter is given, its base model is the one that it names.</summary>
    /// <exception cref="CommandException">There is no such folder, no such model, or no such adapter.</exception>
    public static ModelPlace Place(string? model, string? adapter)
    {
        string? top = adapter is null ? null : Existing(adapter, "--adapter", HubFiles.Adapter);
        if (top is null) return Place(Folder(model));
        bool isAlone = model is null && Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 };
        return isAlone && Place(top) is { Adapter: not null } place ? place : new(Folder(model), top);
    }

    /// <summary>A folder that may be an adapter, which names its base model.</summary>
    /// <exception cref="CommandException">The base model is not there, and no such model can be had.</exception>
    public static ModelPlace Place(string folder)
    {
        if (Checkpoint.BaseModelOf(folder) is not { } named) return new(folder, null);
        string remedy = $"give its base model: --model BASE --adapter {folder}";
        if (!Directory.Exists(named) && !HubModels.MayBe(named))
            throw new CommandException($"{folder} is an adapter, and its base model {TerminalText.Printable(named)} is no folder here; {remedy}.");
        try
        {
            return new(Directory.Exists(named) ? named : HubModels.Folder(named), folder, HasModules: File.Exists(Path.Combine(folder, "modules.json")));
        }
        catch (HubException e)
        {
            throw new CommandException($"{folder} is an adapter, and its base model {TerminalText.Printable(named)} is no folder here; "
                + $"as a model of a hub: {e.Message.TrimEnd('.')}; {remedy}.", e);
        }
    }

    /// <summary>Whether there is a folder, and each that .. leads out of: the framework takes <c>org/..</c> for the working directory and does not look for org.</summary>
    private static bool IsFolder(string path)
    {
        if (!Directory.Exists(path)) return false;
        string[] parts = path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        for (int i = 1; i < parts.Length; i++)
            if (parts[i] == ".." && string.Join(Path.DirectorySeparatorChar, parts[..i]) is { Length: > 0 } before && !Directory.Exists(before)) return false;
        return true;
    }

    /// <param name="source">How the value was given: <c>--model</c>, or the name of an argument or variable.</param>
    /// <exception cref="CommandException">There is no such folder, and no such model.</exception>
    public static string Existing(string value, string source, HubFiles files = HubFiles.All)
    {
        if (IsFolder(value)) return value;
        string shown = TerminalText.Printable(value);
        if (File.Exists(value) || !HubModels.MayBe(value))
            throw new CommandException($"{source} {shown}: there is no such folder{(File.Exists(value) ? "; it is a file" : "")}.");
        try
        {
            return HubModels.Folder(value, files);
        }
        catch (HubException e)
        {
            throw new CommandException($"{source} {shown}: there is no such folder, and as a model of a hub: {e.Message}", e);
        }
    }
}
