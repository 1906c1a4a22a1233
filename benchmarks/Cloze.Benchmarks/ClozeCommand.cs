using System.Diagnostics;
using System.Globalization;
namespace Cloze.Benchmarks;

/// <summary>The command that the build left, as a process that is watched.</summary>
internal static class ClozeCommand
{
    public static string Executable { get; } = Path.Combine(Machine.Repository, "artifacts/bin/Cloze.Cli/release", OperatingSystem.IsWindows() ? "cloze.exe" : "cloze");

    /// <param name="FirstLine">Milliseconds from the start of the process to the first line on stdout.</param>
    /// <param name="PeakMegabytes">Largest resident memory that was seen; 0 where the system does not tell.</param>
    public sealed record Result(double FirstLine, double Total, double PeakMegabytes, string Error);

    public static Result Run(params string[] arguments)
    {
        ProcessStartInfo start = new(Executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        long from = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{Executable} did not start.");
        Task<string> error = process.StandardError.ReadToEndAsync();
        double peak = 0;
        using Timer watch = new(_ => peak = Math.Max(peak, Peak(process.Id)), null, 20, 20);
        double first = process.StandardOutput.ReadLine() is null ? double.NaN : Stopwatch.GetElapsedTime(from).TotalMilliseconds;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double total = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
        return process.ExitCode == 0
            ? new(first, total, peak, error.GetAwaiter().GetResult())
            : throw new InvalidOperationException($"cloze {string.Join(' ', arguments)} ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
    }

    /// <summary>The high-water mark that Linux keeps for a process.</summary>
    private static double Peak(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
        }
        catch (IOException)
        {
            return 0; // it has ended, or this is not Linux
        }
    }
}
