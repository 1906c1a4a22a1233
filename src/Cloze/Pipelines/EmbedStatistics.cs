namespace Cloze.Pipelines;

/// <summary>Counts what goes through an embedder; for one or more calls, also concurrent ones.</summary>
public sealed class EmbedStatistics
{
    private long _texts, _tokens, _truncated;

    public long Texts => Volatile.Read(ref _texts);

    /// <summary>That were computed: special tokens and prompts included, what was cut left out.</summary>
    public long Tokens => Volatile.Read(ref _tokens);

    /// <summary>Texts that were longer than the model reads.</summary>
    public long Truncated => Volatile.Read(ref _truncated);

    internal void Add(int tokens, bool isTruncated)
    {
        Interlocked.Increment(ref _texts);
        Interlocked.Add(ref _tokens, tokens);
        if (isTruncated) Interlocked.Increment(ref _truncated);
    }
}
