using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Cloze.Tokenizers;
namespace Cloze.Benchmarks;

/// <summary>Tokenizer files in fresh processes: from the call that opens the file to the return of the first encoding; the start of the runtime does not count.</summary>
/// <remarks>
/// Twice: with the library as NuGet's users have it, all of it compiled while it runs, and with the one beside the command, whose code is compiled ahead (docs/decisions/0062).
/// The file cache is warm. Arguments: RUNS of each (default 15), and FILE … in place of the files in ../shared.
/// </remarks>
internal static class TokenizerLoading
{
    private const string Child = "--child", Text = "How are tokens packed? Without padding: every text ends where the next one begins.";

    private static readonly string s_shared = Path.Combine(Machine.Repository, "..", "shared");

    /// <summary>Name, file, and how many milliseconds are asked for.</summary>
    private static readonly (string Name, string File, int? Wanted)[] s_files =
    [
        ("vocab.txt, 30522 entries (bert-base-uncased)", "data/tokenizers/bert-base-uncased/vocab.txt", 40),
        ("tokenizer.json, 50257 pieces, 50000 merges (gpt2)", "goldens/tokenizers/gpt2/tokenizer.json.gz", 80),
        ("tokenizer.json, 50280 pieces, 50009 merges (modernbert)", "data/tokenizers/modernbert/tokenizer.json", 80),
        ("spm.model, 128000 pieces (deberta-v3)", "data/tokenizers/deberta-v3/spm.model", 150),
    ];

    public static int Run(string[] args, bool smoke)
    {
        if (args is [Child, string path]) return Measure(path);
        int runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : smoke ? 1 : 15;
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("cloze-tokenizer-loading-");
        try
        {
            string ahead = AheadCompiled(scratch.CreateSubdirectory("ahead").FullName);
            (string, string, int?)[] files = args.Length > 1 ? [.. args.Skip(1).Select(file => (Path.GetFileName(file), Path.GetFullPath(file), (int?)null))]
                : smoke ? [("vocab.txt", Path.Combine(Machine.Repository, "models", "all-MiniLM-L6-v2", "vocab.txt"), null)]
                : [.. s_files.Select(file => (file.Name, Unpacked(Path.Combine(s_shared, file.File), scratch.FullName), file.Wanted))];
            Console.WriteLine("# Tokenizer files in a fresh process, until the first encoding has returned\n");
            Console.WriteLine(Machine.Describe($"tokenizer-loading {runs}"));
            Console.WriteLine($"- {runs} processes each, by turns; milliseconds by the clock, and of all threads' CPU time; warm file cache\n");
            Console.WriteLine("| file | library | median | lowest | CPU, median | of it first encoding | wanted |");
            Console.WriteLine("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
            foreach ((string name, string file, int? wanted) in files) Row(name, file, wanted, runs, ahead);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
        return 0;
    }

    private static void Row(string name, string file, int? wanted, int runs, string ahead)
    {
        List<double[]> jit = [], compiled = [];
        for (int run = 0; run < runs; run++)
        {
            jit.Add(Fresh(Environment.ProcessPath!, file));
            compiled.Add(Fresh(ahead, file));
        }
        foreach ((string library, List<double[]> times) in (ReadOnlySpan<(string, List<double[]>)>)[("compiled while it runs", jit), ("compiled ahead", compiled)])
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {library} | {Median(times, 0):F0} | {times.Min(time => time[0]):F0} | {Median(times, 1):F0} | {Median(times, 2):F0} | {wanted} |"));

        static double Median(List<double[]> times, int column) => Timing.Percentile(times.Select(time => time[column]), 0.5);
    }

    /// <summary>Milliseconds by the clock, of CPU time, and of the first encoding.</summary>
    private static double[] Fresh(string program, string file)
    {
        ProcessStartInfo start = new(program, ["tokenizer-loading", Child, file]) { RedirectStandardOutput = true };
        start.Environment["DOTNET_TieredPGO"] = "1"; // as programs have it that say nothing about it
        using Process process = Process.Start(start)!;
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return [.. line.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
    }

    /// <summary>In a process of its own.</summary>
    private static int Measure(string path)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        Tokenizer tokenizer = Tokenizer.Load(path);
        long loaded = Stopwatch.GetTimestamp();
        Encoding encoding = tokenizer.Encode(Text);
        long done = Stopwatch.GetTimestamp();
        double used = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
        if (encoding.Count < 10) throw new InvalidDataException($"{encoding.Count} tokens.");
        Console.Write(string.Create(CultureInfo.InvariantCulture,
            $"{Stopwatch.GetElapsedTime(started, done).TotalMilliseconds} {used} {Stopwatch.GetElapsedTime(loaded, done).TotalMilliseconds}"));
        return 0;
    }

    /// <summary>This program with the command's library in place of its own.</summary>
    private static string AheadCompiled(string folder)
    {
        string name = Path.GetFileNameWithoutExtension(typeof(TokenizerLoading).Assembly.Location), program = Path.Combine(folder, Path.GetFileName(Environment.ProcessPath!));
        foreach (string file in (ReadOnlySpan<string>)[$"{name}.dll", $"{name}.runtimeconfig.json"]) File.Copy(Path.Combine(AppContext.BaseDirectory, file), Path.Combine(folder, file));
        File.Copy(Environment.ProcessPath!, program);
        string library = Path.Combine(Path.GetDirectoryName(ClozeCommand.Executable)!, "Cloze.dll");
        if (!File.Exists(library)) throw new InvalidOperationException($"{library} does not exist. Build the command: dotnet build -c Release src/Cloze.Cli");
        File.Copy(library, Path.Combine(folder, "Cloze.dll"));
        return program;
    }

    private static string Unpacked(string file, string scratch)
    {
        if (!file.EndsWith(".gz", StringComparison.Ordinal)) return file;
        string plain = Path.Combine(Directory.CreateDirectory(Path.Combine(scratch, Path.GetFileName(Path.GetDirectoryName(file)!))).FullName, Path.GetFileNameWithoutExtension(file));
        using GZipStream source = new(File.OpenRead(file), CompressionMode.Decompress);
        using FileStream target = File.Create(plain);
        source.CopyTo(target);
        return plain;
    }
}
