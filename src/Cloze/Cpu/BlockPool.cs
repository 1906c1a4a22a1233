namespace Cloze.Cpu;

/// <summary>Blocks that calls on one model hand to each other, so that a call like the last one asks the system for nothing. Safe for concurrent use.</summary>
/// <remarks>
/// Bounded: what is lent and what lies idle are together never more than the most that was lent at once. Before that is exceeded the blocks that have lain
/// longest go back to the system, and all of them do when the pool is disposed. A block that is given back later is freed at once.
/// </remarks>
internal sealed class BlockPool : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Block> _idle = [];   // the one that has lain longest first
    private bool _disposed;

    /// <summary>Of the blocks that are lent.</summary>
    public long UsedBytes { get; private set; }
    /// <summary>The most that were lent at once.</summary>
    public long PeakBytes { get; private set; }
    /// <summary>Of the blocks that lie idle.</summary>
    public long IdleBytes { get; private set; }

    /// <summary>A block of at least <paramref name="floats"/>, and of less than four times as many if an idle one serves. Not cleared.</summary>
    public Block Rent(long floats)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Block block = TakeIdle(floats) ?? New(Rounded(floats));
            UsedBytes += block.Bytes;
            PeakBytes = Math.Max(PeakBytes, UsedBytes);
            return block;
        }
    }

    /// <summary>A block until the end of a <c>using</c>, whatever is thrown until then.</summary>
    public Lease Lend(long floats) => new(this, Rent(floats));

    public void Return(Block block)
    {
        lock (_lock)
        {
            UsedBytes -= block.Bytes;
            if (_disposed)
            {
                block.Dispose();
                return;
            }
            _idle.Add(block);
            IdleBytes += block.Bytes;
        }
    }

    /// <summary>A lent block that will not come back: it is the caller's now.</summary>
    public Block Forget(Block block)
    {
        lock (_lock) UsedBytes -= block.Bytes;
        return block;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (Block block in _idle) block.Dispose();
            _idle.Clear();
            IdleBytes = 0;
        }
    }

    /// <summary>A block from the system, which first gets back those idle ones that would be too many beside it.</summary>
    private Block New(long floats)
    {
        long used = UsedBytes + floats * sizeof(float);
        int old = 0;
        for (; old < _idle.Count && IdleBytes + used > Math.Max(PeakBytes, used); old++)
        {
            IdleBytes -= _idle[old].Bytes;
            _idle[old].Dispose();
        }
        _idle.RemoveRange(0, old);
        return new(floats);
    }

    /// <summary>
    /// The smallest that fits and is not four times too large, so that a window's smaller batches find the blocks of its large ones; the one that was used
    /// last of equals, since it may lie in the cache.
    /// </summary>
    private Block? TakeIdle(long floats)
    {
        int best = -1;
        for (int i = 0; i < _idle.Count; i++)
        {
            long found = _idle[i].Floats;
            if (found >= floats && found < 4 * Rounded(floats) && (best < 0 || found <= _idle[best].Floats)) best = i;
        }
        if (best < 0) return null;
        Block block = _idle[best];
        _idle.RemoveAt(best);
        IdleBytes -= block.Bytes;
        return block;
    }

    /// <summary>Up to an eighth more, in steps of eighths of a power of two: batches of nearly one size find each other's blocks.</summary>
    private static long Rounded(long floats)
    {
        long step = Math.Max(1024, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)floats) / 16);
        return (floats + step - 1) / step * step;
    }

    /// <summary>A lent block that goes back when it is disposed.</summary>
    public readonly unsafe ref struct Lease(BlockPool pool, Block block)
    {
        public float* Data => block.Data;

        public void Dispose() => pool.Return(block);
    }
}
