using System.Runtime.InteropServices;
namespace Cloze.Cpu;

/// <summary>Memory straight from the system, which has it back at once when it is freed: as the C library's <c>mmap</c> gives it (Unix).</summary>
/// <remarks>
/// An allocator of the C library keeps what is freed for later. Blocks of some megabytes, whose sizes follow batches, leave holes there that the next ones do
/// not fit: three times what was in use at once stayed resident.
/// </remarks>
internal static unsafe class SystemPages
{
    private const int Read = 1, Write = 2, Private = 2;
    private static readonly nint s_map = Export("mmap"), s_unmap = Export("munmap");

    /// <summary>Anonymous: macOS and the BSDs have another number for it than Linux.</summary>
    private static readonly int s_anonymous = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? 0x20 : 0x1000;

    /// <summary>Whether there are such: not on Windows, where the C library takes large blocks from the system itself.</summary>
    public static bool Exist => s_map != 0 && s_unmap != 0;

    /// <exception cref="InsufficientMemoryException">The system has no more.</exception>
    public static void* Allocate(nuint bytes)
    {
        void* start = ((delegate* unmanaged<void*, nuint, int, int, int, nint, void*>)s_map)(null, bytes, Read | Write, Private | s_anonymous, -1, 0);
        return (nint)start != -1 ? start : throw new InsufficientMemoryException($"The system does not give {bytes} bytes of memory.");
    }

    public static void Free(void* start, nuint bytes) => _ = ((delegate* unmanaged<void*, nuint, int>)s_unmap)(start, bytes);

    private static nint Export(string name) =>
        !OperatingSystem.IsWindows() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), name, out nint function) ? function : 0;
}
