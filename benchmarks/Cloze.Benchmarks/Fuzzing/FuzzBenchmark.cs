using System.Globalization;
using Cloze.Benchmarks;
using Cloze.Checkpoints;
namespace Cloze.Fuzzing;

/// <summary>Runs fuzz targets and writes what came out as a table.</summary>
internal static class FuzzBenchmark
{
    private const int Seed = 20260, SmokeCases = 300;
    private const string Save = "save";

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
    public static int RunKilledConversions(string[] args, bool smoke) => RunKilled("killed-conversions", "`cloze convert`", args, smoke, (folder, kills, rows) =>
        KilledConversions.Run(ClozeCommand.Executable, KilledConversions.Convert, folder, kills, rows, Seed));

    /// <summary><c>killed-saves [KILLS] [ROWS]</c>.</summary>
    public static int RunKilledSaves(string[] args, bool smoke) => RunKilled("killed-saves", "`Checkpoint.Save`", args, smoke, (folder, kills, rows) =>
        KilledConversions.Run(Environment.ProcessPath!, (model, output) => [Save, model, output], folder, kills, rows, Seed));

    /// <summary><c>killed-downloads [KILLS] [ROWS]</c>: rows of 256 bytes.</summary>
    public static int RunKilledDownloads(string[] args, bool smoke) => RunKilled("killed-downloads", "`cloze download`", args, smoke, (folder, kills, rows) =>
        KilledDownloads.Run(ClozeCommand.Executable, folder, kills, rows * 256, Seed));

    /// <summary><c>save MODEL OUTPUT</c>: the process that <c>killed-saves</c> kills.</summary>
    public static int RunSave(string[] args, bool smoke)
    {
        if (args is not [var model, var output]) return smoke ? 0 : 2;
        using Checkpoint checkpoint = Checkpoint.Open(model);
        checkpoint.Save(output, new() { ShardBytes = 1_000_000, Force = true });
        return 0;
    }

    private static int RunKilled(string name, string what, string[] args, bool smoke, Func<string, int, int, IReadOnlyList<string>> run)
    {
        int kills = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : smoke ? 2 : 50;
        int rows = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : smoke ? 10_000 : 200_000;
        string folder = Path.Combine(Machine.Repository, "artifacts", "killed", Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(folder);
        IReadOnlyList<string> faults = run(folder, kills, rows);
        Directory.Delete(folder, recursive: true);
        Console.WriteLine($"# {what}, killed at random moments\n\n{Machine.Describe($"{name} {kills} {rows}")}\n");
        Console.WriteLine($"{kills} runs ended by SIGKILL before they were done. Faults (something in part under a final name; a next run that does not finish, or leaves "
            + $"hidden files behind): {faults.Count}.");
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
