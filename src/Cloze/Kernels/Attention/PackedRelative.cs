using System.Runtime.InteropServices;
namespace Cloze.Kernels.Attention;

/// <summary>Keys of distances, Kr, as the kernel reads them: [A][rows][d rounded up to 16], or one [rows][·] for all heads.</summary>
/// <remarks>Made once for a table. Immutable; its memory does not move and lives as long as the object.</remarks>
internal sealed unsafe class PackedRelativeKeys
{
    private readonly float[] _values;

    /// <param name="table">[rows, heads·d], row-major, <paramref name="stride"/> floats from row to row; one head: shared by all.</param>
    public PackedRelativeKeys(float* table, nint stride, int rows, int heads, int d)
    {
        int padded = HeadRows.Padded(d);
        HeadStride = heads == 1 ? 0 : (nint)rows * padded;
        _values = GC.AllocateArray<float>(heads * rows * padded, pinned: true);
        for (int head = 0; head < heads; head++)
            for (int row = 0; row < rows; row++)
                new ReadOnlySpan<float>(table + row * stride + head * d, d).CopyTo(_values.AsSpan((head * rows + row) * padded));
        Address = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_values, 0);
    }

    public float* Address { get; }

    /// <summary>Floats from one head's table to the next; 0: shared.</summary>
    public nint HeadStride { get; }
}

/// <summary>Queries of distances, Qr, as the kernel reads them: transposed, [A][d][rows + padding], or one [d][·] for all heads.</summary>
/// <remarks>Made once for a table. Immutable; its memory does not move and lives as long as the object.</remarks>
internal sealed unsafe class PackedRelativeQueries
{
    /// <summary>A panel may read two vectors of 16 from the last row on.</summary>
    private const int Padding = 32;
    private readonly float[] _values;

    /// <param name="table">[rows, heads·d], row-major, <paramref name="stride"/> floats from row to row; one head: shared by all.</param>
    public PackedRelativeQueries(float* table, nint stride, int rows, int heads, int d)
    {
        int length = (rows + Padding) / 32 * 32 + 16;   // an odd multiple of 64 bytes: rows that follow each other meet in no cache set
        if (length < rows + Padding) length += 32;
        RowStride = length;
        HeadStride = heads == 1 ? 0 : (nint)d * length;
        _values = GC.AllocateArray<float>(heads * d * length, pinned: true);
        for (int head = 0; head < heads; head++)
            for (int row = 0; row < rows; row++)
                for (int x = 0; x < d; x++) _values[(head * d + x) * length + row] = table[row * stride + head * d + x];
        Address = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_values, 0);
    }

    public float* Address { get; }

    /// <summary>Floats from one head's table to the next; 0: shared.</summary>
    public nint HeadStride { get; }

    public nint RowStride { get; }
}
