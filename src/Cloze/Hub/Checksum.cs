using System.Globalization;
using System.Security.Cryptography;
namespace Cloze.Hub;

/// <summary>What the etag of a file says about its bytes: SHA-256 for a large file (LFS), the SHA-1 of git's blob for a small one.</summary>
internal static class Checksum
{
    private const int Sha1Letters = 40, Sha256Letters = 64, BufferBytes = 1 << 17;

    /// <returns>True, too, for an etag that is no checksum.</returns>
    public static async Task<bool> FitsAsync(string path, string etag, CancellationToken cancellation)
    {
        if (etag.Length is not (Sha1Letters or Sha256Letters) || !etag.All(char.IsAsciiHexDigitLower)) return true;
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using IncrementalHash hash = IncrementalHash.CreateHash(etag.Length == Sha256Letters ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        string blob = string.Create(CultureInfo.InvariantCulture, $"blob {stream.Length}\0");
        if (etag.Length == Sha1Letters) hash.AppendData(System.Text.Encoding.ASCII.GetBytes(blob));
        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;) hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetCurrentHash()) == etag;
    }
}
