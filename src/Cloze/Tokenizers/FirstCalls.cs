using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>What loading and a first encoding call is compiled while the first file is still read: another thread reads a file and encodes a text of a few entries.</summary>
/// <remarks>Compiling takes about half of the time from opening a file to the first encoding. Once in a process for each kind of model.</remarks>
internal static class FirstCalls
{
    private const string Text = "ab ab";
    private const int ScanBit = 1 << 8;

    private static int s_begun; // bits: ScanBit, and 1 << kind

    internal enum Kind { WordPiece, Bpe, Unigram }

    /// <summary>What takes the vocabulary and the merges out of a tokenizer.json.</summary>
    public static void CompileScan() => Once(ScanBit, () =>
    {
        byte[] json = """{"model":{"vocab":{"a":0,"\u00e9":1,"a\u00e9":2},"merges":["a \u00e9"]}}"""u8.ToArray();
        VocabularyScan scan = VocabularyScan.Take(json, 0, "")!;
        return BpeMerges.Read(scan.Merges!, new(scan.Pool, scan.Entries), prefix: "", "");
    });

    /// <summary>A guess at what a tokenizer.json holds; a wrong one costs a little time of another thread.</summary>
    public static void CompileFor(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\"merges\""u8) >= 0) Compile(Kind.Bpe, null, new Gpt2PreTokenizer());
        else if (json.IndexOf("\"WordPiece\""u8) >= 0) CompileBert();
        else Compile(Kind.Unigram, null, new PrefixRewriter('\u2581', replacesSpaces: true, PrependScheme.Always), new MetaspacePreTokenizer('\u2581'));
    }

    public static void CompileBert() =>
        Compile(Kind.WordPiece, new BertNormalizer(cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true), new BertPreTokenizer());

    /// <param name="kind">Of the model that is about to be read.</param>
    /// <param name="normalizer">As the file has it; null: none.</param>
    /// <param name="preTokenizers">As the file has them.</param>
    public static void Compile(Kind kind, INormalizer? normalizer, params IPreTokenizerStep[] preTokenizers) =>
        Once(1 << (int)kind, () => Encode(kind, normalizer, preTokenizers));

    /// <summary>Where there is a compiler, and a second core.</summary>
    private static void Once<T>(int bit, Func<T> calls)
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled || Environment.ProcessorCount == 1 || (Interlocked.Or(ref s_begun, bit) & bit) != 0) return;
        Beside.Run(calls);
    }

    private static Encoding Encode(Kind kind, INormalizer? normalizer, IPreTokenizerStep[] preTokenizers)
    {
        AddedToken added = new("b", 0, SingleWord: false, LStrip: false, RStrip: false, Normalized: false, Special: true);
        TokenizerParts parts = new(Small(kind), Template.Bert("b", 0, "b", 0), [added]) { Normalizer = normalizer, PreTokenizers = preTokenizers };
        return new Tokenizer(parts).Encode(Text);
    }

    private static ITokenModel Small(Kind kind)
    {
        const string Pool = "b##ba\u2581\u0120";
        VocabularyEntry[] entries = [new(0, 1, 0), new(1, 3, 1), new(4, 1, 2), new(5, 1, 3), new(6, 1, 4)];
        char[] texts = new char[Pool.Length + Vocabulary.PoolSlack];
        Pool.CopyTo(texts);
        return kind switch
        {
            Kind.WordPiece => new WordPiece(new(texts, entries), "b", "##", maxInputChars: 100),
            Kind.Bpe => new Bpe(new(texts, entries), new(1), new(), readsBytes: true),
            _ => new Unigram(texts, entries, new double[entries.Length], unknown: 0, byteFallback: false),
        };
    }
}
