namespace Cloze.Tokenizers;

/// <summary>The memory of one call; kept for the next.</summary>
internal sealed class Workspace
{
    /// <summary>Tokens or UTF-16 units; a call that needed more leaves its memory to the collector.</summary>
    private const int MostKept = 1 << 20;

    public readonly TokenSink First = new(), Second = new();
    public readonly AlignedBuffer Buffer = new();
    public readonly SplitList Splits = new();
    private AlignedBuffer _rewritten = new(), _spare = new();

    /// <summary>Where a step of pre-tokenization may write while it reads what the last one wrote.</summary>
    public AlignedBuffer NextRewritten()
    {
        (_rewritten, _spare) = (_spare, _rewritten);
        return _rewritten;
    }

    public bool IsWorthKeeping => First.Capacity <= MostKept && Second.Capacity <= MostKept && Buffer.Capacity <= MostKept && _rewritten.Capacity <= MostKept && _spare.Capacity <= MostKept
        && Splits.Capacity <= MostKept;
}

/// <summary>Idle workspaces, at most one for each core. Safe for concurrent use, without a lock.</summary>
/// <remarks>A thread goes back to the place it used last, so that the words that a workspace remembers stay in the cache of one core.</remarks>
internal sealed class WorkspacePool
{
    [ThreadStatic]
    private static int t_place;

    private readonly Workspace?[] _idle = new Workspace?[Environment.ProcessorCount];

    public Workspace Rent()
    {
        Workspace? work = null;
        int place = t_place;
        for (int i = 0; i < _idle.Length && work is null; i++)
        {
            int at = (place + i) % _idle.Length;
            work = Interlocked.Exchange(ref _idle[at], null);
            if (work is not null) t_place = at;
        }
        work ??= new();
        work.First.Clear();
        work.Second.Clear();
        return work;
    }

    public void Return(Workspace work)
    {
        if (!work.IsWorthKeeping) return;
        int place = t_place;
        for (int i = 0; i < _idle.Length; i++)
        {
            int at = (place + i) % _idle.Length;
            if (Interlocked.CompareExchange(ref _idle[at], work, null) is not null) continue;
            t_place = at;
            return;
        }
    }
}
