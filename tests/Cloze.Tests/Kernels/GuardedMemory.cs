using System.ComponentModel;
using System.Runtime.InteropServices;
namespace Cloze.Tests.Kernels;

/// <summary>Floats between two pages that nobody may touch: a read or write outside of them ends the process. Linux and macOS.</summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int None = 0, ReadWrite = 3, Private = 2;
    private static readonly int s_anonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
    private readonly byte* _pages;
    private readonly nuint _length;

    /// <param name="floats">How many; they start as NaN.</param>
    /// <param name="atEnd">True: the last float ends where the upper page begins. False: the first stands where the lower page ends.</param>
    public GuardedMemory(int floats, bool atEnd = true)
    {
        nuint page = (nuint)Environment.SystemPageSize, inner = ((nuint)floats * sizeof(float) + page - 1) / page * page;
        _length = inner + 2 * page;
        _pages = (byte*)Map(null, _length, None, Private | s_anonymous, -1, 0);
        if (_pages == (byte*)-1) throw new Win32Exception(Marshal.GetLastPInvokeError());
        if (inner != 0 && Protect(_pages + page, inner, ReadWrite) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
        Pointer = (float*)(_pages + page + (atEnd ? inner - (nuint)floats * sizeof(float) : 0));
        Length = floats;
        Span.Fill(float.NaN);
    }

    public static bool IsSupported => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    public float* Pointer { get; }
    public int Length { get; }
    public Span<float> Span => new(Pointer, Length);

    public void Dispose() => _ = Unmap(_pages, _length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);
}
