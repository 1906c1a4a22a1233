using System.Diagnostics;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

public sealed class BpeTests
{
    /// <summary>Why a long word is read to its end whatever is kept of it: its last character may change its first token.</summary>
    [Fact]
    public void Tokenize_OfAWordDependsOnItsEnd()
    {
        using ScratchFolder scratch = new();
        string[] merges = ["hi", "gh", "fg", "ef", "de", "cd", "bc", "ab"];
        string vocabulary = string.Join(',', "abcdefghi".Select(c => $"\"{c}\"").Concat(merges.Select(merge => $"\"{merge}\"")).Select((token, id) => $"{token}:{id}"));
        string list = string.Join(',', merges.Select(merge => $"[\"{merge[0]}\",\"{merge[1]}\"]"));
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{" + vocabulary + "},\"merges\":[" + list + "]}}"));
        Assert.Equal("ab cd ef gh", string.Join(' ', tokenizer.Encode("abcdefgh").Tokens()));
        Assert.Equal("a bc de fg hi", string.Join(' ', tokenizer.Encode("abcdefghi").Tokens()));
    }

    /// <summary>
    /// Random vocabularies over a, b and c with merges in impossible orders (a pair before those that make its parts), words of all lengths, windows of a few symbols:
    /// the ids of the plain algorithm.
    /// </summary>
    [Fact]
    public void Merging_EqualsPlainMergingOnHostileVocabularies()
    {
        Random random = new(11);
        for (int round = 0; round < 600; round++)
        {
            (List<string> tokens, List<(int Left, int Right, int Merged)> merges) = RandomMerges(random);
            PairTable table = new(merges.Count);
            for (int rank = 0; rank < merges.Count; rank++) table.Set(merges[rank].Left, merges[rank].Right, rank, merges[rank].Merged);
            int[] symbols = [.. Enumerable.Range(0, random.Next(1, 400)).Select(_ => random.Next(3))];
            string text = string.Concat(symbols.Select(symbol => tokens[symbol]));
            BpeWord word = new();
            word.Start(symbols.Length);
            foreach (int symbol in symbols) word.Add(symbol, 1);
            TokenSink sink = new();
            sink.StartWord(0, 0);
            new BpeMerging(table, windowSize: random.Next(24, 80)).Run(word, text, sink);

            Assert.Equal(Plain(symbols, table), sink.Ids.ToArray());
            Assert.Equal(text, string.Concat(sink.Offsets.ToArray().Select(offset => text[offset.Start..offset.End])));
        }
    }

    /// <summary>The first tokens of a word's beginning are those of the whole word, or it is told that they may not be.</summary>
    [Fact]
    public void RunBeginning_GivesTheFirstTokensOfTheWholeWord()
    {
        Random random = new(12);
        int done = 0;
        for (int round = 0; round < 1500; round++)
        {
            (_, List<(int Left, int Right, int Merged)> merges) = RandomMerges(random);
            PairTable table = new(merges.Count);
            for (int rank = 0; rank < merges.Count; rank++) table.Set(merges[rank].Left, merges[rank].Right, rank, merges[rank].Merged);
            int letters = random.Next(1, 4), period = random.Next(1, 40);
            int[] unit = [.. Enumerable.Range(0, 1600).Select(_ => random.Next(letters))];
            if (random.Next(2) == 0) unit = [.. Enumerable.Range(0, 1600).Select(i => unit[i % period])];
            BpeMerging merging = new(table, windowSize: random.Next(24, 80));
            TokenSink whole = Run(unit.Length, out _), beginning = new() { Limit = random.Next(1, 60) };
            BpeWord word = Word(random.Next(100, 800));
            beginning.StartWord(0, 0);
            beginning.Add(77, 0, 0);
            if (merging.RunBeginning(word, new string('a', unit.Length), beginning, int.MaxValue) is not true)
            {
                Assert.Equal(1, beginning.Count);
                continue;
            }
            Assert.True(beginning.Count >= beginning.Limit);
            Assert.Equal(whole.Ids[..(beginning.Count - 1)].ToArray(), beginning.Ids[1..].ToArray());
            Assert.Equal(whole.Offsets[..(beginning.Count - 1)].ToArray(), beginning.Offsets[1..].ToArray());
            done++;

            BpeWord Word(int count)
            {
                BpeWord symbols = new();
                symbols.Start(count);
                foreach (int symbol in unit.AsSpan(0, count)) symbols.Add(symbol, 1);
                return symbols;
            }

            TokenSink Run(int count, out BpeWord symbols)
            {
                TokenSink sink = new();
                sink.StartWord(0, 0);
                merging.Run(symbols = Word(count), new string('a', count), sink);
                return sink;
            }
        }
        Assert.True(done > 700, $"{done} of 1500");
    }

    /// <summary>One word of 2 million letters, of bytes or of characters with a suffix at its end, is read only as far as it counts.</summary>
    [Theory]
    [InlineData(true, "a")]
    [InlineData(true, "hello")]
    [InlineData(true, "日本é")]
    [InlineData(false, "hella")]
    [InlineData(false, "a?")]
    public void EncodeToIds_OfALongWordReadsItsBeginning(bool isByteLevel, string unit)
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(isByteLevel
            ? ByteLevel(scratch, ["h e", "l l", "he ll", "hell o", "a a", "aa aa", "Ã ©"])
            : scratch.Write("tokenizer.json", """
                {"model":{"type":"BPE","vocab":{"u":0,"a":1,"h":2,"e":3,"l":4,"he":5,"ll":6,"hell":7,"ah":8,"a</w>":9},"merges":["h e","l l","he ll","a h"],"unk_token":"u","fuse_unk":true,"end_of_word_suffix":"</w>"}}
                """));
        string text = new System.Text.StringBuilder().Insert(0, unit, 2_000_000 / unit.Length).ToString();
        int[] whole = tokenizer.EncodeToIds(text).Ids;
        Assert.Equal(whole[..500], tokenizer.EncodeToIds(text, maxLength: 500).Ids);
        Encoding kept = tokenizer.Encode(text, new() { Truncation = new(MaxLength: 300) });
        Assert.Equal(tokenizer.Encode(text).Offsets[..300].ToArray(), kept.Offsets.ToArray());
        long allocated = Allocation.Least(() => tokenizer.EncodeToIds(text, maxLength: 500), runs: 4);
        Assert.True(allocated < 200_000, $"{allocated} bytes");
    }

    /// <summary>Quadratic merge loops need hours for these.</summary>
    [Theory]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("é")]
    [InlineData(" ")]
    [InlineData("\U0001F600")]
    public void Encode_IsLinearInRepeatedText(string unit)
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(ByteLevel(scratch, ["a a", "aa aa", "aaaa aaaa", "a b", "ab ab", "Ã ©", "Ġ Ġ", "ĠĠ ĠĠ"]));
        string text = new System.Text.StringBuilder().Insert(0, unit, 1_000_000 / unit.Length).ToString();
        Stopwatch watch = Stopwatch.StartNew();
        Encoding encoding = tokenizer.Encode(text);
        Assert.Equal(text.Length, encoding.Offsets[^1].End);
        Assert.True(watch.Elapsed.TotalSeconds < 60, $"{watch.Elapsed.TotalSeconds} s");
    }

    /// <summary>A long text is read only as far as it counts: by blocks through ByteLevel, and through an expression that allows it.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("""[{"type":"Split","pattern":{"Regex":"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]""")]
    public void Encode_OfALongTextMakesLittleMoreThanItKeeps(string? pretokenizers)
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(ByteLevel(scratch, ["h e", "l l"], pretokenizers));
        string text = string.Concat(Enumerable.Repeat("hello world ", 400_000));
        EncodeOptions options = new() { Truncation = new(MaxLength: 64) };
        long least = long.MaxValue;
        for (int i = 0; i < 4; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(64, tokenizer.Encode(text, options).Count);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.True(least < 100_000, $"{least} bytes for a text of {2 * text.Length}");
    }

    /// <summary>Merges whose windows contradict each other: at last the whole word is merged at once.</summary>
    [Fact]
    public void Merging_EndsWhereOneTokenFillsTheWindow()
    {
        PairTable table = new(20);
        for (int rank = 0; rank < 20; rank++) table.Set(rank, rank, rank, rank + 1); // token n is 2^n times "a"
        BpeWord word = new();
        word.Start(1 << 18);
        for (int i = 0; i < 1 << 18; i++) word.Add(0, 1);
        TokenSink sink = new();
        new BpeMerging(table).Run(word, new string('a', 1 << 18), sink);
        Assert.Equal([18], sink.Ids.ToArray());
    }

    /// <summary>tokenizers 0.23.2, with and without letters for every byte.</summary>
    [Fact]
    public void Encode_ReadsBytesAsItReadsLetters()
    {
        using ScratchFolder scratch = new();
        string[] merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "Ã ©"];
        Tokenizer bytes = Tokenizer.Load(ByteLevel(scratch, merges));
        Tokenizer letters = Tokenizer.Load(ByteLevel(scratch, merges, pretokenizers: """[{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},{"type":"FixedLength","length":1000}]"""));
        foreach (string text in (string[])["hello world", "é hello\U0001F600  é", "\u0000\u007Fÿ 日本", "hellohello" + new string('h', 40)])
        {
            Encoding a = bytes.Encode(text), b = letters.Encode(text);
            Assert.Equal(b.Ids.ToArray(), a.Ids.ToArray());
            Assert.Equal(b.Offsets.ToArray(), a.Offsets.ToArray());
            Assert.Equal(b.Tokens(), a.Tokens());
            Assert.Equal(text, bytes.Decode(a.Ids));
        }
    }

    /// <summary>Vocabularies of real files often lack the bytes that UTF-8 never has.</summary>
    [Theory]
    [InlineData(0xC0, true)]
    [InlineData(0xC1, true)]
    [InlineData(0xF5, true)]
    [InlineData(0xFF, true)]
    [InlineData(0x00, false)]
    [InlineData(0x80, false)]
    [InlineData(0xC2, false)]
    [InlineData(0xF4, false)]
    public void HasAllLetters_AsksForTheBytesOfUtf8(int missing, bool has)
    {
        char[] pool = new char[255 + Vocabulary.PoolSlack];
        VocabularyEntry[] entries = new VocabularyEntry[255];
        for (int b = 0, i = 0; b < 256; b++)
        {
            if (b == missing) continue;
            (pool[i], entries[i]) = (ByteAlphabet.LetterOf((byte)b), new(i, 1, i));
            i++;
        }
        Assert.Equal(has, Bpe.HasAllLetters(new(pool, entries)));
    }

    [Fact]
    public void Encode_RefusesReplacementsThatWouldFillTheMemory()
    {
        string replace = $$"""{"type":"Replace","pattern":{"String":"a"},"content":"{{new string('a', 1000)}}"}""";
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json",
            $$$"""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Sequence","normalizers":[{{{replace}}},{{{replace}}},{{{replace}}}]}}"""));
        Assert.Contains("of 10;", Assert.Throws<TokenizerException>(() => tokenizer.Encode("aaaaaaaaaa")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"merges\":[\"a b c\"]", "not two tokens")]
    [InlineData("\"merges\":[[\"a\"]]", "two tokens")]
    [InlineData("\"merges\":[\"a z\"]", "which the vocabulary lacks")]
    [InlineData("\"merges\":[\"b a\"]", "which the vocabulary lacks")]
    [InlineData("\"merges\":{}", "a list of merges")]
    [InlineData("\"merges\":[3]", "a text or two texts")]
    [InlineData("\"merges\":[],\"dropout\":0.1", "dropout")]
    public void Load_RefusesAModelByName(string fields, string named)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("tokenizer.json", """{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},""" + fields + "}}");
        Assert.Contains(named, Assert.Throws<TokenizerException>(() => Tokenizer.Load(path)).Message, StringComparison.Ordinal);
    }

    /// <summary>Tables of large files are made on another thread: what is wrong with them is said as for small ones, and only if the model needs it.</summary>
    [Fact]
    public void Load_OfALargeFileRefusesAMergeByName()
    {
        using ScratchFolder scratch = new();
        string vocabulary = string.Join(',', Enumerable.Range(0, 5000).Select(id => $"\"{(char)(0x4E00 + id)}\":{id}"));
        string path = scratch.Write("tokenizer.json", $$$"""{"model":{"type":"BPE","vocab":{ {{{vocabulary}}} },"merges":["一 丁"]}}""");
        Assert.Contains("which the vocabulary lacks", Assert.Throws<TokenizerException>(() => Tokenizer.Load(path)).Message, StringComparison.Ordinal);
        path = scratch.Write("tokenizer.json", $$$"""{"model":{"vocab":{ {{{vocabulary}}} },"merges":["一 丁"],"type":"WordLevel","unk_token":"一"}}""");
        Assert.Equal([1], Tokenizer.Load(path).Encode("丁").Ids.ToArray());
        path = scratch.Write("tokenizer.json", $$$"""{"model":{"type":"BPE","continuing_subword_prefix":"##","vocab":{ {{{vocabulary}}},"##丁":5000,"一丁":5001 },"merges":["一 ##丁"]}}""");
        Assert.Equal([5001], Tokenizer.Load(path).Encode("一丁").Ids.ToArray());
    }

    /// <summary>A merge may begin with #; only a line that begins with #version is none.</summary>
    [Fact]
    public void Load_ReadsMergesOfNumberSigns()
    {
        using ScratchFolder scratch = new();
        Tokenizer tokenizer = Tokenizer.Load(scratch.Write("tokenizer.json", """{"model":{"type":"BPE","vocab":{"#":0,"##":1,"a":2},"merges":["#version: 0.2","# #"]}}"""));
        Assert.Equal([1, 2, 0], tokenizer.Encode("##a#").Ids.ToArray());
    }

    [Fact]
    public void Load_ReadsGpt2FilesWithoutAClass()
    {
        using ScratchFolder scratch = new();
        scratch.Write("vocab.json", "{\"h\":0,\"i\":1,\"hi\":2,\"\\u0120\":3,\"<|endoftext|>\":4}");
        scratch.Write("merges.txt", "#version: 0.2\nh i\n");
        Tokenizer tokenizer = Tokenizer.Load(scratch.Path);
        Assert.Equal([2, 3, 2, 4], tokenizer.Encode("hi hi<|endoftext|>").Ids.ToArray());
    }

    /// <summary>A tokenizer.json whose vocabulary is all letters of bytes and what the merges make of them.</summary>
    private static string ByteLevel(ScratchFolder scratch, string[] merges, string? pretokenizers = null)
    {
        List<string> tokens = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.LetterOf((byte)value).ToString()), .. merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))];
        string vocabulary = string.Join(',', tokens.Distinct().Select((token, id) => $"{System.Text.Json.JsonSerializer.Serialize(token)}:{id}"));
        string pre = pretokenizers is null ? """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}""" : $$"""{"type":"Sequence","pretokenizers":{{pretokenizers}}}""";
        return scratch.Write("tokenizer.json",
            $$$"""{"pre_tokenizer":{{{pre}}},"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{ {{{vocabulary}}} },"merges":{{{System.Text.Json.JsonSerializer.Serialize(merges)}}} }}""");
    }

    private static (List<string> Tokens, List<(int Left, int Right, int Merged)> Merges) RandomMerges(Random random)
    {
        List<string> tokens = ["a", "b", "c"];
        List<(int, int, int)> merges = [];
        for (int i = random.Next(1, 40); i > 0; i--)
        {
            int left = random.Next(tokens.Count), right = random.Next(tokens.Count);
            string merged = tokens[left] + tokens[right];
            if (merged.Length > 60) continue;
            int id = tokens.IndexOf(merged);
            if (id < 0)
            {
                id = tokens.Count;
                tokens.Add(merged);
            }
            merges.Insert(random.Next(merges.Count + 1), (left, right, id));
        }
        return (tokens, merges);
    }

    private static List<int> Plain(int[] symbols, PairTable merges)
    {
        List<int> ids = [.. symbols];
        while (true)
        {
            int best = -1, least = PairTable.NoRank, becomes = 0;
            for (int i = 0; i + 1 < ids.Count; i++)
            {
                int rank = merges.Rank(ids[i], ids[i + 1], out int merged);
                if (rank < least) (best, least, becomes) = (i, rank, merged);
            }
            if (best < 0) return ids;
            ids[best] = becomes;
            ids.RemoveAt(best + 1);
        }
    }
}
