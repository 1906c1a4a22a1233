using Microsoft.Win32.SafeHandles;
namespace Cloze.Cli.Output;

/// <summary>The process's stdout as bytes. A reader that has gone away is noticed.</summary>
/// <remarks>
/// The console's own stream hides a closed pipe and would let a run go on for nobody; a FileStream over the handle reports it. A FileStream on a
/// file, though, writes at an offset
/// of its own and would overwrite what another process appends through the same handle, so files keep the console's stream.
/// </remarks>
internal sealed class StandardOutput : Stream
{
    private const int UnixHandle = 1;
    private readonly Stream _inner = Open();

    public static bool IsTerminal => !Console.IsOutputRedirected;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _inner.Write(buffer);
        }
        catch (IOException e) when (_inner is FileStream)
        {
            throw new OutputClosedException(e);
        }
        catch (IOException e)
        {
            throw new CommandException($"stdout cannot be written: {e.Message.TrimEnd('.')}.", e);
        }
    }

    public override void Flush() => _inner.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    private static Stream Open()
    {
        if (!OperatingSystem.IsWindows() && !IsTerminal)
        {
            FileStream handle = new(new SafeFileHandle(UnixHandle, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!handle.CanSeek) return handle;
        }
        return Console.OpenStandardOutput();
    }
}

/// <summary>Nobody reads stdout any more.</summary>
internal sealed class OutputClosedException(Exception inner) : Exception("stdout is closed.", inner);
