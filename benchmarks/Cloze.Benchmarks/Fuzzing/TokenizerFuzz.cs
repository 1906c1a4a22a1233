using System.Runtime.InteropServices;
using Cloze.Tokenizers;
namespace Cloze.Fuzzing;

/// <summary>The readers of tokenizer files, and texts: a mutant is loaded and encodes texts in every way, or is encoded by every tokenizer.</summary>
internal sealed class TokenizerFuzz : IDisposable
{
    /// <summary>Bytes: 1 MB, and 16 MB for caches and tables of fixed size (docs/tokenizers.md names them).</summary>
    private const long FreeBytes = 17 << 20;

    private static readonly string[] s_texts = ["the cats, Hello wörld's 3.14 [MASK] <mask>  ab 日本\U0001F600", "", new('a', 200)];
    private static readonly EncodeOptions[] s_options =
    [
        new() { Truncation = new(MaxLength: 9, Stride: 2), ReturnOverflow = true },
        new() { Truncation = new(MaxLength: 12, TruncationStrategy.OnlyFirst, Side.Left), AddSpecialTokens = false },
        new() { Padding = new(Length: null, PadId: 0, PadToken: "[PAD]", MultipleOf: 8) },
    ];

    /// <summary>Classes that read a SentencePiece model, each in its way; the empty one: none is named.</summary>
    private static readonly string[] s_classes = ["", "AlbertTokenizer", "CamembertTokenizer", "DebertaV2Tokenizer", "XLMRobertaTokenizer"];

    private readonly string _seeds, _folder;

    /// <param name="seeds">tests/Cloze.Tests/Data/tokenizers/fuzz.</param>
    public TokenizerFuzz(string seeds)
    {
        _seeds = seeds;
        const string memory = "/dev/shm"; // a million files are not for a disk
        _folder = Directory.CreateDirectory(Path.Combine(Directory.Exists(memory) ? memory : Path.GetTempPath(), $"cloze-fuzz-{Guid.NewGuid():N}")).FullName;
        foreach (string name in s_classes[1..])
        {
            DirectoryInfo folder = Directory.CreateDirectory(Path.Combine(_folder, name));
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer_config.json"), $$"""{"tokenizer_class":"{{name}}"}""");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public IReadOnlyList<FuzzTarget> Targets
    {
        get
        {
            Tokenizer[] tokenizers = [.. Directory.EnumerateFiles(_seeds, "*.json").Order(StringComparer.Ordinal).Select(Tokenizer.Load)];
            return
            [
                new("tokenizer.json", Seeds("*.json"), mutant => ReadFile(mutant, "tokenizer.json"), IsDocumented, FreeBytes),
                new("vocab.txt", Seeds("*.txt"), mutant => ReadFile(mutant, "vocab.txt"), IsDocumented, FreeBytes),
                new("spm.model", Seeds("*.model"), mutant => ReadFile(mutant, Path.Combine(s_classes[mutant.Length % s_classes.Length], "spm.model")), IsDocumented, FreeBytes),
                new("texts", Seeds("*.utf16"), mutant => Encode(tokenizers, mutant), IsDocumented, FreeBytes),
            ];
        }
    }

    private static bool IsDocumented(Exception e) => e is TokenizerException;

    private List<byte[]> Seeds(string pattern) => [.. Directory.EnumerateFiles(_seeds, pattern).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private void ReadFile(byte[] mutant, string name)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, mutant);
        Tokenizer tokenizer = Tokenizer.Load(path);
        foreach (string text in s_texts) All(tokenizer, text);
    }

    /// <summary>Any bytes are UTF-16, lone surrogates included.</summary>
    private static void Encode(Tokenizer[] tokenizers, byte[] mutant)
    {
        string text = new(MemoryMarshal.Cast<byte, char>(mutant));
        All(tokenizers[mutant.Length % tokenizers.Length], text);
    }

    private static void All(Tokenizer tokenizer, string text)
    {
        Encoding encoding = tokenizer.Encode(text);
        for (int i = 0; i < encoding.Count; i++)
            if (encoding.Offsets[i] is var (start, end) && (start < 0 || end < start || end > text.Length)) throw new InvalidDataException($"token {i} has the offsets {start} to {end}");
        tokenizer.Decode(encoding.Ids, skipSpecialTokens: false);
        encoding.Tokens();
        TokenIds ids = tokenizer.EncodeToIds(text, maxLength: int.MaxValue);
        if (!encoding.Ids.SequenceEqual(ids.Ids)) throw new InvalidDataException("ids alone differ from the encoding's");
        EncodeOptions options = s_options[text.Length % s_options.Length];
        tokenizer.EncodePair(text, "a b c", options);
    }
}
