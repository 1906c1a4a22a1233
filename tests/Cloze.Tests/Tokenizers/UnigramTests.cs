using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>The unigram model against a plain one, and at its edges.</summary>
public sealed class UnigramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Tokenize_FindsTheBestPathOfRandomVocabularies(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 60; round++)
        {
            string alphabet = "abé▁\U0001F600"[..(round % 3 == 0 ? 2 : 6)];
            List<(string Piece, double Score)> pieces = [("<unk>", 0)];
            for (int i = random.Next(1, 30); i > 0; i--) pieces.Add((Text(random, alphabet, random.Next(1, 6)), Math.Round(-random.NextDouble() * 10, 1)));
            Unigram model = Model(pieces, unknown: 0);
            for (int k = 0; k < 20; k++) AssertSame(pieces, model, Text(random, alphabet, random.Next(1, 40)));
        }
    }

    [Theory]
    [InlineData("a ab abc bc c", 50_000)] // paths meet now and then
    [InlineData("a aa", 30_000)] // they may never meet
    [InlineData("x", 20_000)] // nothing but unknowns, one token
    [InlineData("abcabcabc abc bca cab a b", 30_000)]
    public void Tokenize_OfAWordLongerThanABlockIsTheSame(string entries, int length)
    {
        List<(string Piece, double Score)> pieces = [("<unk>", 0)];
        foreach (string entry in entries.Split(' ')) pieces.Add((entry, -1.1 - pieces.Count * 0.37));
        Random random = new(5);
        AssertSame(pieces, Model(pieces, unknown: 0), Text(random, "abc", length));
        AssertSame(pieces, Model(pieces, unknown: 0), new('a', length));
    }

    /// <summary>The look at the paths comes in the middle of a pair, one unit later than elsewhere.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Tokenize_OfALongWordOfSurrogatePairs_GivesEachItsPiece(int before)
    {
        const int Pairs = 20_000;
        Unigram model = Model([("<unk>", 0), ("a", -1.5), ("\U0001F600", -2), ("bbb", -3)], unknown: 0);
        string word = new string('a', before) + string.Concat(Enumerable.Repeat("\U0001F600", Pairs));
        TokenSink sink = new();
        model.Tokenize(word, sink);
        Assert.Equal(before + Pairs, sink.Count);
        Assert.All(sink.Ids[before..].ToArray(), id => Assert.Equal(2, id));
        Assert.Equal(new TokenOffset(word.Length - 2, word.Length), sink.Offsets[^1]);
    }

    /// <summary>What is written of a long word stands, whatever follows; a block or two are read beyond the limit.</summary>
    [Fact]
    public void Tokenize_EndsWithinALongWordOnceThereAreTokensEnough()
    {
        List<(string Piece, double Score)> pieces = [("<unk>", 0), ("a", -1.5), ("ab", -2.5), ("abc", -3.1), ("bc", -2), ("c", -1.2)];
        Unigram model = Model(pieces, unknown: 0);
        string word = Text(new(9), "abcd", 1_000_000);
        TokenSink all = new(), some = new() { Limit = 100, KeepsSurfaces = false };
        model.Tokenize(word, all);
        model.Tokenize(word, some);
        Assert.InRange(some.Count, 100, 20_000);
        Assert.Equal(all.Ids[..some.Count].ToArray(), some.Ids.ToArray());
        Assert.Equal(all.Offsets[..some.Count].ToArray(), some.Offsets.ToArray());
        Assert.Empty(some.Surfaces);
        Assert.NotEmpty(all.Surfaces);
    }

    [Fact]
    public void Tokenize_RefusesUnknownCharactersWhereThereIsNoUnknownPiece()
    {
        Unigram model = Model([("a", -1)], unknown: null);
        Assert.Single(Pieces(model, "a"));
        Assert.Contains("unk_id", Assert.Throws<TokenizerException>(() => Pieces(model, "ab")).Message);
    }

    [Fact]
    public void Tokenize_WritesUnknownCharactersAsBytesWhereAllArePieces()
    {
        List<(string Piece, double Score)> pieces = [("<unk>", 0), ("a", -1), ("<0xC3>", -20), ("<0xA9>", -20)];
        Unigram model = Model(pieces, unknown: 0, byteFallback: true);
        Assert.Equal([(1, 0, 1), (2, 1, 2), (3, 1, 2), (1, 2, 3)], Pieces(model, "aéa"));
        Assert.Equal([(0, 0, 2)], Pieces(model, "éx")); // one run of unknowns, of which a byte has no piece
    }

    [Fact]
    public void Trie_HoldsEveryPieceOfALargeVocabulary()
    {
        Random random = new(11);
        HashSet<string> texts = [];
        while (texts.Count < 30_000) texts.Add(Text(random, "abcdefghijklmnopqrstuvwxyzäöüéèñ漢字仮名\U0001F600\U0001F601", random.Next(1, 9)));
        List<(string Piece, double Score)> pieces = [.. texts.Select((text, i) => (text, -1.0 - i))];
        Unigram model = Model(pieces, unknown: 0);
        for (int i = 0; i < pieces.Count; i++)
        {
            Assert.Equal(i, model.IdOf(pieces[i].Piece));
            Assert.Equal(pieces[i].Piece, model.TokenOf(i));
        }
        foreach (string text in texts.Take(5_000)) Assert.Equal(texts.Contains(text + "a"), model.IdOf(text + "a") is not null);
    }

    private static string Text(Random random, string alphabet, int length)
    {
        string[] characters = [.. alphabet.EnumerateRunes().Select(rune => rune.ToString())];
        return string.Concat(Enumerable.Range(0, length).Select(_ => characters[random.Next(characters.Length)]));
    }

    private static Unigram Model(List<(string Piece, double Score)> pieces, int? unknown, bool byteFallback = false)
    {
        string pool = string.Concat(pieces.Select(entry => entry.Piece));
        VocabularyEntry[] entries = new VocabularyEntry[pieces.Count];
        for (int i = 0, start = 0; i < entries.Length; start += pieces[i++].Piece.Length) entries[i] = new(start, pieces[i].Piece.Length, i);
        return new(pool.ToCharArray(), entries, [.. pieces.Select(entry => entry.Score)], unknown, byteFallback);
    }

    private static List<(int Id, int Start, int End)> Pieces(Unigram model, string word)
    {
        TokenSink sink = new();
        sink.StartWord(0, 0);
        model.Tokenize(word, sink);
        return [.. Enumerable.Range(0, sink.Count).Select(i => (sink.Ids[i], sink.Offsets[i].Start, sink.Offsets[i].End))];
    }

    /// <summary>Kudo's model by the book: a dictionary, an array of best sums, unknown characters at the least score less 10, runs of them joined.</summary>
    private static void AssertSame(List<(string Piece, double Score)> pieces, Unigram model, string word)
    {
        Dictionary<string, int> ids = [];
        for (int i = 0; i < pieces.Count; i++) ids[pieces[i].Piece] = i;
        int longest = pieces.Max(entry => entry.Piece.Length);
        double unknown = pieces.Min(entry => entry.Score) - 10;
        (double Score, int From, int Id)[] best = new (double, int, int)[word.Length + 1];
        for (int i = 1; i < best.Length; i++) best[i].From = -1;
        for (int start = 0; start < word.Length;)
        {
            int width = char.IsHighSurrogate(word[start]) ? 2 : 1;
            bool isSingle = false;
            for (int end = start + 1; end <= Math.Min(word.Length, start + longest); end++)
            {
                if (!ids.TryGetValue(word[start..end], out int id)) continue;
                Relax(start, end, pieces[id].Score, id);
                isSingle |= end - start == width;
            }
            if (!isSingle) Relax(start, start + width, unknown, 0);
            start += width;
        }

        List<(int Id, int Start, int End)> path = [];
        for (int end = word.Length; end > 0; end = best[end].From)
        {
            if (best[end].Id == 0 && path is [.., (0, _, _) last]) path[^1] = (0, best[end].From, last.End);
            else path.Add((best[end].Id, best[end].From, end));
        }
        path.Reverse();
        path = path.ConvertAll(token => token.Id == 0 && ids.TryGetValue(word[token.Start..token.End], out int known) ? (known, token.Start, token.End) : token);
        Assert.Equal(path, Pieces(model, word));

        void Relax(int start, int end, double score, int id)
        {
            double sum = best[start].Score + score;
            if (best[end].From < 0 || sum > best[end].Score) best[end] = (sum, start, id);
        }
    }
}
