namespace Cloze.Tokenizers;

/// <summary>Work on a thread of its own: in a young process the first use of the thread pool costs milliseconds.</summary>
internal static class Beside
{
    /// <returns>Its result, or what it threw.</returns>
    public static Task<T> Run<T>(Func<T> work)
    {
        Task<T> task = new(work);
        new Thread(task.RunSynchronously) { IsBackground = true }.Start();
        return task;
    }
}
