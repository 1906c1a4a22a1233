using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>Where added tokens are found in a text.</summary>
public sealed class AddedTokenTests
{
    /// <summary>Comparing at every place would take 5 · 10^10 steps.</summary>
    [Fact]
    public void Next_IsLinearWhereALongTokenNearlyMatchesEverywhere()
    {
        AddedTokenMatcher matcher = new([Token(new string('a', 50_000) + "b"), Token("aaac")], text => text);
        string text = new string('a', 1_000_000) + "b" + new string('a', 100) + "c";
        Assert.Equal([(950_000, 1_000_001), (1_000_098, 1_000_102)], Found(matcher, text, null));
    }

    /// <summary>Swallowing all white space on either side anew at every place would take 5 · 10^11 steps.</summary>
    [Fact]
    public void Next_IsLinearWhereATokenOfWhiteSpaceSwallowsTheOthers()
    {
        const int Length = 1_000_000;
        string text = new('\n', Length);
        List<(int, int)> right = Found(new([Token("\n") with { RStrip = true }], text => text), text, null);
        Assert.Equal(Enumerable.Range(0, Length).Select(i => (i, Length)), right);
        List<(int, int)> left = Found(new([Token("\n") with { LStrip = true }], text => text), text, null);
        Assert.Equal(Enumerable.Range(0, Length).Select(i => (i, i + 1)), left);
    }

    /// <summary>By comparing, by the automaton, and by trying every token at every place.</summary>
    [Fact]
    public void Next_FindsTheLongestOfTheLeftmostInEitherWay()
    {
        Random random = new(5);
        for (int round = 0; round < 2000; round++)
        {
            string[] contents = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => Text(random, random.Next(1, 6))).Distinct(StringComparer.Ordinal)];
            AddedTokenMatcher matcher = new([.. contents.Select(Token)], text => text);
            string text = Text(random, random.Next(40));
            List<(int, int)> expected = [];
            for (int i = 0; i < text.Length;)
            {
                int length = contents.Where(content => string.CompareOrdinal(text, i, content, 0, content.Length) == 0).Select(content => content.Length).Append(0).Max();
                if (length > 0) expected.Add((i, i + length));
                i += Math.Max(length, 1);
            }
            Assert.Equal(expected, Found(matcher, text, null));
            Assert.Equal(expected, Found(matcher, text, -1));
            Assert.Equal(expected, Found(matcher, text, random.Next(20)));
        }

        static string Text(Random random, int length) => new([.. Enumerable.Range(0, length).Select(_ => "ab\u65E5"[random.Next(3)])]);
    }

    /// <summary>tokenizers 0.23.2: what a token swallowed is searched again, so white space is found twice; behind it the text goes on where the last match ended.</summary>
    [Theory]
    [InlineData("\n", false, true, "a\n\n b", "0-1 1-4 2-4 4-5")]
    [InlineData("\n", true, true, "a \n \nb", "0-1 1-5 5-6")]
    [InlineData("\n", true, false, "a \n\nb", "0-1 1-3 3-4 4-5")]
    [InlineData("  ", false, true, "a     b", "0-1 1-6 3-6 6-7")]
    public void Encode_SearchesSwallowedWhiteSpaceAgain(string content, bool lstrip, bool rstrip, string text, string offsets)
    {
        TokenizerParts parts = new(new WordLevel(new("[UNK]                ".ToCharArray(), [new(0, 5, 0)]), "[UNK]"), Template.None, [Token(content) with { LStrip = lstrip, RStrip = rstrip }]);
        Encoding encoding = new Tokenizer(parts).Encode(text);
        Assert.Equal(offsets, string.Join(' ', encoding.Offsets.ToArray().Select(offset => $"{offset.Start}-{offset.End}")));
    }

    /// <summary>tokenizers 0.23.2, with a token that its normalizer leaves nothing of: an empty match at every place that no other token and no match before it takes.</summary>
    [Theory]
    [InlineData(false, false, false, "b ab", "0-1 1-2 2-4")]
    [InlineData(false, false, false, "a  b", "0-1 1-2 2-3 3-4")]
    [InlineData(false, true, false, "a  b", "0-1 1-3 2-3 3-4")]
    [InlineData(true, true, false, "a  b", "0-1 1-3 3-4")]
    [InlineData(false, false, true, "a  b", "0-2 2-4")]
    [InlineData(false, false, true, " a ", "0-3")]
    public void Encode_CutsWhereATokenIsEmptyWhenNormalized(bool lstrip, bool rstrip, bool singleWord, string text, string offsets)
    {
        AddedToken empty = Token("\u0301") with { LStrip = lstrip, RStrip = rstrip, SingleWord = singleWord, Normalized = true };
        TokenizerParts parts = new(new WordLevel(new("[UNK]                ".ToCharArray(), [new(0, 5, 0)]), "[UNK]"), Template.None, [empty, Token("ab") with { Id = 2, Normalized = true }])
        {
            Normalizer = new StripAccents(),
        };
        Tokenizer tokenizer = new(parts);
        Assert.Equal(offsets, string.Join(' ', tokenizer.Encode(text).Offsets.ToArray().Select(offset => $"{offset.Start}-{offset.End}")));
        TokenizerException e = Assert.Throws<TokenizerException>(() => tokenizer.Encode("a\u4E2D")); // where the reference panics
        Assert.Contains("U+4E2D", e.Message, StringComparison.Ordinal);
    }

    private static List<(int, int)> Found(AddedTokenMatcher matcher, string text, long? steps)
    {
        List<(int, int)> found = [];
        for (AddedTokenMatcher.Scan scan = matcher.In(text, steps); scan.Next() is not null;) found.Add((scan.Start, scan.End));
        return found;
    }

    private static AddedToken Token(string content) => new(content, 1, SingleWord: false, LStrip: false, RStrip: false, Normalized: false, Special: false);
}
