using System.Globalization;
using System.Text;
namespace Cloze.Checkpoints;

/// <summary>How messages speak of files and of what stands in them.</summary>
internal static class FileFault
{
    private const int MostLetters = 100;
    private const long MostSmallBytes = 100_000_000;

    /// <summary>Why a file could not be opened, read or written, in words of our own: those of the framework may be left out of a build.</summary>
    public static string Reason(Exception e) => e switch
    {
        FileNotFoundException => "it does not exist",
        DirectoryNotFoundException => "its folder does not exist",
        UnauthorizedAccessException => "permission is denied",
        PathTooLongException => "its path is too long",
        IOException full when IsFull(full) => "the disk is full",
        IOException shared when IsInUse(shared) => "another process uses it",
        _ => e.Message.TrimEnd('.'),
    };

    /// <summary>That a file or a folder cannot be written, why, and what to do.</summary>
    public static IOException Unwritable(string path, Exception e)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        string why = e switch
        {
            _ when File.Exists(folder) => $"{folder} is a file; name a place in a folder",
            FileNotFoundException or DirectoryNotFoundException when Directory.Exists(folder) => $"nothing can be made in {folder}; name a place on a disk",
            FileNotFoundException or DirectoryNotFoundException => "its folder does not exist; make it, or name another place",
            UnauthorizedAccessException => "permission is denied; name another place",
            IOException full when IsFull(full) => "the disk is full; make room, or name another place",
            _ => Reason(e),
        };
        return new($"{path} cannot be written: {why}.", e);
    }

    /// <summary>Whether the disk has no room left.</summary>
    public static bool IsFull(IOException e) => e.HResult is 28 or unchecked((int)0x80070070); // ENOSPC, ERROR_DISK_FULL

    /// <summary>What <see cref="Unwritable"/> explains: faults of the place, and not of what is written.</summary>
    public static bool IsOfPlace(Exception e) =>
        e is UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException or PathTooLongException || e is IOException io && IsFull(io);

    /// <summary>Whether another process holds the file for itself.</summary>
    public static bool IsInUse(IOException e) => e.HResult is unchecked((int)0x80070020) or 11 or 35; // ERROR_SHARING_VIOLATION, EAGAIN

    /// <summary>All bytes of a file of settings.</summary>
    /// <exception cref="CheckpointException">It is not there, not readable, or far too large to hold settings.</exception>
    public static byte[] ReadSmall(string path)
    {
        try
        {
            FileInfo file = WholeFile.Behind(path);
            if (file is { Exists: true, Length: > MostSmallBytes })
                throw new CheckpointException($"{path} has {file.Length} bytes; at most {MostSmallBytes} are read.");
            if (WholeFile.IsPipeOrDevice(file)) throw new CheckpointException($"{path} is a pipe or a device; a file is needed.");
            return WholeFile.Read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {Reason(e)}.", e);
        }
    }

    /// <summary>A name from a file that nobody has checked: no control characters, not without end.</summary>
    public static string Shown(string name)
    {
        StringBuilder shown = new();
        foreach (Rune rune in name.EnumerateRunes())
        {
            if (shown.Length >= MostLetters) return $"'{shown}…'";
            bool isInvisible = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format;
            shown.Append(isInvisible ? string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}") : rune.ToString());
        }
        return shown.Length == 0 || name.Contains(' ') ? $"'{shown}'" : shown.ToString();
    }

    /// <summary>[2,3].</summary>
    public static string Shown(IReadOnlyList<long> shape) => $"[{string.Join(',', shape)}]";

    /// <summary>What people have by accident under the name of a weights file; null: none of that.</summary>
    /// <param name="start">Of the file.</param>
    public static string? OtherFormat(ReadOnlySpan<byte> start) =>
        start.StartsWith("version https://git-lfs"u8) ? "a Git LFS pointer (fetch the file itself: git lfs pull)"
        : start.StartsWith("PK\x03\x04"u8) ? "a zip file, as torch.save writes (let its name end in .bin)"
        : start.StartsWith("GGUF"u8) ? "a GGUF file (get the model's safetensors or .bin file)"
        : start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']) ? "an HDF5 file, as TensorFlow writes (save it as safetensors, by transformers)"
        : start.StartsWith("<!"u8) || start.StartsWith("<html"u8) ? "an HTML page, such as a failed download gives (download it again; a gated model needs a token)"
        : null;
}
