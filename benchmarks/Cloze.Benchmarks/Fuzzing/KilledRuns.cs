using System.Diagnostics;
namespace Cloze.Fuzzing;

/// <summary>Starts a program again and again and kills it at random moments.</summary>
internal static class KilledRuns
{
    private const int MostRuns = 20; // for one kill

    /// <param name="environment">Variables that are set for it.</param>
    /// <param name="kills">Runs that are killed before they have ended; others do not count.</param>
    /// <param name="whole">Milliseconds of a run that is let alone.</param>
    /// <param name="check">Looks at what a run has left; null: nothing is wrong.</param>
    /// <returns>One line for each fault.</returns>
    public static IReadOnlyList<string> Run(
        string program, string[] arguments, (string Name, string Value)[] environment, int kills, double whole, int seed, Func<string?> check)
    {
        Random random = new(seed);
        List<string> faults = [];
        int killed = 0;
        for (int run = 0; killed < kills; run++)
        {
            if (run > MostRuns * kills) throw new InvalidOperationException($"{program} ends too soon to be killed {kills} times.");
            long started = Stopwatch.GetTimestamp();
            using Process process = Start(program, arguments, environment);
            if (!process.WaitForExit((int)(whole * random.NextDouble())))
            {
                process.Kill(); // SIGKILL
                killed++;
            }
            else whole = Math.Min(whole, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            process.WaitForExit();
            if (check() is { } fault) faults.Add($"run {run}: {fault}");
        }
        return faults;
    }

    /// <summary>A run that is let alone.</summary>
    /// <returns>Its milliseconds.</returns>
    public static double End(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        long started = Stopwatch.GetTimestamp();
        using Process process = Start(program, arguments, environment);
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static Process Start(string program, string[] arguments, (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
    }
}
