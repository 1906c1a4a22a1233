using System.Globalization;
using Cloze.Benchmarks;
namespace Cloze.Fuzzing;

/// <summary>Runs fuzz targets and writes what came out as a table.</summary>
internal static class FuzzBenchmark
{
    private const int Seed = 20260, SmokeCases = 300;

    /// <summary><c>fuzz-checkpoints [CASES] [SEED] [TARGET…]</c>: cases of each target; 0: the usual 200 000, a million in all.</summary>
    public static int RunCheckpoints(string[] args, bool smoke)
    {
        using CheckpointFuzz fuzz = new(Path.Combine(Machine.Repository, "tests", "Cloze.Tests", "Data"));
        return Run("checkpoints", fuzz.Targets, 200_000, args, smoke);
    }

    /// <summary><c>fuzz-tokenizers [CASES] [SEED] [TARGET…]</c>: cases of each target; 0: the usual 260 000, more than a million in all.</summary>
    public static int RunTokenizers(string[] args, bool smoke)
    {
        using TokenizerFuzz fuzz = new(Path.Combine(Machine.Repository, "tests", "Cloze.Tests", "Data", "tokenizers", "fuzz"));
        return Run("tokenizers", fuzz.Targets, 260_000, args, smoke);
    }

    /// <summary><c>killed-conversions [KILLS] [ROWS]</c>.</summary>
    public static int RunKilled(string[] args, bool smoke)
    {
        int kills = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : smoke ? 2 : 50;
        int rows = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : smoke ? 10_000 : 200_000;
        string folder = Path.Combine(Machine.Repository, "artifacts", "killed", Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(folder);
        IReadOnlyList<string> faults = KilledConversions.Run(ClozeCommand.Executable, folder, kills, rows, Seed);
        Directory.Delete(folder, recursive: true);
        Console.WriteLine($"# `cloze convert`, killed at random moments\n\n{Machine.Describe($"killed-conversions {kills} {rows}")}\n");
        Console.WriteLine($"{kills} runs ended by SIGKILL before they were done; half folders under the final name, or a last run that did not finish: {faults.Count}.");
        foreach (string fault in faults) Console.WriteLine($"- {fault}");
        return faults.Count == 0 ? 0 : 1;
    }

    /// <param name="usual">Cases of each target.</param>
    public static int Run(string name, IReadOnlyList<FuzzTarget> targets, int usual, string[] args, bool smoke)
    {
        int cases = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 0, seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : Seed;
        if (cases == 0) cases = smoke ? SmokeCases : usual;
        Console.WriteLine($"# Mutated files: {name}\n");
        Console.WriteLine(Machine.Describe($"fuzz-{name} {cases} {seed}"));
        Console.WriteLine("\n| target | seeds | mutants | read | refused | slowest, ms | most allocated, bytes | faults |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        List<string> faults = [];
        int all = 0;
        foreach (FuzzTarget target in targets.Where(target => args.Length <= 2 || args.Skip(2).Contains(target.Name)))
        {
            FuzzResult result = FuzzRun.Of(target, cases, seed, smoke ? null : done => Console.Error.Write($"\r{target.Name} {done} "));
            all += result.Cases;
            faults.AddRange(result.Faults.Select(fault => $"{target.Name} {fault}"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {result.Name} | {target.Seeds.Count} | {result.Cases} | {result.Loaded} | {result.Refused} | {result.MostMilliseconds:F1} | {result.MostBytes} | {result.Faults.Count} |"));
        }
        Console.WriteLine($"\n{all} mutants, {faults.Count} faults.");
        foreach (string fault in faults) Console.WriteLine($"- {fault}");
        return faults.Count == 0 ? 0 : 1;
    }
}
