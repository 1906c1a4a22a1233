namespace Cloze.Tokenizers;

/// <summary>The tables of a large vocabulary and of the merges behind it, which another thread makes while the small parts of their file are read.</summary>
internal sealed class TablesAhead
{
    /// <summary>Entries: the tables of fewer are made before another thread has started.</summary>
    public const int WorthAThread = 4096;

    private readonly Task<Vocabulary> _vocabulary;
    private readonly Task<PairTable>? _merges;

    /// <param name="scan">What was taken out of the file.</param>
    /// <param name="path">The file, for errors.</param>
    public TablesAhead(VocabularyScan scan, string path)
    {
        _vocabulary = Task.Run(() => new Vocabulary(scan.Pool, scan.Entries));
        if (scan.Merges is not { } merges) return;
        _merges = _vocabulary.ContinueWith(made => BpeMerges.Read(merges, made.Result, prefix: "", path),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public Vocabulary Vocabulary() => _vocabulary.GetAwaiter().GetResult();

    /// <summary>As pairs without a prefix of parts inside a word.</summary>
    /// <exception cref="TokenizerException">One names what the vocabulary lacks.</exception>
    public PairTable Merges() => _merges!.GetAwaiter().GetResult();
}
