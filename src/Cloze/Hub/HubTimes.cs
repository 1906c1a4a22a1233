namespace Cloze.Hub;

/// <summary>How patient requests are.</summary>
internal sealed record HubTimes
{
    /// <summary>Before the second try; doubled for each further one.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(0.5);
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(8);
    /// <summary>A hub that asks for more is not waited for.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>Without a header or a byte, after which a connection counts as cut.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan Connection { get; init; } = TimeSpan.FromSeconds(10);
    public int Tries { get; init; } = 6;
    /// <summary>Where no connection comes about: mostly there is no network.</summary>
    public int TriesToConnect { get; init; } = 3;
}

/// <summary>Counts the failures of one request in a row, and waits between its tries.</summary>
internal sealed class Patience(HubTimes times)
{
    private int _failures;

    /// <summary>Something has arrived: the next failure is the first again.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Waits before the next try.</summary>
    /// <exception cref="HubException">The failure itself: it is none that passes, or there were enough tries.</exception>
    public async Task WaitAsync(HubException failure, CancellationToken cancellation)
    {
        bool isLast = ++_failures >= (failure.IsUnreachable ? times.TriesToConnect : times.Tries) || failure.RetryAfter > times.LongestRetryAfter;
        if (!failure.IsTransient || isLast) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        TimeSpan pause = times.FirstPause * Math.Pow(2, _failures - 1);
        if (pause > times.LongestPause) pause = times.LongestPause;
        await Task.Delay(failure.RetryAfter > pause ? failure.RetryAfter.Value : pause, cancellation).ConfigureAwait(false);
    }
}
