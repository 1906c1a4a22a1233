using System.CommandLine;
namespace Cloze.Cli;

/// <summary>What every command shares: how failures become one line on stderr and an exit code.</summary>
/// <remarks>0: done. 1: bad input or failure. 2: wrong usage. 130: interrupted.</remarks>
internal static class CommandHost
{
    public const int Done = 0, Failed = 1, Usage = 2, Interrupted = 130;

    public static Option<int?> Threads { get; } = new("--threads") { Description = "Worker threads; default: CLOZE_THREADS, else the number of cores.", Recursive = true };
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Show details and stack traces on stderr.", Recursive = true };
    public static Option<bool> Json { get; } = new("--json") { Description = "JSON Lines on stdout, also on a terminal.", Recursive = true };

    public static int Run(RootCommand root, string[] args)
    {
        root.Options.Add(Threads);
        root.Options.Add(Verbose);
        root.Options.Add(Json);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) Console.Error.WriteLine($"cloze: {error.Message}");
            Console.Error.WriteLine("Try --help.");
            return Usage;
        }
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine($"cloze: {e.Message}");
            return Usage;
        }
        catch (Exception e) when (e is CheckpointException or IOException or UnauthorizedAccessException or CommandException)
        {
            Console.Error.WriteLine(parsed.GetValue(Verbose) ? $"cloze: {e}" : $"cloze: {e.Message}");
            return Failed;
        }
    }
}

/// <summary>Bad input or a failure that a command explains in one message: exit code 1.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Options that do not go together: exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
