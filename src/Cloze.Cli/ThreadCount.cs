using System.CommandLine;
using Cloze.Cli.Output;
using Cloze.Cpu;
namespace Cloze.Cli;

/// <summary>How many threads a command computes with.</summary>
internal static class ThreadCount
{
    /// <summary><c>--threads</c>, else CLOZE_THREADS, else the number of cores.</summary>
    /// <exception cref="UsageException">The one that counts is no number from 1 to 1024.</exception>
    public static int Of(ParseResult parsed)
    {
        try
        {
            return CpuRuntime.CountThreads(parsed.GetValue(CommandHost.Threads));
        }
        catch (ArgumentException e)
        {
            throw new UsageException(Messages.Of(e));
        }
    }
}
