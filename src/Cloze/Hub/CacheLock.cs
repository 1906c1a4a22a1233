using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>A file that one process at a time holds open for itself; the system lets go of it when the process ends, however it ends.</summary>
/// <remarks>On Unix this is flock, which the locks of <c>huggingface_hub</c> (filelock) are too. The file stays, as theirs does.</remarks>
internal sealed class CacheLock : IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private readonly FileStream _file;

    private CacheLock(FileStream file) => _file = file;

    /// <summary>Waits until no other process holds it.</summary>
    public static async Task<CacheLock> TakeAsync(string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new(new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
            }
            catch (IOException e) when (FileFault.IsInUse(e))
            {
                await Task.Delay(s_pause, cancellation).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
