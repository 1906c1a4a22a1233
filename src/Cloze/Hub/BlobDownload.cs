using System.Net;
using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>Brings files into the cache: resumed where an earlier run stopped, checked, and whole under their final name.</summary>
internal sealed class BlobDownload(HubClient client, HubFolder folder, HubModel model, HubTimes times)
{
    /// <summary>Bytes that have arrived; negative: they are thrown away again.</summary>
    public required Action<long> Arrived { private get; init; }

    /// <param name="onDisk">Told how many bytes were there before.</param>
    /// <exception cref="HubException">It cannot be had, or not be written.</exception>
    public async Task FetchAsync(RemoteFile file, Action<long> onDisk, CancellationToken cancellation)
    {
        string blob = folder.Blob(file.Etag), part = blob + HubFolder.Incomplete;
        try
        {
            Directory.CreateDirectory(folder.Blobs);
            if (IsThere(blob, file)) return;
            using CacheLock held = await CacheLock.TakeAsync(folder.Lock(file.Etag), cancellation).ConfigureAwait(false);
            if (IsThere(blob, file)) return; // another process has brought it meanwhile
            if (new FileInfo(part).LinkTarget is not null) File.Delete(part); // the link alone: where it leads is nobody's to write to
            if (Directory.Exists(part)) throw new HubException($"{part} is a folder, where the bytes that arrive are to be kept as a file; remove it.");
            await FillAsync(part, file, onDisk, cancellation).ConfigureAwait(false);
            if (!await Checksum.FitsAsync(part, file.Etag, cancellation).ConfigureAwait(false))
            {
                File.Delete(part); // what an earlier run had left may have been wrong
                await FillAsync(part, file, onDisk, cancellation).ConfigureAwait(false);
                if (!await Checksum.FitsAsync(part, file.Etag, cancellation).ConfigureAwait(false))
                {
                    File.Delete(part);
                    throw new HubException($"{file.Name} of {model} arrived twice with another checksum than the hub announces ({file.Etag}); nothing was kept.");
                }
            }
            File.Move(part, blob, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HubException(FileFault.Unwritable(part, e).Message, e);
        }
    }

    /// <summary>Whole by its length; a blob may itself be a link, to one that models share.</summary>
    private static bool IsThere(string blob, RemoteFile file)
    {
        if (!HubFolder.IsFile(blob)) return false;
        return file.Size is null || file.Size == WholeFile.Behind(blob).Length;
    }

    private async Task FillAsync(string part, RemoteFile file, Action<long> onDisk, CancellationToken cancellation)
    {
        using FileStream stream = new(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        if (stream.Length > file.Size) stream.SetLength(0);
        onDisk(stream.Length);
        long? size = file.Size;
        Patience patience = new(times);
        long longest = stream.Length; // what comes again after a restart is no progress
        while (size is null || stream.Length < size)
        {
            try
            {
                size = await AppendAsync(stream, file, size, Progress, cancellation).ConfigureAwait(false);
            }
            catch (HubException e) when (e.IsTransient)
            {
                await patience.WaitAsync(e, cancellation).ConfigureAwait(false);
            }
        }
        stream.Flush(flushToDisk: true);

        void Progress()
        {
            if (stream.Length <= longest) return;
            longest = stream.Length;
            patience.Reset();
        }
    }

    /// <summary>One request, from the end of what is there.</summary>
    /// <param name="progress">Called after each piece that was written.</param>
    /// <returns>The file's size.</returns>
    private async Task<long> AppendAsync(FileStream stream, RemoteFile file, long? size, Action progress, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await client.GetAsync(model, file, stream.Length, cancellation).ConfigureAwait(false);
        long from = stream.Length;
        if (from > 0 && !(response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == from))
        {
            Arrived(-from); // the server does not resume: all of it again
            stream.SetLength(0);
            if (response.StatusCode != HttpStatusCode.OK) throw Short(from);
        }
        stream.Position = stream.Length;
        size ??= stream.Length + response.Content.Headers.ContentLength;
        await client.CopyAsync(response, async (bytes, token) =>
        {
            if (stream.Position + bytes.Length > size)
            {
                stream.SetLength(0);
                throw new HubException($"{file.Name} of {model} is longer than the {size} bytes that the hub announces; nothing was kept.");
            }
            await stream.WriteAsync(bytes, token).ConfigureAwait(false);
            progress();
            Arrived(bytes.Length);
        }, cancellation).ConfigureAwait(false);
        if (stream.Length < size) throw Short(stream.Length);
        return size ?? stream.Length;

        HubException Short(long end) => new($"{file.Name} of {model} ends after {end} bytes; the hub announces {(size is { } all ? $"{all}" : "more")}. "
            + "What it says of the file is wrong, or something between here and there cuts it: try again later, or take another revision.")
        {
            IsTransient = true,
        };
    }
}
