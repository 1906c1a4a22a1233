using Cloze.Kernels;
namespace Cloze.Tests.Kernels;

/// <summary>Floats between protected pages where the system has them, so that every kernel test is a test of its edges too; else plain memory.</summary>
internal sealed unsafe class Buffer : IDisposable
{
    private readonly GuardedMemory? _guarded;
    private readonly float[] _plain = [];

    public Buffer(int floats)
    {
        if (GuardedMemory.IsSupported)
        {
            _guarded = new(floats);
            Data = _guarded.Pointer;
        }
        else
        {
            _plain = GC.AllocateUninitializedArray<float>(floats, pinned: true);
            _plain.AsSpan().Fill(float.NaN);
            Data = (float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_plain, 0);
        }
        Length = floats;
    }

    public Buffer(ReadOnlySpan<float> values) : this(values.Length) => values.CopyTo(Span);

    public float* Data { get; }
    public int Length { get; }
    public Span<float> Span => new(Data, Length);

    /// <summary>The last rows end where the buffer does.</summary>
    public Matrix Rows(int rows, int columns, int stride) => new(Data + (rows == 0 ? 0 : Length - ((rows - 1) * stride + columns)), rows, columns, stride);

    /// <summary>Rows that fill it.</summary>
    public Matrix Rows(int columns) => new(Data, columns == 0 ? 0 : Length / columns, columns, columns);

    public void Dispose()
    {
        _guarded?.Dispose();
        GC.KeepAlive(_plain);
    }
}

/// <summary>Numbers for kernels.</summary>
internal static class Numbers
{
    /// <summary>Even between −1 and 1.</summary>
    public static float[] Even(int seed, int count, float scale = 1)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = scale * (2 * random.NextSingle() - 1);
        return values;
    }

    public static bool SameBits(ReadOnlySpan<float> x, ReadOnlySpan<float> y) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(x).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes(y));
}
