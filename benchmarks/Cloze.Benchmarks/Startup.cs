using System.Globalization;
using System.Text.RegularExpressions;
namespace Cloze.Benchmarks;

/// <summary>From the start of the process to the first embedding of a short text with the default model, and where the time goes.</summary>
internal static partial class Startup
{
    public static int Run(string[] args, bool smoke)
    {
        int runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : smoke ? 2 : 25;
        string[] command = ["embed", "How are tokens packed?", "--verbose"];
        ClozeCommand.Run(command); // warms the file cache
        ClozeCommand.Result[] results = [.. Enumerable.Range(0, runs).Select(_ => ClozeCommand.Run(command))];
        Dictionary<string, List<double>> parts = [];
        foreach (Match part in results.SelectMany(result => Part().Matches(result.Error[(result.Error.IndexOf(':', result.Error.IndexOf("first result", StringComparison.Ordinal)) + 1)..])))
        {
            if (!parts.TryGetValue(part.Groups[1].Value, out List<double>? values)) parts.Add(part.Groups[1].Value, values = []);
            values.Add(double.Parse(part.Groups[2].Value, CultureInfo.InvariantCulture));
        }
        Console.WriteLine("# From the start of the process to the first embedding, default model, warm file cache\n");
        Console.WriteLine(Machine.Describe($"startup {runs}"));
        Console.WriteLine($"- command that is timed: `cloze {command[0]} \"{command[1]}\"`; {runs} runs one after the other\n");
        Console.WriteLine("| ms | median | lowest |");
        Console.WriteLine("| --- | ---: | ---: |");
        Row("start of the process → first line on stdout", results.Select(result => result.FirstLine));
        foreach ((string name, List<double> values) in parts) Row($"of it, as the process sees it: {name}", values);
        Row("start of the process → its end", results.Select(result => result.Total));
        return 0;

        static void Row(string name, IEnumerable<double> values) =>
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {EmbeddingRace.Median(values):F0} | {values.Min():F0} |"));
    }

    /// <summary>One stretch of the line that --verbose writes: a name and milliseconds.</summary>
    [GeneratedRegex(@"([a-z][\w ]*?) (\d+)[,.]")]
    private static partial Regex Part();
}
