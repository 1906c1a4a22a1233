namespace Cloze.Pipelines;

/// <summary>Counts the calls that run on a thing, so that it ends after the last of them and not under one. Safe for concurrent use.</summary>
/// <param name="owner">What is named when it is used after its end.</param>
/// <param name="end">Runs once: at <see cref="Dispose"/>, or when the last call leaves after it.</param>
internal sealed class Lifetime(object owner, Action end) : IDisposable
{
    private int _users = 1;   // the owner is the first
    private int _isDisposed;

    /// <returns>To be disposed once, when the call ends.</returns>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public IDisposable Enter()
    {
        while (true)
        {
            int users = Volatile.Read(ref _users);
            ObjectDisposedException.ThrowIf(users == 0 || Volatile.Read(ref _isDisposed) != 0, owner);
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users) return new Call(this);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0) Leave();
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0) end();
    }

    private sealed class Call(Lifetime lifetime) : IDisposable
    {
        private int _hasLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _hasLeft, 1) == 0) lifetime.Leave();
        }
    }
}
