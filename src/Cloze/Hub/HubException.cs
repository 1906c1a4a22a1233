namespace Cloze.Hub;

/// <summary>A model cannot be got from a hub or from its cache: no such name, no permission, no connection, a full disk, a wrong checksum.</summary>
/// <remarks>The message is one sentence or two: what was found, where, and what to do. It never holds the token.</remarks>
public sealed class HubException : Exception
{
    public HubException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>Whether the same request may work a little later.</summary>
    internal bool IsTransient { get; init; }
    /// <summary>Whether no connection came about at all.</summary>
    internal bool IsUnreachable { get; init; }
    /// <summary>How long the hub asks to wait; null: it does not say.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
