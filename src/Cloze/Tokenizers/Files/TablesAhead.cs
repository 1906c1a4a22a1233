namespace Cloze.Tokenizers;

/// <summary>The tables of a large vocabulary and of the merges behind it, which another thread makes while the rest of their file is read.</summary>
internal sealed class TablesAhead
{
    /// <summary>Entries: the tables of fewer are made before another thread has started.</summary>
    public const int WorthAThread = 4096;

    private readonly Task<Vocabulary> _vocabulary;
    private Task<PairTable>? _merges;

    /// <param name="pool">As <see cref="Tokenizers.Vocabulary"/> takes it.</param>
    /// <param name="entries">As <see cref="Tokenizers.Vocabulary"/> takes them.</param>
    public TablesAhead(char[] pool, VocabularyEntry[] entries) => _vocabulary = Beside.Run(() => new Vocabulary(pool, entries));

    /// <summary>The merges are known, too.</summary>
    /// <param name="merges">What was taken out of the file.</param>
    /// <param name="path">The file, for errors.</param>
    public void Add(MergesScan merges, string path) => _merges = Beside.Run(() => BpeMerges.Read(merges, Vocabulary(), prefix: "", path));

    public Vocabulary Vocabulary() => _vocabulary.GetAwaiter().GetResult();

    /// <summary>As pairs without a prefix of parts inside a word.</summary>
    /// <exception cref="TokenizerException">One names what the vocabulary lacks.</exception>
    public PairTable Merges() => _merges!.GetAwaiter().GetResult();
}
