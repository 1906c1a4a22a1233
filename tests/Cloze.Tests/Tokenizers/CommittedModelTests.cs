using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>The tokenizer of the committed default model: recorded cases and properties, without anything from outside the repository.</summary>
public sealed class CommittedModelTests
{
    private static readonly string s_folder = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");
    private static readonly Lazy<Tokenizer> s_fromJson = new(() => Tokenizer.Load(s_folder)), s_fromVocabulary = new(() => Tokenizer.Load(Path.Combine(s_folder, "vocab.txt")));

    private static Tokenizer FromJson => s_fromJson.Value;

    [Theory]
    [InlineData("minilm-cases.jsonl")]
    [InlineData("uncased-pretokenized.jsonl")]
    [InlineData("uncased-decode.jsonl")]
    public void Tokenize_EqualsTheRecordedReference(string file) => TokenizerGoldens.AssertEqual(FromJson, Path.Combine(TokenizerGoldens.Committed, file));

    [Theory]
    [InlineData("uncased-pretokenized.jsonl")]
    [InlineData("uncased-decode.jsonl")]
    public void Tokenize_FromVocabularyEqualsTheRecordedReference(string file) => TokenizerGoldens.AssertEqual(s_fromVocabulary.Value, Path.Combine(TokenizerGoldens.Committed, file));

    [Fact]
    public void EncodeToIds_IgnoresTheFilesOwnTruncation()
    {
        string text = string.Join(' ', Enumerable.Repeat("word", 400));
        Assert.Equal(128, FromJson.FileSettings.Truncation!.MaxLength);
        Assert.Equal(256, FromJson.EncodeToIds(text, maxLength: 256).Ids.Length);
        Assert.Equal(402, FromJson.EncodeToIds(text).Ids.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void EncodeBatch_RefusesFewerThreadsThanOne(int threads)
    {
        Assert.Throws<ArgumentOutOfRangeException>(nameof(threads), () => FromJson.EncodeBatch(["a"], threads: threads));
        Assert.Throws<ArgumentOutOfRangeException>(nameof(threads), () => FromJson.EncodeToIds(["a"], threads: threads));
    }

    [Fact]
    public void Offsets_SliceTheTextThatATokenStandsFor()
    {
        foreach (string text in RandomTexts.English(200))
        {
            Encoding encoding = FromJson.Encode(text);
            string[] tokens = encoding.Tokens();
            int[] special = encoding.SpecialTokensMask();
            for (int i = 0; i < tokens.Length; i++)
            {
                if (special[i] == 1 || tokens[i] is "[UNK]" or "[MASK]") continue;
                TokenOffset offset = encoding.Offsets[i];
                string expected = tokens[i].StartsWith("##", StringComparison.Ordinal) ? tokens[i][2..] : tokens[i];
                Assert.Equal(expected, text[offset.Start..offset.End].ToLowerInvariant().Replace("é", "e").Replace("ü", "u"));
            }
        }
    }

    [Fact]
    public void Offsets_NeverSplitACodePointNorGoBackwards()
    {
        foreach (string text in RandomTexts.Unicode(300))
        {
            Encoding encoding = FromJson.Encode(text, new EncodeOptions { AddSpecialTokens = false });
            int last = 0;
            foreach (TokenOffset offset in encoding.Offsets)
            {
                Assert.InRange(offset.Start, 0, offset.End);
                Assert.InRange(offset.End, last, text.Length);
                last = offset.Start;
                Assert.False(offset.Start > 0 && offset.Start < text.Length && char.IsSurrogatePair(text[offset.Start - 1], text[offset.Start]));
                Assert.False(offset.End > 0 && offset.End < text.Length && char.IsSurrogatePair(text[offset.End - 1], text[offset.End]));
            }
        }
    }

    [Fact]
    public void ManyThreads_GiveWhatOneGives()
    {
        string[] texts = [.. RandomTexts.English(1500), .. RandomTexts.Unicode(1500)];
        Encoding[] alone = FromJson.EncodeBatch(texts, threads: 1), together = FromJson.EncodeBatch(texts, threads: 4);
        TokenIds[] ids = FromJson.EncodeToIds(texts, threads: 4);
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.Equal(alone[i].Ids, together[i].Ids);
            Assert.Equal(alone[i].WordIds, together[i].WordIds);
            Assert.Equal(alone[i].Offsets, together[i].Offsets);
            Assert.Equal(alone[i].Ids, ids[i].Ids);
        }
    }

    [Fact]
    public void Blocks_DoNotShowInTheResult()
    {
        EncodeOptions plain = new() { AddSpecialTokens = false };
        string text = string.Join(' ', RandomTexts.English(1500).Concat(RandomTexts.Unicode(300)).Select(t => t.Trim()));
        Assert.True(text.Length > 4 * TextPipeline.BlockLength);
        Encoding whole = FromJson.Encode(text, plain);

        // the same in pieces that end before other spaces than the blocks do
        List<int> ids = [];
        List<TokenOffset> offsets = [];
        for (int start = 0; start < text.Length;)
        {
            int end = start + 700 < text.Length ? text.IndexOf(' ', start + 700) : text.Length;
            if (end < 0) end = text.Length;
            Encoding piece = FromJson.Encode(text[start..end], plain);
            ids.AddRange(piece.Ids);
            foreach (TokenOffset offset in piece.Offsets) offsets.Add(new(offset.Start + start, offset.End + start));
            start = end;
        }
        Assert.Equal(ids, whole.Ids.ToArray());
        Assert.Equal(offsets, whole.Offsets.ToArray());
    }

    [Fact]
    public void ALineOfTenMegabytes_IsEncodedAndCut()
    {
        const string sentence = "The quick brown fox jumps over the lazy dog, again and again. ";
        string text = string.Concat(Enumerable.Repeat(sentence, 10_000_000 / sentence.Length));
        int tokens = FromJson.Encode(sentence, new EncodeOptions { AddSpecialTokens = false }).Count;
        Encoding encoding = FromJson.Encode(text);
        Assert.Equal(tokens * (text.Length / sentence.Length) + 2, encoding.Count);
        Assert.Equal(text.Length - 1, encoding.Offsets[^2].End);
        Assert.Equal(encoding.Ids[..255], FromJson.EncodeToIds(text, maxLength: 256).Ids.AsSpan(0, 255));
        Assert.Equal([101, 100, 102], FromJson.EncodeToIds(new string('a', 10_000_000)).Ids); // one word, longer than max_input_chars_per_word
    }

    [Fact]
    public void Memory_OfALongTextIsNotKept()
    {
        FromJson.EncodeToIds(string.Concat(Enumerable.Repeat("memory ", 1_500_000)), maxLength: null);
        FromJson.EncodeToIds("short");
        long allocated = Allocation.Least(() => FromJson.EncodeToIds("This text has about twelve tokens, and they are made again."));
        Assert.InRange(allocated, 0, 250); // the result, and nothing a token beside it
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t\r\n\u3000")]
    [InlineData("\u0000\u200B\u00AD")]
    public void Encode_OfNothingGivesTheSpecialTokens(string text)
    {
        Assert.Equal([101, 102], FromJson.Encode(text).Ids);
        Assert.Equal([101, 102, 102], FromJson.EncodePair(text, text).Ids);
        Assert.Equal([101, 102], FromJson.EncodeWords([]).Ids);
    }

    [Fact]
    public void ALoneSurrogate_CountsAsTheReplacementCharacter()
    {
        foreach ((string text, string replaced) in ((string, string)[])
            [("a\uD83Db", "a\uFFFDb"), ("\uDE00 a", "\uFFFD a"), ("a \uD83D", "a \uFFFD"), ("\uDE00\uD83D\uDE00\uD83D", "\uFFFD\U0001F600\uFFFD")])
        {
            foreach (Tokenizer tokenizer in (Tokenizer[])[FromJson, NoNormalizer()])
            {
                Encoding actual = tokenizer.Encode(text), expected = tokenizer.Encode(replaced);
                Assert.Equal(expected.Ids, actual.Ids);
                Assert.Equal(expected.Offsets, actual.Offsets); // one unit for one unit
            }
        }
    }

    [Fact]
    public void EncodeToIds_CutsAsEncodeDoes()
    {
        string[] texts = [.. RandomTexts.English(40)];
        for (int length = 3; length < 40; length++)
        {
            EncodeOptions options = new() { Truncation = new(length) };
            foreach (string text in texts)
            {
                Assert.Equal(FromJson.Encode(text, options with { ReturnOverflow = true }).Ids, FromJson.EncodeToIds(text, maxLength: length).Ids);
                Encoding pair = FromJson.EncodePair(text, texts[0], options);
                TokenIds ids = FromJson.EncodeToIds(text, texts[0], length);
                Assert.Equal(pair.Ids, ids.Ids);
                Assert.Equal(pair.TypeIds(), ids.TypeIds);
            }
        }
        Assert.Throws<TokenizerException>(() => FromJson.EncodeToIds("a", maxLength: 1));
    }

    [Fact]
    public void Padding_OutOfProportionIsRefused()
    {
        Assert.Throws<TokenizerException>(() => FromJson.Encode("a", new EncodeOptions { Padding = new(int.MaxValue, 0, "[PAD]") }));
        Assert.Throws<TokenizerException>(() => FromJson.Encode("a", new EncodeOptions { Padding = new(4, 0, "[PAD]", MultipleOf: int.MaxValue) }));
        string text = string.Concat(Enumerable.Repeat("a ", 100_000));
        Assert.Throws<TokenizerException>(() => FromJson.EncodePair(text, text, new EncodeOptions { Truncation = new(7), ReturnOverflow = true })); // a window for each pair of windows
    }

    private static Tokenizer NoNormalizer()
    {
        char[] pool = [.. "[UNK]a\uFFFD", .. new char[Vocabulary.PoolSlack]];
        Vocabulary vocabulary = new(pool, [new(0, 5, 0), new(5, 1, 1), new(6, 1, 2)]);
        return new(new(new WordPiece(vocabulary, "[UNK]", "##", 100), Template.None, []) { PreTokenizers = [new WhitespacePreTokenizer()] });
    }
}
