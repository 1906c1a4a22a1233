namespace Cloze.Tokenizers;

/// <summary>A WordPiece or WordLevel model whose vocabulary gives one id to several texts: its tokens keep the text that they were found by. Immutable.</summary>
/// <remarks>
/// tokenizers models/wordpiece and wordlevel: a token's text is the piece, not what the id stands for (models/bpe looks it up). Such files are rare, so that other vocabularies do not pay for it.
/// </remarks>
/// <param name="model">Finds the tokens.</param>
/// <param name="vocabulary">The model's.</param>
/// <param name="unknown">The text of a token that is no piece.</param>
/// <param name="prefix">What pieces inside a word begin with; empty: nothing.</param>
internal sealed class OwnTexts(ITokenModel model, Vocabulary vocabulary, string unknown, string prefix) : ITokenModel
{
    public int Count => model.Count;

    public int LargestId => model.LargestId;

    public int? IdOf(ReadOnlySpan<char> token) => model.IdOf(token);

    public string? TokenOf(int id) => model.TokenOf(id);

    public void Tokenize(ReadOnlySpan<char> text, ReadOnlySpan<Split> splits, int origin, int word, int step, TokenSink sink)
    {
        if (!sink.KeepsSurfaces)
        {
            model.Tokenize(text, splits, origin, word, step, sink);
            return;
        }
        for (int i = 0; i < splits.Length; i++, word += step)
        {
            int first = sink.Count;
            model.Tokenize(text, splits.Slice(i, 1), origin, word, step, sink);
            for (int k = first; k < sink.Count; k++)
                if (vocabulary.IsShared(sink.Ids[k])) sink.AddSurface(k, Piece(text, splits[i].Start, sink.Offsets[k], origin, sink.Ids[k]));
        }
    }

    private string Piece(ReadOnlySpan<char> text, int wordStart, TokenOffset offset, int origin, int id)
    {
        ReadOnlySpan<char> found = text[(offset.Start - origin)..(offset.End - origin)];
        string piece = offset.Start - origin == wordStart ? found.ToString() : string.Concat(prefix, found);
        return vocabulary.IdOf(piece) == id ? piece : unknown;
    }
}
