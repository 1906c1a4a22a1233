using System.Globalization;
using System.IO.Compression;
using System.Text;
using Cloze.Tokenizers;
namespace Cloze.Benchmarks;

/// <summary>What a character of one long text without spaces costs: a text of 10 MB beside one of 100 kB, its beginning, one thread.</summary>
/// <remarks>
/// By turns, after a pass of each that warms code and buffers: one call with the long text, then calls with the short one for as many characters; CPU time of the thread, collections and
/// fresh memory included. Sizes are of the texts in UTF-8. Tokenizers come from ../shared. Arguments: ROUNDS (default 5), NAME … of tokenizers.
/// </remarks>
internal static class TokenizerGrowth
{
    private const int Short = 100_000, Long = 10_000_000, Seed = 7;
    private const double Wanted = 2.5;

    private static readonly string s_shared = Path.Combine(Machine.Repository, "..", "shared");

    private static readonly (string Name, string File)[] s_tokenizers =
    [
        ("bert-base-uncased", "data/tokenizers/bert-base-uncased/vocab.txt"),
        ("bert-base-multilingual-cased", "data/tokenizers/bert-base-multilingual-cased/vocab.txt"),
        ("gpt2", "goldens/tokenizers/gpt2/tokenizer.json.gz"),
        ("modernbert", "data/tokenizers/modernbert/tokenizer.json"),
        ("deberta-v3", "data/tokenizers/deberta-v3/spm.model"),
        ("albert-de", "data/tokenizers/albert-de/30k-clean.model"),
    ];

    /// <summary>Name, and the code points that are drawn from, in ranges of first and last; one alone is repeated. Of spaces nothing is asked.</summary>
    private static readonly (string Name, (int First, int Last)[] Points, bool HasGoal)[] s_texts =
    [
        ("one letter", [('a', 'a')], true),
        ("random letters", [('a', 'z')], true),
        ("Han", [(0x4E00, 0x9FA5)], true),
        ("punctuation", [('!', '/'), (':', '@'), ('[', '`'), ('{', '~')], true),
        ("mixed scripts", [('a', 'z'), ('0', '9'), (0xC0, 0xFF), (0x3B1, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939), (0xE01, 0xE2E), (0x3041, 0x3096), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0x1F600, 0x1F64F)], true),
        ("spaces", [(' ', ' ')], false),
    ];

    public static int Run(string[] args, bool smoke)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : smoke ? 1 : 5, failures = 0;
        (string, string)[] tokenizers = smoke ? [("all-MiniLM-L6-v2", Path.Combine(Machine.Repository, "models", "all-MiniLM-L6-v2", "vocab.txt"))]
            : [.. s_tokenizers.Where(tokenizer => args.Length < 2 || args.Skip(1).Contains(tokenizer.Name)).Select(tokenizer => (tokenizer.Name, Path.Combine(s_shared, tokenizer.File)))];
        int size = smoke ? Short : Long;
        Console.WriteLine("# What a character costs as one text grows\n");
        Console.WriteLine(Machine.Describe(string.Join(' ', args.Prepend("tokenizer-growth"))));
        Console.WriteLine($"- one thread, ids, offsets and words; {rounds} rounds by turns, medians of CPU time; at most {Wanted.ToString(CultureInfo.InvariantCulture)} times is wanted where the text has no spaces\n");
        Console.WriteLine("| tokenizer | text | characters of the long one | its tokens | 100 kB, ns a character | 10 MB, ns a character | times |");
        Console.WriteLine("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
        foreach ((string name, string file) in tokenizers)
        {
            Tokenizer tokenizer = Load(file);
            foreach ((string title, (int, int)[] points, bool hasGoal) in s_texts)
                if (Row(tokenizer, name, title, Text(points, size), rounds) > Wanted && hasGoal && !smoke) failures++;
        }
        return failures == 0 ? 0 : 1;
    }

    private static double Row(Tokenizer tokenizer, string name, string title, string all, int rounds)
    {
        string part = Beginning(all, Short);
        int calls = (all.Length + part.Length - 1) / part.Length, tokens = tokenizer.Encode(all).Count;
        for (int i = 0; i < calls; i++) tokenizer.Encode(part);
        List<double> many = [], one = [];
        for (int round = 0; round < rounds; round++)
        {
            one.Add(Timing.Seconds(1, () => tokenizer.Encode(all)) / all.Length * 1e9);
            many.Add(Timing.Seconds(calls, () => tokenizer.Encode(part)) / part.Length * 1e9);
        }
        (double little, double much) = (Timing.Percentile(many, 0.5), Timing.Percentile(one, 0.5));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {title} | {all.Length} | {tokens} | {little:F1} | {much:F1} | {much / little:F2} |"));
        return much / little;
    }

    /// <summary>Code points by chance, always the same, until the text has so many bytes in UTF-8.</summary>
    private static string Text((int First, int Last)[] points, int bytes)
    {
        Random random = new(Seed);
        StringBuilder text = new(bytes);
        for (int size = 0; size < bytes;)
        {
            (int first, int last) = points[random.Next(points.Length)];
            Rune rune = new(random.Next(first, last + 1));
            text.Append(rune.ToString());
            size += rune.Utf8SequenceLength;
        }
        return text.ToString();
    }

    private static string Beginning(string text, int bytes)
    {
        int units = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if ((bytes -= rune.Utf8SequenceLength) < 0) break;
            units += rune.Utf16SequenceLength;
        }
        return text[..units];
    }

    private static Tokenizer Load(string file)
    {
        if (!file.EndsWith(".gz", StringComparison.Ordinal)) return Tokenizer.Load(file);
        string plain = Path.Combine(Path.GetTempPath(), $"cloze-growth-{Environment.ProcessId}.json");
        try
        {
            using (GZipStream source = new(File.OpenRead(file), CompressionMode.Decompress))
            using (FileStream target = File.Create(plain)) source.CopyTo(target);
            return Tokenizer.Load(plain);
        }
        finally
        {
            File.Delete(plain);
        }
    }
}
