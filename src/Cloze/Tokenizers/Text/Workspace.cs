namespace Cloze.Tokenizers;

/// <summary>The memory of one call; kept for the next.</summary>
internal sealed class Workspace
{
    /// <summary>Tokens or UTF-16 units; what a call needed beyond that the collector may take.</summary>
    internal const int MostKept = 1 << 20;

    public readonly TokenSink First = new(), Second = new();
    public readonly AlignedBuffer Buffer = new();
    public readonly SplitList Splits = new();

    /// <summary>UTF-16 units of the texts so far, and of what became of them.</summary>
    public long Given, Made;

    private AlignedBuffer _rewritten = new(), _spare = new();

    /// <summary>Where a step of pre-tokenization may write while it reads what the last one wrote.</summary>
    public AlignedBuffer Spare => _spare;

    /// <summary>What a step wrote into <see cref="Spare"/>, which is another one then.</summary>
    public AlignedText TakeSpare()
    {
        (_rewritten, _spare) = (_spare, _rewritten);
        return _rewritten.Text;
    }

    public bool IsWorthKeeping => First.Capacity <= MostKept && Second.Capacity <= MostKept && Buffer.Capacity <= MostKept && _rewritten.Capacity <= MostKept && _spare.Capacity <= MostKept
        && Splits.Capacity <= MostKept;
}

/// <summary>Idle workspaces, at most one for each core, and one for long texts until the collector runs. Safe for concurrent use, without a lock.</summary>
/// <remarks>
/// A thread goes back to the place it used last, so that the words that a workspace remembers stay in the cache of one core. A long text takes none of them: the short ones behind it would
/// allocate theirs again, which sets off the collection that takes the large one away.
/// </remarks>
internal sealed class WorkspacePool
{
    [ThreadStatic]
    private static int t_place;

    private readonly Workspace?[] _idle = new Workspace?[Environment.ProcessorCount];
    private WeakReference<Workspace>? _large;

    /// <param name="keepsSurfaces">Somebody will ask for the texts of tokens.</param>
    /// <param name="units">The length of the text.</param>
    public Workspace Rent(bool keepsSurfaces, int units)
    {
        Workspace work = (units > Workspace.MostKept ? Large() : Idle()) ?? new();
        work.First.Clear();
        work.Second.Clear();
        work.Given = work.Made = 0;
        work.First.KeepsSurfaces = work.Second.KeepsSurfaces = keepsSurfaces;
        return work;
    }

    private Workspace? Large() => Interlocked.Exchange(ref _large, null) is { } large && large.TryGetTarget(out Workspace? work) ? work : null;

    private Workspace? Idle()
    {
        int place = t_place;
        for (int i = 0; i < _idle.Length; i++)
        {
            int at = (place + i) % _idle.Length;
            if (Interlocked.Exchange(ref _idle[at], null) is not { } work) continue;
            t_place = at;
            return work;
        }
        return null;
    }

    public void Return(Workspace work)
    {
        int place = t_place;
        for (int i = 0; i < _idle.Length && work.IsWorthKeeping; i++)
        {
            int at = (place + i) % _idle.Length;
            if (Interlocked.CompareExchange(ref _idle[at], work, null) is not null) continue;
            t_place = at;
            return;
        }
        Volatile.Write(ref _large, new(work));
    }
}
