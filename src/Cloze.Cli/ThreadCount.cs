using System.CommandLine;
using System.Globalization;
namespace Cloze.Cli;

/// <summary>How many threads a command computes with.</summary>
internal static class ThreadCount
{
    private const string Variable = "CLOZE_THREADS";

    /// <summary><c>--threads</c>, else CLOZE_THREADS, else the number of cores.</summary>
    public static int Of(ParseResult parsed)
    {
        if (parsed.GetValue(CommandHost.Threads) is { } asked) return asked;
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text) return Environment.ProcessorCount;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads > 0
            ? threads
            : throw new UsageException($"{Variable} is '{text}'; a whole number of at least 1 is needed.");
    }
}
