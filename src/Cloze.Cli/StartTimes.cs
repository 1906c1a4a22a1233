using System.Diagnostics;
using System.Globalization;
using Cloze.Cli.Output;
namespace Cloze.Cli;

/// <summary>Where the time from the start of the process to the first result goes; said on stderr with <c>--verbose</c>.</summary>
internal static class StartTimes
{
    private static readonly List<(string Name, long At)> s_marks = new(8);

    /// <summary>Ends a stretch.</summary>
    public static void Mark(string name) => s_marks.Add((name, Stopwatch.GetTimestamp()));

    /// <summary>Ends the last stretch and says all of them, once.</summary>
    public static void FirstResult(bool isVerbose)
    {
        if (s_marks is [] or [.., (FirstPass, _)]) return;
        Mark(FirstPass);
        if (!isVerbose) return;
        using Process process = Process.GetCurrentProcess();
        double runtime = (DateTime.UtcNow - process.StartTime.ToUniversalTime()).TotalMilliseconds - Stopwatch.GetElapsedTime(s_marks[0].At).TotalMilliseconds;
        List<string> parts = [string.Create(CultureInfo.InvariantCulture, $"runtime {runtime:F0}")];
        for (int i = 1; i < s_marks.Count; i++) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{s_marks[i].Name} {Milliseconds(i - 1, i):F0}"));
        string total = (runtime + Milliseconds(0, s_marks.Count - 1)).ToString("F0", CultureInfo.InvariantCulture);
        Messages.Write($"First result after {total} ms: {string.Join(", ", parts)}.");
    }

    private const string FirstPass = "first pass";

    private static double Milliseconds(int from, int to) => Stopwatch.GetElapsedTime(s_marks[from].At, s_marks[to].At).TotalMilliseconds;
}
