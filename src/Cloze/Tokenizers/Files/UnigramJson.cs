using System.Text.Json;

namespace Cloze.Tokenizers;

/// <summary>The Unigram <c>model</c> of a tokenizer.json: <c>vocab</c> is a list of pieces and their scores.</summary>
internal static class UnigramJson
{
    /// <param name="vocabulary"><c>vocab</c>.</param>
    /// <param name="unknown"><c>unk_id</c>; null: there is none.</param>
    /// <param name="byteFallback"><c>byte_fallback</c>.</param>
    public static Unigram Read(JsonValue vocabulary, JsonValue? unknown, bool byteFallback)
    {
        char[] pool = new char[vocabulary.Size]; // no more units than bytes
        VocabularyEntry[] pieces = new VocabularyEntry[vocabulary.Size / 24 + 16];
        double[] scores = new double[pieces.Length];
        int count = 0, length = 0;
        Utf8JsonReader reader = vocabulary.Open(JsonTokenType.StartArray, "a list");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || reader.TokenType != JsonTokenType.String) throw Wrong();
            int start = length;
            try
            {
                length += reader.CopyString(pool.AsSpan(start));
            }
            catch (InvalidOperationException e)
            {
                throw new TokenizerException($"{vocabulary.File}: {vocabulary.Name}[{count}] is not valid Unicode. Fetch the file again.", e);
            }
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out double score) || !double.IsFinite(score)) throw Wrong();
            if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray) throw Wrong();
            if (count == pieces.Length)
            {
                Array.Resize(ref pieces, count * 2);
                Array.Resize(ref scores, count * 2);
            }
            (pieces[count], scores[count]) = (new(start, length - start, count), score);
            count++;
        }
        Array.Resize(ref pieces, count);
        Array.Resize(ref scores, count);
        if (unknown is not null && unknown.Number() >= count) throw unknown.Wrong($"the id of one of the {count} pieces");
        return new(pool, pieces, scores, unknown?.Number(), byteFallback);

        TokenizerException Wrong() => new($"{vocabulary.File}: {vocabulary.Name}[{count}] is not a list of a piece and its score. Save the tokenizer again with the library that made it.");
    }
}
