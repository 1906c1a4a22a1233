using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Cloze.Tokenizers;
namespace Cloze.Benchmarks;

/// <summary>Every kind of tokenizer beside the reference library (npm package tokenizers), one thread each, the same texts, by turns.</summary>
/// <remarks>
/// Ours: EncodeBatch with one thread, ids, offsets and word ids of every text. Theirs: one encodeBatch call in a child process, parallelism off, no getter called
/// (tools/npm_tokenizers.js race). Both by the CPU time of their best pass, which other processes disturb least. PEER is a folder where
/// <c>npm install tokenizers@0.23.2</c> was run; tokenizers and texts come from ../shared.
/// </remarks>
internal static class TokenizerRace
{
    private const int Rounds = 3;

    /// <summary>Article 1 of the Universal Declaration of Human Rights.</summary>
    private const string Chinese = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。";
    private const string Russian = "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.";
    private const string German = "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.";

    private static readonly string s_shared = Path.Combine(Machine.Repository, "..", "shared");

    /// <summary>Name, tokenizer.json below ../shared, and how many times the reference's speed is asked for.</summary>
    private static readonly (string Name, string Json, int Wanted)[] s_tokenizers =
    [
        ("bert-base-uncased", "data/tokenizers/bert-base-uncased/tokenizer.json", 30),
        ("gpt2", "goldens/tokenizers/gpt2/tokenizer.json.gz", 12),
        ("modernbert", "data/tokenizers/modernbert/tokenizer.json", 12),
        ("deberta-v3", "goldens/tokenizers/deberta-v3/tokenizer.json.gz", 12),
        ("albert-de", "goldens/tokenizers/albert-de/tokenizer.json.gz", 10),
    ];

    public static int Run(string[] args, bool smoke)
    {
        if (smoke || args.Length == 0)
        {
            Console.WriteLine("tokenizer-race needs the npm package: PEER [SECONDS] [NAME …]");
            return smoke ? 0 : 2;
        }
        double seconds = args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 4;
        Console.WriteLine(Machine.Describe("tokenizer-race PEER", "npm package tokenizers 0.23.2"));
        Console.WriteLine("\n| tokenizer | texts | tokens | Cloze, million tokens a CPU second | npm package | times | wanted |");
        Console.WriteLine("|---|---|---:|---:|---:|---:|---:|");
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("cloze-race-");
        try
        {
            foreach ((string name, string json, int wanted) in s_tokenizers.Where(tokenizer => args.Length <= 2 || args.Skip(2).Contains(tokenizer.Name)))
                foreach ((string title, string[] texts) in TokenizerBenchmark.Texts([])) Race(name, json, wanted, title, texts, args[0], seconds, scratch.FullName);
            if (args.Length <= 2 || args.Skip(2).Contains("bert-base-multilingual-cased"))
                foreach ((string title, string text) in (ReadOnlySpan<(string, string)>)[("Chinese", Chinese), ("Russian", Russian), ("German", German)])
                    Race("bert-base-multilingual-cased", "goldens/tokenizers/bert-base-multilingual-cased/tokenizer.json.gz", 10, title, Paragraphs(text), args[0], seconds, scratch.FullName);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
        return 0;
    }

    private static void Race(string name, string json, int wanted, string title, string[] texts, string peer, double seconds, string scratch)
    {
        string file = Path.Combine(scratch, $"{name}.json"), lines = Path.Combine(scratch, "texts.txt");
        using (Stream source = File.OpenRead(Path.Combine(s_shared, json)))
        using (Stream plain = json.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(source, CompressionMode.Decompress) : source)
        using (FileStream target = File.Create(file)) plain.CopyTo(target);
        File.WriteAllLines(lines, texts);
        Tokenizer tokenizer = Tokenizer.Load(file);
        long tokens = tokenizer.EncodeBatch(texts, threads: 1).Sum(encoding => (long)encoding.Count);
        double ours = double.MaxValue, theirs = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            for (Stopwatch watch = Stopwatch.StartNew(); watch.Elapsed.TotalSeconds < seconds / Rounds;)
            {
                double before = Timing.ThreadSeconds();
                tokenizer.EncodeBatch(texts, threads: 1);
                ours = Math.Min(ours, Timing.ThreadSeconds() - before);
            }
            (long count, double best) = Peer(peer, file, lines, seconds / Rounds);
            if (count != tokens) throw new InvalidDataException($"{name}, {title}: {tokens} tokens, the npm package makes {count}.");
            theirs = Math.Min(theirs, best);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {title} | {tokens} | {tokens / ours / 1e6:F2} | {tokens / theirs / 1e6:F3} | {theirs / ours:F1} | {wanted} |"));
    }

    private static (long Tokens, double Seconds) Peer(string peer, string tokenizer, string texts, double seconds)
    {
        ProcessStartInfo start = new("node", [Path.Combine(Machine.Repository, "tools", "npm_tokenizers.js"), "race", peer, tokenizer, texts, seconds.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        using JsonDocument answer = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        process.WaitForExit();
        return (answer.RootElement.GetProperty("tokens").GetInt64(), answer.RootElement.GetProperty("seconds").GetDouble());
    }

    /// <summary>Texts of one to five times a paragraph, so that lengths differ.</summary>
    private static string[] Paragraphs(string text) => [.. Enumerable.Range(0, 2000).Select(i => string.Join(' ', Enumerable.Repeat(text, i % 5 + 1)))];
}
