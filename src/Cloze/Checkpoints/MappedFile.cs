using System.Buffers;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
namespace Cloze.Checkpoints;

/// <summary>A file's bytes where the operating system maps them: nothing is copied, pages come when they are touched.</summary>
/// <remarks>
/// The only unsafe code that reads checkpoints. <see cref="Dispose"/> lets nobody in any more; the mapping itself goes when the last <see cref="Hold"/> has
/// ended, so that a call which is running never reads unmapped memory. A file that somebody cuts short while it is mapped is noticed by <see cref="Check"/>
/// before values are copied; between that look and the read, and for values used in place, it is not (docs/decisions/0040).
/// Safe for concurrent use.
/// </remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly SafeFileHandle? _file;
    private readonly SafeMemoryMappedViewHandle _view;
    private readonly byte* _start;
    private int _isDisposed;

    private MappedFile(string path, SafeFileHandle? file, SafeMemoryMappedViewHandle view, byte* start, long length)
    {
        (Path, _file, _view, Length) = (path, file, view, length);
        _start = start;
    }

    public string Path { get; }
    public long Length { get; }
    public bool IsDisposed => Volatile.Read(ref _isDisposed) != 0;

    /// <exception cref="CheckpointException">There is no such file, it is a folder, empty, or may not be read.</exception>
    public static MappedFile Open(string path)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Checkpoints are little-endian and read in place; this processor is not.");
        try
        {
            if (Directory.Exists(path)) throw new CheckpointException($"{path} is a folder; a weights file is needed.");
            if (!File.Exists(path)) throw new CheckpointException($"{path} does not exist.");
            if (WholeFile.Behind(path) is { Exists: true, Length: 0 } empty) throw Empty(path, empty); // before it is opened: a pipe would wait for its other end
            SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
            try
            {
                return Map(path, file);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {FileFault.Reason(e)}.", e);
        }
    }

    private static MappedFile Map(string path, SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        if (length == 0) throw Empty(path, new(path));
        using MemoryMappedFile mapping = MemoryMappedFile.CreateFromFile(
            file, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        MemoryMappedViewAccessor accessor = mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        accessor.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        return new(path, file, accessor.SafeMemoryMappedViewHandle, start + accessor.PointerOffset, length);
    }

    /// <summary>Memory that is used like a mapped file: what had to be unpacked.</summary>
    /// <param name="path">The file that it comes from.</param>
    /// <param name="length">In bytes, at least 1.</param>
    public static MappedFile InMemory(string path, int length, ByteFiller fill)
    {
        using MemoryMappedFile mapping = MemoryMappedFile.CreateNew(mapName: null, length);
        MemoryMappedViewAccessor accessor = mapping.CreateViewAccessor(0, length);
        byte* start = null;
        accessor.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        MappedFile memory = new(path, file: null, accessor.SafeMemoryMappedViewHandle, start + accessor.PointerOffset, length);
        try
        {
            fill(new(memory._start, length));
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public delegate void ByteFiller(Span<byte> bytes);

    private static CheckpointException Empty(string path, FileInfo file) => new(WholeFile.IsPipeOrDevice(file)
        ? $"{path} is a pipe or a device; a weights file is needed."
        : $"{path} is empty; copy or download it again.");

    /// <summary>Keeps the mapping until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public IDisposable Hold()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return new Holder(_view);
    }

    /// <summary>Copies bytes out.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    /// <exception cref="CheckpointException">The file has become shorter since it was opened.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        using IDisposable held = Hold();
        Check();
        Bytes(offset, destination.Length).CopyTo(destination);
    }

    /// <summary>Bytes where they lie, for the caller that holds the file (<see cref="Hold"/>) as long as it looks at them.</summary>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        if (offset < 0 || count < 0 || offset > Length - count) throw new ArgumentOutOfRangeException(nameof(offset));
        return new(_start + offset, count);
    }

    /// <summary>The same as a stream, for the caller that holds the file as long as it reads.</summary>
    public Stream Stream(long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > Length - count) throw new ArgumentOutOfRangeException(nameof(offset));
        return new UnmanagedMemoryStream(_start + offset, count);
    }

    /// <summary>Values where they lie. Their span may be taken while the mapping is there, and used as long as somebody holds it.</summary>
    public ReadOnlyMemory<T> Memory<T>(long offset, int count) where T : unmanaged
    {
        if (offset < 0 || count < 0 || offset > Length - (long)count * sizeof(T)) throw new ArgumentOutOfRangeException(nameof(offset));
        return new Section<T>(this, (T*)(_start + offset), count).Memory;
    }

    /// <exception cref="CheckpointException">The file has become shorter since it was opened: reading its end would stop the process.</exception>
    public void Check()
    {
        if (_file is not null && RandomAccess.GetLength(_file) is long now && now < Length)
            throw new CheckpointException($"{Path} has {now} bytes, {Length} when it was opened: somebody writes to it in place. Load it when it is whole.");
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        _view.ReleasePointer();
        _view.Dispose(); // waits for the last holder
        _file?.Dispose();
    }

    private sealed class Holder : IDisposable
    {
        private SafeMemoryMappedViewHandle? _view;

        public Holder(SafeMemoryMappedViewHandle view)
        {
            bool isHeld = false;
            view.DangerousAddRef(ref isHeld);
            _view = view;
        }

        public void Dispose() => Interlocked.Exchange(ref _view, null)?.DangerousRelease();
    }

    private sealed class Section<T>(MappedFile file, T* start, int count) : MemoryManager<T> where T : unmanaged
    {
        public override Span<T> GetSpan()
        {
            ObjectDisposedException.ThrowIf(file._view.IsClosed, file);
            return new(start, count);
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)count, nameof(elementIndex));
            bool isHeld = false;
            file._view.DangerousAddRef(ref isHeld);
            return new(start + elementIndex, pinnable: this);
        }

        public override void Unpin() => file._view.DangerousRelease();

        protected override void Dispose(bool disposing) { }
    }
}
