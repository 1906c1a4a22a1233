namespace Cloze.Tokenizers;

/// <summary>A pre-token is a token, or unknown. Immutable, shared between threads.</summary>
/// <remarks>tokenizers models/wordlevel.</remarks>
internal sealed class WordLevel(Vocabulary vocabulary, string unknownToken) : ITokenModel
{
    private readonly int? _unknown = vocabulary.IdOf(unknownToken);

    public int Count => vocabulary.Count;

    public int LargestId => vocabulary.LargestId;

    public int? IdOf(ReadOnlySpan<char> token) => vocabulary.IdOf(token);

    public string? TokenOf(int id) => vocabulary.TokenOf(id);

    public void Tokenize(ReadOnlySpan<char> text, ReadOnlySpan<Split> splits, int origin, int word, int step, TokenSink sink)
    {
        foreach (Split split in splits)
        {
            sink.StartWord(origin + split.Start, word);
            int id = vocabulary.IdOf(text[split.Start..split.End]) ?? _unknown
                ?? throw new TokenizerException($"A word is not in the WordLevel vocabulary, and its unknown token {unknownToken} is not there either. Add {unknownToken} to the vocabulary.");
            sink.Add(id, 0, split.End - split.Start);
            word += step;
        }
    }
}
