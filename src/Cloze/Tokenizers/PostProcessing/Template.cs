namespace Cloze.Tokenizers;

/// <summary>One place of a template: a sequence, or the ids of a special token.</summary>
/// <param name="Source">What stands there.</param>
/// <param name="TypeId">The type of its tokens.</param>
/// <param name="Ids">Of a special token.</param>
/// <param name="Tokens">The texts of <paramref name="Ids"/>.</param>
internal sealed record TemplatePiece(TokenSource Source, int TypeId, int[] Ids, string[] Tokens)
{
    /// <summary>Some text is not the vocabulary's for its id.</summary>
    public bool HasSurfaces { get; init; }

    public static TemplatePiece Sequence(TokenSource source, int typeId) => new(source, typeId, [], []);

    public static TemplatePiece Special(string token, int id, int typeId) => new(TokenSource.Special, typeId, [id], [token]);
}

/// <summary>Where special tokens go around one or two sequences. Immutable.</summary>
internal sealed record Template(TemplatePiece[] Single, TemplatePiece[] Pair)
{
    /// <summary>What is done to the offsets of every window, in order.</summary>
    public IReadOnlyList<OffsetTrim> Trims { get; init; } = [];

    /// <summary>The reference joins special tokens and sequence at once, so that what trims offsets behind it sees one text (BertProcessing, RobertaProcessing).</summary>
    public bool JoinsSequences { get; init; }

    /// <summary>Further windows take the types of the kept one; else 0 for the first sequence and 1 for the second, as the reference does.</summary>
    public bool HasTypesForAllWindows { get; init; }

    /// <summary>There is no post-processor: the reference does not number a single text's sequence then, and counts its padding as part of it.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>A post-processor without a template: A, or A and B with types 0 and 1.</summary>
    public static Template Sequences { get; } = new(
        [TemplatePiece.Sequence(TokenSource.First, 0)], [TemplatePiece.Sequence(TokenSource.First, 0), TemplatePiece.Sequence(TokenSource.Second, 1)]);

    /// <summary>No post-processor: A, or A and B with types 0 and 1.</summary>
    public static Template None { get; } = Sequences with { IsAbsent = true };

    /// <summary>[CLS] A [SEP], and [CLS] A [SEP] B [SEP] with types 0 and 1.</summary>
    public static Template Bert(string cls, int clsId, string sep, int sepId)
    {
        TemplatePiece first = TemplatePiece.Special(cls, clsId, 0), a = TemplatePiece.Sequence(TokenSource.First, 0), middle = TemplatePiece.Special(sep, sepId, 0);
        return new([first, a, middle], [first, a, middle, TemplatePiece.Sequence(TokenSource.Second, 1), TemplatePiece.Special(sep, sepId, 1)]) { JoinsSequences = true };
    }

    /// <summary>A token before the first sequence, types 0 and 1.</summary>
    public static Template StartingWith(string token, int id)
    {
        TemplatePiece first = TemplatePiece.Special(token, id, 0), a = TemplatePiece.Sequence(TokenSource.First, 0);
        return new([first, a], [first, a, TemplatePiece.Sequence(TokenSource.Second, 1)]);
    }

    /// <summary>RoBERTa: &lt;s&gt; A &lt;/s&gt;, and &lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;, all types 0.</summary>
    public static Template Roberta(string cls, int clsId, string sep, int sepId)
    {
        TemplatePiece first = TemplatePiece.Special(cls, clsId, 0), a = TemplatePiece.Sequence(TokenSource.First, 0), last = TemplatePiece.Special(sep, sepId, 0);
        return new([first, a, last], [first, a, last, last, TemplatePiece.Sequence(TokenSource.Second, 0), last]) { HasTypesForAllWindows = true, JoinsSequences = true };
    }

    public Template With(IReadOnlyList<OffsetTrim> trims) => this with { Trims = trims };

    public TemplatePiece[] Pieces(bool isPair) => isPair ? Pair : Single;

    /// <summary>How many special tokens are added.</summary>
    public int AddedCount(bool isPair)
    {
        int count = 0;
        foreach (TemplatePiece piece in Pieces(isPair)) count += piece.Ids.Length;
        return count;
    }

    /// <summary>The second sequence stands before the first.</summary>
    public bool IsSecondFirst
    {
        get
        {
            foreach (TemplatePiece piece in Pair)
                if (piece.Source != TokenSource.Special) return piece.Source == TokenSource.Second;
            return false;
        }
    }

    /// <summary>The same order and types of the sequences, no special tokens: what not adding special tokens means to the reference.</summary>
    public Template WithoutSpecials() => new(Array.FindAll(Single, IsSequence), Array.FindAll(Pair, IsSequence)) { Trims = Trims, IsAbsent = IsAbsent };

    /// <summary>The same, knowing which special tokens differ from the vocabulary's text for their ids.</summary>
    public Template WithSurfaces(Func<int, string?> tokenOf)
    {
        return this with { Single = Array.ConvertAll(Single, Check), Pair = Array.ConvertAll(Pair, Check) };

        TemplatePiece Check(TemplatePiece piece)
        {
            for (int i = 0; i < piece.Ids.Length; i++)
                if (piece.Tokens[i] != tokenOf(piece.Ids[i])) return piece with { HasSurfaces = true };
            return piece;
        }
    }

    private static bool IsSequence(TemplatePiece piece) => piece.Source != TokenSource.Special;
}
