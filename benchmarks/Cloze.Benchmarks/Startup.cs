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
        foreach (Match part in results.SelectMany(result => Part().Matches(Line().Match(result.Error).Groups[1].Value)))
        {
            Add(part.Groups[1].Value, part.Groups[3].Value);
            foreach (Match inner in Inner().Matches(part.Groups[2].Value)) Add($"{part.Groups[1].Value}: {inner.Groups[1].Value}", inner.Groups[2].Value);
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

        void Add(string name, string milliseconds)
        {
            if (!parts.TryGetValue(name, out List<double>? values)) parts.Add(name, values = []);
            values.Add(double.Parse(milliseconds, CultureInfo.InvariantCulture));
        }

        static void Row(string name, IEnumerable<double> values) =>
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {EmbeddingRace.Median(values):F0} | {values.Min():F0} |"));
    }

    /// <summary>What --verbose says: "First result after 210 ms: runtime 30, command line 40, model (tokenizer 20 beside weights 60) 90, first pass 50."</summary>
    [GeneratedRegex(@"First result after \d+ ms: (.*)")]
    private static partial Regex Line();

    /// <summary>One stretch of it: a name, perhaps what runs side by side in it, and milliseconds.</summary>
    [GeneratedRegex(@"([a-z][a-z ]*?) (?:\(([^)]*)\) )?(\d+)")]
    private static partial Regex Part();

    [GeneratedRegex(@"([a-z]+) (\d+)")]
    private static partial Regex Inner();
}
