using System.Globalization;
using System.IO.Compression;
namespace Cloze.Benchmarks;

/// <summary>Peak resident memory of <c>cloze embed</c> on the first lines of a corpus: flat, however many there are.</summary>
internal static class Memory
{
    public static int Run(string[] args, bool smoke)
    {
        int[] counts = args.Length > 0 ? [.. args.Select(arg => int.Parse(arg, CultureInfo.InvariantCulture))] : smoke ? [50, 100] : [10_000, 50_000];
        string corpus = Path.Combine(Machine.Repository, "..", "shared/data/corpus/wikipedia-en-2014-slice.txt.gz"), work = Path.Combine(Machine.Repository, "artifacts", "memory");
        if (!File.Exists(corpus))
        {
            Console.WriteLine($"skipped: needs {Path.GetFullPath(corpus)}");
            return 0;
        }
        Directory.CreateDirectory(work);
        Console.WriteLine("# Peak resident memory of `cloze embed`, default model, first lines of wikipedia-en-2014-slice\n");
        Console.WriteLine(Machine.Describe($"memory {string.Join(' ', counts)}"));
        Console.WriteLine("\n| lines | peak, MB | seconds |");
        Console.WriteLine("| ---: | ---: | ---: |");
        foreach (int count in counts)
        {
            string input = Path.Combine(work, $"{count}.txt");
            using (StreamReader lines = new(new GZipStream(File.OpenRead(corpus), CompressionMode.Decompress)))
                File.WriteAllLines(input, Enumerable.Range(0, count).Select(_ => lines.ReadLine()).OfType<string>());
            ClozeCommand.Result result = ClozeCommand.Run("embed", "--input", input, "--output", Path.Combine(work, "vectors.npy"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {count} | {result.PeakMegabytes:F0} | {result.Total / 1000:F1} |"));
        }
        return 0;
    }
}
