using Cloze.Benchmarks;
using Cloze.Fuzzing;

// One line a benchmark: name, what it measures, how to run it.
IReadOnlyList<Benchmark> benchmarks =
[
    new("gemm", "float32 products at the shapes of encoders, one thread: [rounds] [rows …]", GemmBenchmark.Run),
    new("attention", "attention at the lengths, terms and windows of encoders, one thread", AttentionBenchmark.Run),
    new("feed-forward", "feed-forward blocks, activations and the packing of weights", FeedForwardBenchmark.Run),
    new("tokenizers", "WordPiece, BPE and Unigram against FastBertTokenizer and Microsoft.ML.Tokenizers: [SECONDS] [TEXTS.txt …]", TokenizerBenchmark.Run),
    new("tokenizer-race", "every kind of tokenizer beside the npm package tokenizers, one thread: PEER [SECONDS] [NAME …]", TokenizerRace.Run),
    new("tokenizer-threads", "a batch on two threads beside one, and beside two processes: [SECONDS] [ROUNDS]", TokenizerThreads.Run),
    new("tokenizer-growth", "a character of one text of 10 MB without spaces beside one of 100 kB, one thread: [ROUNDS] [NAME …]", TokenizerGrowth.Run),
    new("tokenizer-loading", "tokenizer files in fresh processes, until the first encoding: [RUNS] [FILE …]", TokenizerLoading.Run),
    new("embedding-race", "2758 sentences through all-MiniLM-L6-v2 beside ONNX Runtime: [threads] [rounds]", EmbeddingRace.Run),
    new("startup", "from the start of the process to the first embedding: [runs]", Startup.Run),
    new("fuzz-checkpoints", "mutated safetensors, pickles, zips, config.json and indexes: [CASES] [SEED] [TARGET …]", FuzzBenchmark.RunCheckpoints),
    new("fuzz-tokenizers", "mutated tokenizer.json, vocab.txt, spm.model and texts: [CASES] [SEED] [TARGET …]", FuzzBenchmark.RunTokenizers),
    new("killed-conversions", "cloze convert, killed at random moments: [KILLS] [ROWS]", FuzzBenchmark.RunKilledConversions),
    new("killed-saves", "Checkpoint.Save, killed at random moments: [KILLS] [ROWS]", FuzzBenchmark.RunKilledSaves),
    new("killed-downloads", "cloze download, killed at random moments: [KILLS] [ROWS of 256 bytes]", FuzzBenchmark.RunKilledDownloads),
    new("save", "Checkpoint.Save alone, which killed-saves kills: MODEL OUTPUT", FuzzBenchmark.RunSave),
    new("loading", "BERT-base from a warm file cache to the first pass, two processes at once: [runs]", Loading.Run),
    new("growth", "time and memory a token of encoders with windows, 1k to 16k tokens, one thread: [most tokens]", Growth.Run),
    new("memory", "peak memory of cloze embed on the first lines of a corpus: [lines …]", Memory.Run),
];

bool smoke = args.Contains("--smoke");
string[] rest = [.. args.Where(arg => arg != "--smoke")];
if (rest is [string name, ..] && benchmarks.FirstOrDefault(benchmark => benchmark.Name == name) is { } chosen)
    return chosen.Run(rest[1..], smoke);

if (rest.Length == 0 && smoke)
{
    int failures = 0;
    foreach (Benchmark benchmark in benchmarks)
    {
        Console.WriteLine($"== {benchmark.Name}");
        if (benchmark.Run([], true) != 0) failures++;
    }
    Console.WriteLine($"{benchmarks.Count - failures} of {benchmarks.Count} benchmarks ran");
    return failures == 0 ? 0 : 1;
}

Console.Error.WriteLine("usage: dotnet run -c Release --project benchmarks/Cloze.Benchmarks -- NAME [arguments] | --smoke");
foreach (Benchmark benchmark in benchmarks) Console.Error.WriteLine($"  {benchmark.Name,-18} {benchmark.Summary}");
return rest.Length == 0 ? 0 : 2;
