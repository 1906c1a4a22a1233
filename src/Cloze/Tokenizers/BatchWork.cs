namespace Cloze.Tokenizers;

/// <summary>The same work for many texts on some threads, a few texts at a time.</summary>
internal static class BatchWork
{
    /// <summary>UTF-16 units: less than this is done before another thread has started.</summary>
    private const int WorthAThread = 32768;

    /// <param name="texts">The texts.</param>
    /// <param name="threads">At most this many threads; null: one for each core.</param>
    /// <param name="work">Done once for each text, by its number, in any order.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is below 1.</exception>
    public static void Run(IReadOnlyList<string> texts, int? threads, Action<int> work)
    {
        if (threads is { } asked) ArgumentOutOfRangeException.ThrowIfLessThan(asked, 1, nameof(threads));
        int count = texts.Count;
        long units = 0;
        for (int i = 0; i < count; i++) units += texts[i].Length;
        int most = (int)Math.Min(Math.Min(threads ?? Environment.ProcessorCount, count), units / WorthAThread);
        if (most <= 1)
        {
            for (int i = 0; i < count; i++) work(i);
            return;
        }

        int chunk = Math.Clamp(count / (most * 8), 1, 256), next = 0;
        Task[] others = new Task[most - 1];
        for (int i = 0; i < others.Length; i++) others[i] = Task.Run(Share);
        try
        {
            Share();
        }
        finally
        {
            Task.WhenAll(others).GetAwaiter().GetResult(); // throws what a text was refused for, as it was thrown
        }

        void Share()
        {
            for (int start; (start = Interlocked.Add(ref next, chunk) - chunk) < count;)
                for (int i = start; i < Math.Min(start + chunk, count); i++) work(i);
        }
    }
}
