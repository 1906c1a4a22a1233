using System.Diagnostics;
using System.Globalization;
using Cloze.Tokenizers;
namespace Cloze.Benchmarks;

/// <summary>A batch on two threads beside the same batch on one, and beside two processes of one thread each: what the machine gives at that time at most.</summary>
/// <remarks>
/// Processes of their own, by turns, by the clock. On a quiet machine the ratio to one thread says how well a batch is shared; on a busy one the ratio to the two
/// processes does, which meet the same neighbours. Paragraphs of Wikipedia in ../shared. Arguments: SECONDS of a measurement (default 3), ROUNDS (default 5).
/// </remarks>
internal static class TokenizerThreads
{
    private const string Child = "--child";

    private static readonly string s_shared = Path.Combine(Machine.Repository, "..", "shared");

    private static readonly (string Name, string File)[] s_tokenizers =
    [
        ("bert-base-uncased", "data/tokenizers/bert-base-uncased/vocab.txt"),
        ("modernbert", "data/tokenizers/modernbert/tokenizer.json"),
        ("deberta-v3", "data/tokenizers/deberta-v3/spm.model"),
        ("albert-de", "data/tokenizers/albert-de/30k-clean.model"),
    ];

    public static int Run(string[] args, bool smoke)
    {
        if (args is [Child, string path, string threads, string length]) return Measure(path, int.Parse(threads, CultureInfo.InvariantCulture), double.Parse(length, CultureInfo.InvariantCulture));
        if (smoke)
        {
            Console.WriteLine("tokenizer-threads needs ../shared: [SECONDS] [ROUNDS]");
            return 0;
        }
        double seconds = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 3;
        int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        Console.WriteLine("# A batch on two threads\n");
        Console.WriteLine(Machine.Describe("tokenizer-threads"));
        Console.WriteLine($"- {rounds} rounds of {seconds} s each; million tokens a second by the clock, medians; ratios: medians over the rounds\n");
        Console.WriteLine("| tokenizer | one thread | two threads | two processes together | two threads ÷ one | two threads ÷ two processes | two processes ÷ one thread |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach ((string name, string file) in s_tokenizers) Row(name, Path.Combine(s_shared, file), seconds, rounds);
        return 0;
    }

    private static void Row(string name, string file, double seconds, int rounds)
    {
        List<double> one = [], two = [], processes = [];
        for (int round = 0; round < rounds; round++)
        {
            one.Add(Together(file, seconds, [1]));
            two.Add(Together(file, seconds, [2]));
            processes.Add(Together(file, seconds, [1, 1]));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {Median(one):F1} | {Median(two):F1} | {Median(processes):F1} | {Ratio(two, one):F2} | {Ratio(two, processes):F2} | {Ratio(processes, one):F2} |"));

        static double Median(IEnumerable<double> figures) => Timing.Percentile(figures, 0.5);

        static double Ratio(List<double> figures, List<double> others) => Median(figures.Zip(others, (figure, other) => figure / other));
    }

    /// <summary>Million tokens a second of processes with so many threads each, which begin at the same moment.</summary>
    private static double Together(string file, double seconds, int[] threads)
    {
        Process[] processes = [.. threads.Select(count => Process.Start(new ProcessStartInfo(Environment.ProcessPath!,
            ["tokenizer-threads", Child, file, count.ToString(CultureInfo.InvariantCulture), seconds.ToString(CultureInfo.InvariantCulture)])
            { RedirectStandardInput = true, RedirectStandardOutput = true })!)];
        foreach (Process process in processes) process.StandardOutput.ReadLine(); // it is warm
        foreach (Process process in processes) process.StandardInput.Close();
        double sum = 0;
        foreach (Process process in processes)
        {
            sum += double.Parse(process.StandardOutput.ReadToEnd(), CultureInfo.InvariantCulture);
            process.WaitForExit();
            process.Dispose();
        }
        return sum;
    }

    private static int Measure(string path, int threads, double seconds)
    {
        Tokenizer tokenizer = Tokenizer.Load(path);
        string[] texts = TokenizerBenchmark.Texts([]).Last().Texts;
        long tokens = 0;
        for (Stopwatch warm = Stopwatch.StartNew(); warm.Elapsed.TotalSeconds < Math.Min(seconds, 1.5);) tokens = tokenizer.EncodeBatch(texts, threads: threads).Sum(encoding => (long)encoding.Count);
        Console.WriteLine("warm");
        Console.In.ReadToEnd();
        Stopwatch watch = Stopwatch.StartNew();
        int passes = 0;
        for (; watch.Elapsed.TotalSeconds < seconds; passes++) tokenizer.EncodeBatch(texts, threads: threads);
        Console.Write((tokens * passes / watch.Elapsed.TotalSeconds / 1e6).ToString(CultureInfo.InvariantCulture));
        return 0;
    }
}
