using System.Diagnostics;
using System.Globalization;
namespace Cloze.Cli.Output;

/// <summary>A bar on stderr with rate and remaining time, for what takes longer than a second and only on a terminal.</summary>
/// <remarks>Plain characters without colour, so NO_COLOR changes nothing. For one thread.</remarks>
internal sealed class Progress : IDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan s_shownAfter = TimeSpan.FromSeconds(1), s_redrawnAfter = TimeSpan.FromMilliseconds(100);
    private static bool s_isOnScreen;
    private readonly bool _isTerminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
    private readonly string _unit;
    private readonly long _started = Stopwatch.GetTimestamp();
    private TimeSpan _next = s_shownAfter;

    /// <param name="unit">Of what the rate counts: "texts".</param>
    public Progress(string unit) => _unit = unit;

    /// <param name="done">Units so far.</param>
    /// <param name="fraction">Of all the work, 0 to 1; null: nobody knows how much there is.</param>
    public void Report(long done, double? fraction)
    {
        if (!_isTerminal || Stopwatch.GetElapsedTime(_started) is var elapsed && elapsed < _next) return;
        _next = elapsed + s_redrawnAfter;
        Console.Error.Write($"\r{Line(done, fraction, elapsed, _unit)}\e[K");
        s_isOnScreen = true;
    }

    /// <summary>"[####    ]  50 %  1200 texts  600 texts/s  0:02 left".</summary>
    internal static string Line(long done, double? fraction, TimeSpan elapsed, string unit)
    {
        string rate = string.Create(CultureInfo.InvariantCulture, $"{done} {unit}  {done / elapsed.TotalSeconds:F0} {unit}/s");
        if (fraction is not > 0) return rate;
        double part = Math.Min(fraction.Value, 1);
        int filled = (int)(part * BarWidth);
        TimeSpan left = TimeSpan.FromSeconds(Math.Ceiling(elapsed.TotalSeconds * (1 - part) / part));
        return string.Create(CultureInfo.InvariantCulture,
            $"[{new string('#', filled)}{new string(' ', BarWidth - filled)}] {part * 100,3:F0} %  {rate}  {(long)left.TotalMinutes}:{left.Seconds:D2} left");
    }

    /// <summary>Takes the bar from the screen, before anything else is written.</summary>
    public static void Clear()
    {
        if (!s_isOnScreen) return;
        Console.Error.Write("\r\e[K");
        s_isOnScreen = false;
    }

    public void Dispose() => Clear();
}
