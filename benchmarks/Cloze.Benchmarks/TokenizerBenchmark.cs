using System.Diagnostics;
using System.Globalization;
using Cloze.Tokenizers;
namespace Cloze.Benchmarks;

/// <summary>Tokens a second of WordPiece, BPE and Unigram, one thread and two, beside FastBertTokenizer and Microsoft.ML.Tokenizers where they read the same file: the same texts, in turn, in one process.</summary>
/// <remarks>
/// Ours makes ids, offsets and word ids of every text (Encode), or ids alone (EncodeToIds), as new results; FastBertTokenizer writes ids and mask into given arrays;
/// Microsoft.ML.Tokenizers makes ids. One thread is timed by the CPU time that it used, two by the clock on the wall. The reference library is timed beside it by tools/npm_tokenizers.js.
/// Arguments: SECONDS for each runner and text set (default 4), and TEXTS.txt … (default: STS-B test sentences and paragraphs of Wikipedia in ../shared).
/// BPE and Unigram need the files in ../shared.
/// </remarks>
internal static class TokenizerBenchmark
{
    private static readonly string s_model = Path.Combine(Machine.Repository, "models", "all-MiniLM-L6-v2"), s_files = Path.Combine(Machine.Repository, "..", "shared", "data", "tokenizers");

    public static int Run(string[] args, bool smoke)
    {
        double seconds = smoke ? 0.05 : args is [string given, ..] ? double.Parse(given, CultureInfo.InvariantCulture) : 4;
        Console.WriteLine(Machine.Describe("tokenizers", $"FastBertTokenizer {Version<FastBertTokenizer.BertTokenizer>()}", $"Microsoft.ML.Tokenizers {Version<Microsoft.ML.Tokenizers.BertTokenizer>()}"));
        (string, string[])[] sets = smoke ? [("README", Repeated(File.ReadAllLines(Path.Combine(Machine.Repository, "README.md"))))] : [.. Texts(args)];
        List<(string Title, Tokenizer Tokenizer, Runner[] Peers)> matches = [("WordPiece, all-MiniLM-L6-v2, uncased", Tokenizer.Load(s_model), WordPiece())];
        if (Directory.Exists(s_files))
        {
            matches.Add(("byte-level BPE, vocab.json and merges.txt of GPT-2", Tokenizer.Load(Path.Combine(s_files, "gpt2")), Bpe()));
            matches.Add(("Unigram, spm.model of DeBERTa-v3, no special tokens", Tokenizer.Load(Path.Combine(s_files, "deberta-v3", "spm.model")), Unigram()));
        }

        foreach ((string title, Tokenizer tokenizer, Runner[] peers) in matches)
        {
            Console.WriteLine($"\n## {title}");
            foreach ((string name, string[] texts) in sets)
            {
                Runner[] runners = [.. Ours(tokenizer), .. peers];
                if (Faults(tokenizer, texts) is { } fault)
                {
                    Console.Error.WriteLine(fault);
                    return 1;
                }
                Time(runners, texts, seconds);
                Write(name, texts, runners, tokenizer);
            }
        }
        return 0;
    }

    private static Runner[] Ours(Tokenizer tokenizer) =>
    [
        new("Cloze, Encode", texts => tokenizer.EncodeBatch(texts, threads: 1).Sum(encoding => (long)encoding.Count)),
        new("Cloze, EncodeToIds", texts => tokenizer.EncodeToIds(texts, threads: 1).Sum(encoded => (long)encoded.Ids.Length)),
        new("Cloze, EncodeToIds, 2 threads", texts => tokenizer.EncodeToIds(texts, threads: 2).Sum(encoded => (long)encoded.Ids.Length), isParallel: true),
    ];

    private static Runner[] WordPiece()
    {
        FastBertTokenizer.BertTokenizer fast = new();
        using (StreamReader vocabulary = new(Path.Combine(s_model, "vocab.txt"))) fast.LoadVocabulary(vocabulary, convertInputToLowercase: true);
        Microsoft.ML.Tokenizers.BertTokenizer microsoft = Microsoft.ML.Tokenizers.BertTokenizer.Create(Path.Combine(s_model, "vocab.txt"));
        long[] ids = new long[1 << 17], mask = new long[1 << 17];
        return
        [
            new("FastBertTokenizer, ids and mask", texts => texts.Sum(text => (long)fast.Encode(text, ids, mask, null)), ids: text => [.. ids[..fast.Encode(text, ids, mask, null)].Select(id => (int)id)]),
            new("Microsoft.ML.Tokenizers BertTokenizer, ids", texts => texts.Sum(text => (long)microsoft.EncodeToIds(text).Count), ids: text => [.. microsoft.EncodeToIds(text)]),
        ];
    }

    /// <summary>Its two tokenizers that read the bytes of GPT-2's letters; the expression is GPT-2's, compiled.</summary>
    private static Runner[] Bpe()
    {
        string vocabulary = Path.Combine(s_files, "gpt2", "vocab.json"), merges = Path.Combine(s_files, "gpt2", "merges.txt");
        using FileStream entries = File.OpenRead(vocabulary), pairs = File.OpenRead(merges);
        Microsoft.ML.Tokenizers.BpeOptions options = new(vocabulary, merges)
        {
            ByteLevel = true,
            PreTokenizer = new Microsoft.ML.Tokenizers.RegexPreTokenizer(
                new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", System.Text.RegularExpressions.RegexOptions.Compiled), null),
        };
        return
        [
            Peer("Microsoft.ML.Tokenizers CodeGenTokenizer, ids", Microsoft.ML.Tokenizers.CodeGenTokenizer.Create(entries, pairs)),
            Peer("Microsoft.ML.Tokenizers BpeTokenizer, ids", Microsoft.ML.Tokenizers.BpeTokenizer.Create(options)),
        ];
    }

    private static Runner[] Unigram()
    {
        using FileStream model = File.OpenRead(Path.Combine(s_files, "deberta-v3", "spm.model"));
        return [Peer("Microsoft.ML.Tokenizers SentencePieceTokenizer, ids", Microsoft.ML.Tokenizers.SentencePieceTokenizer.Create(model, addBeginningOfSentence: false, addEndOfSentence: false))];
    }

    private static Runner Peer(string name, Microsoft.ML.Tokenizers.Tokenizer tokenizer) =>
        new(name, texts => texts.Sum(text => (long)tokenizer.EncodeToIds(text).Count), ids: text => [.. tokenizer.EncodeToIds(text)]);

    /// <summary>Both ways of ours must agree before they are timed.</summary>
    private static string? Faults(Tokenizer tokenizer, string[] texts)
    {
        Encoding[] encodings = tokenizer.EncodeBatch(texts);
        TokenIds[] ids = tokenizer.EncodeToIds(texts);
        for (int i = 0; i < texts.Length; i++)
            if (!encodings[i].Ids.SequenceEqual(ids[i].Ids)) return $"text {i}: Encode and EncodeToIds give different ids";
        return null;
    }

    /// <summary>In turn, so that a disturbance meets all of them.</summary>
    private static void Time(Runner[] runners, string[] texts, double seconds)
    {
        foreach (Runner runner in runners)
        {
            runner.Seconds.Clear();
            runner.Tokens = runner.Pass(texts);
        }
        Stopwatch all = Stopwatch.StartNew();
        do
        {
            foreach (Runner runner in runners)
            {
                long start = Stopwatch.GetTimestamp();
                double own = Timing.ThreadSeconds();
                runner.Pass(texts);
                runner.Seconds.Add(runner.IsParallel ? Stopwatch.GetElapsedTime(start).TotalSeconds : Timing.ThreadSeconds() - own);
            }
        }
        while (all.Elapsed.TotalSeconds < seconds * runners.Length);
    }

    private static void Write(string name, string[] texts, Runner[] runners, Tokenizer tokenizer)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long tokens = tokenizer.EncodeBatch(texts, threads: 1).Sum(encoding => (long)encoding.Count);
        double bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)tokens;
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {texts.Length} texts, {tokens} tokens; Encode allocates {bytes:F1} bytes a token, all told."));
        Console.WriteLine();
        Console.WriteLine("| | tokens | texts with our ids | million tokens a second, median | best | median ÷ the fastest other's |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        double reference = runners.Where(runner => runner.Ids is not null).Max(Median);
        foreach (Runner runner in runners)
        {
            string same = runner.Ids is { } ids ? texts.Count(text => ids(text).AsSpan().SequenceEqual(tokenizer.EncodeToIds(text).Ids)).ToString(CultureInfo.InvariantCulture) : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {runner.Name} | {runner.Tokens} | {same} | {Median(runner):F1} | {runner.Tokens / runner.Seconds.Min() / 1e6:F1} | {Median(runner) / reference:F2} |"));
        }

        static double Median(Runner runner) => runner.Tokens / Timing.Percentile(runner.Seconds, 0.5) / 1e6;
    }

    internal static IEnumerable<(string Name, string[] Texts)> Texts(string[] args)
    {
        if (args.Length > 1) return args.Skip(1).Select(path => (Path.GetFileName(path), File.ReadAllLines(path)));
        string shared = Path.Combine(Machine.Repository, "..", "shared", "data");
        string[] pairs = File.ReadAllLines(Path.Combine(shared, "tasks", "glue", "STS-B", "test.tsv"));
        using System.IO.Compression.GZipStream wikipedia = new(File.OpenRead(Path.Combine(shared, "corpus", "wikipedia-en-2014-slice.txt.gz")), System.IO.Compression.CompressionMode.Decompress);
        using StreamReader lines = new(wikipedia);
        List<string> paragraphs = [];
        while (paragraphs.Count < 4000 && lines.ReadLine() is { } line)
            if (line.Length > 200) paragraphs.Add(line);
        return [("STS-B sentences", [.. pairs.Skip(1).SelectMany(row => row.Split('\t')[..2])]), ("Wikipedia paragraphs", [.. paragraphs])];
    }

    private static string[] Repeated(string[] lines) => [.. Enumerable.Repeat(lines, 20).SelectMany(all => all)];

    private static string Version<T>() => Machine.Version(typeof(T).Assembly).Split('+')[0];

    /// <summary>One way to tokenize; a pass makes a result for every text.</summary>
    private sealed class Runner(string name, Func<string[], long> pass, bool isParallel = false, Func<string, int[]>? ids = null)
    {
        public string Name => name;
        public bool IsParallel => isParallel;
        public Func<string[], long> Pass => pass;

        /// <summary>The ids of a text, of another library; null: it is ours.</summary>
        public Func<string, int[]>? Ids => ids;
        public long Tokens { get; set; }
        public List<double> Seconds { get; } = [];
    }
}
