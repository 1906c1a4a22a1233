using System.Runtime.InteropServices;
namespace Cloze.Cpu;

/// <summary>Floats outside of the managed heap, aligned to a cache line. Not cleared.</summary>
/// <remarks>Given back by <see cref="Dispose"/>, or by its finalizer where its owner was forgotten.</remarks>
internal sealed unsafe class Block : IDisposable
{
    /// <summary>Bytes: a cache line, and a vector of 512 bits.</summary>
    public const int Alignment = 64;

    private const long LeastPages = 256 * 1024;   // bytes from which on a block is pages of its own

    private readonly bool _isPages;
    private float* _data;

    public Block(long floats)
    {
        Floats = floats;
        nuint bytes = (nuint)Math.Max(floats, 1) * sizeof(float);
        _isPages = Bytes >= LeastPages && SystemPages.Exist;
        _data = (float*)(_isPages ? SystemPages.Allocate(bytes) : NativeMemory.AlignedAlloc(bytes, Alignment));
    }

    ~Block() => Dispose();

    /// <summary>How many fit.</summary>
    public long Floats { get; }

    public long Bytes => Floats * sizeof(float);

    public float* Data => _data is not null
        ? _data
        : throw new ObjectDisposedException(nameof(Block), "The model or the pool that these floats belonged to is disposed.");

    /// <summary>Asks the C library to give freed memory back to the system, where it keeps it for later allocations (glibc) and can be asked.</summary>
    public static void Trim()
    {
        if (NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "malloc_trim", out nint trim)) _ = ((delegate* unmanaged<nuint, int>)trim)(0);
    }

    public void Dispose()
    {
        if (!_isPages) NativeMemory.AlignedFree(_data);
        else if (_data is not null) SystemPages.Free(_data, (nuint)Bytes);
        _data = null;
        GC.SuppressFinalize(this);
    }
}
