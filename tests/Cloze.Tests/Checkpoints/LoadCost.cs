using System.Diagnostics;
using System.Globalization;
using Cloze.Tests.Cli;
namespace Cloze.Tests.Checkpoints;

/// <summary>What reading a file may cost, whatever the file says: 2 seconds and 1 GB of resident memory.</summary>
internal static class LoadCost
{
    private const long MostBytes = 1 << 30;
    private static readonly TimeSpan s_mostTime = TimeSpan.FromSeconds(2);

    /// <summary>What a load on this thread cost too much; null: nothing.</summary>
    /// <remarks>
    /// Counts what the thread allocates, freed or not, and the files as if all of their pages stayed: never less than what becomes resident, and nothing
    /// of what other tests do meanwhile. Reading files starts no thread and takes no other memory.
    /// </remarks>
    /// <param name="path">The file, or the folder of files, that is read.</param>
    public static string? Excess(string path, Action load)
    {
        long started = Stopwatch.GetTimestamp(), allocated = GC.GetAllocatedBytesForCurrentThread();
        load();
        TimeSpan time = Stopwatch.GetElapsedTime(started);
        return Excess(time, GC.GetAllocatedBytesForCurrentThread() - allocated + MappedBytes(path));
    }

    /// <summary>The same of the built command, by the high-water mark that Linux keeps for a process.</summary>
    public static async Task<(int ExitCode, string? Excess)> OfCommandAsync(params string[] arguments)
    {
        long started = Stopwatch.GetTimestamp(), peak = 0;
        using Process process = ClozeProcess.Start(arguments);
        Task output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        while (!process.HasExited)
        {
            peak = Math.Max(peak, Peak(process.Id));
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
        TimeSpan time = Stopwatch.GetElapsedTime(started);
        await output;
        return (process.ExitCode, peak == 0 ? "no memory was seen" : Excess(time, peak));
    }

    private static string? Excess(TimeSpan time, long bytes) =>
        time > s_mostTime ? $"took {time.TotalSeconds:F1} s" : bytes > MostBytes ? $"took {bytes >> 20} MB" : null;

    private static long MappedBytes(string path) => File.Exists(path) ? new FileInfo(path).Length
        : Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles().Sum(file => file.Length) : 0;

    private static long Peak(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
        }
        catch (IOException)
        {
            return 0; // it has ended
        }
    }
}
