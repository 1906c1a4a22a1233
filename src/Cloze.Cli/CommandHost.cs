using System.CommandLine;
using System.CommandLine.Parsing;
using Cloze.Cli.Output;
namespace Cloze.Cli;

/// <summary>A command by its name; made only when it is called or listed.</summary>
internal sealed record CommandEntry(string Name, Func<Command> Create);

/// <summary>What every command shares: common options, interruption, and how failures become one line on stderr and an exit code.</summary>
/// <remarks>0: done. 1: bad input or failure. 2: wrong usage. 130: interrupted (143: terminated).</remarks>
internal static class CommandHost
{
    public const int Done = 0, Failed = 1, Usage = 2;

    public static Option<int?> Threads { get; } = new("--threads")
    {
        Description = "Worker threads; default: CLOZE_THREADS, else the number of cores.",
        HelpName = "N",
        Recursive = true,
    };
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Show timings, and stack traces of failures, on stderr.", Recursive = true };
    public static Option<bool> Json { get; } = new("--json") { Description = "JSON Lines on stdout, also on a terminal.", Recursive = true };

    /// <summary>Whether results are read by a person, who gets tables and text; else they are JSON.</summary>
    public static bool IsForPerson(ParseResult parsed) => StandardOutput.IsTerminal && !parsed.GetValue(Json);

    /// <summary>Cancelled by Ctrl-C: commands stop at the next batch, with complete lines written.</summary>
    public static CancellationToken Interrupted => Interruption.Token;

    public static int Run(string[] args, CommandEntry[] commands)
    {
        RootCommand root = CommandLine.Root(args, commands);
        ParseResult parsed = root.Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (ParseError error in parsed.Errors) Messages.Write(Messages.OfUsage(error.Message));
            return WrongUsage(parsed);
        }
        if (CommandLine.UnknownOption(parsed, args) is { } unknown)
        {
            Messages.Write($"There is no option {unknown}. (A text that begins with -- is given after a -- of its own.)");
            return WrongUsage(parsed);
        }
        bool verbose = parsed.GetValue(Verbose);
        using Interruption interruption = new();
        try
        {
            if (parsed.GetValue(Threads) is not null) ThreadCount.Of(parsed);   // refused also by commands of one thread
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException) when (Interrupted.IsCancellationRequested)
        {
            Messages.Write("Interrupted.");
            return Interruption.ExitCode;
        }
        catch (OutputClosedException)
        {
            return Done;   // the reader has seen enough (| head)
        }
        catch (UsageException e)
        {
            Messages.Write(e.Message);
            return WrongUsage(parsed);
        }
        catch (Exception e)
        {
            Messages.Write(verbose ? e.ToString() : Messages.Of(e));
            return Failed;
        }
    }

    private static int WrongUsage(ParseResult parsed)
    {
        string command = "";
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Command: not RootCommand } named; at = at.Parent) command = $" {named.Command.Name}{command}";
        Messages.Write($"Try: cloze{command} --help");
        return Usage;
    }
}

/// <summary>Bad input or a failure that a command explains in one message: exit code 1.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Options that are missing or do not go together: exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
