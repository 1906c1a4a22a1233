namespace Cloze.Tokenizers;

/// <summary>vocab.json: an object of texts and ids.</summary>
internal static class VocabularyJson
{
    /// <exception cref="TokenizerException">The file is no such object.</exception>
    public static Vocabulary Read(string path)
    {
        byte[] json = TokenizerBytes.Read(path);
        if (VocabularyScan.TakeWhole(json, JsonValue.Start(json)) is { } scan) return new(scan.Pool, scan.Entries);

        List<JsonValue> fields = JsonValue.Parse(json, path).Fields(); // something unusual is in it, or wrong with it
        VocabularyEntry[] entries = new VocabularyEntry[fields.Count];
        int length = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = new(length, fields[i].Key.Length, fields[i].Number());
            length += fields[i].Key.Length;
        }
        char[] pool = new char[length + Vocabulary.PoolSlack];
        for (int i = 0; i < entries.Length; i++) fields[i].Key.CopyTo(pool.AsSpan(entries[i].Start));
        return new(pool, entries);
    }
}
