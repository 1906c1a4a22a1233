using System.Runtime.InteropServices;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>One tensor of an open file of weights.</summary>
/// <remarks>
/// Its values are read from the mapping; after the file is disposed they are not there any more (<see cref="ObjectDisposedException"/>). Those of a .bin may
/// lie with gaps or in the order of another machine: whoever reads them gets them row-major and little-endian.
/// </remarks>
public sealed class FileTensor : IStoredValues
{
    private const int BlockBytes = 1 << 16;
    private readonly MappedFile _file;
    private readonly long _offset;
    private readonly long[]? _strides;
    private readonly bool _isSwapped;

    /// <param name="offset">Of the first element, in bytes.</param>
    /// <param name="strides">In elements, one a dimension; null: row-major without gaps.</param>
    /// <param name="isSwapped">The bytes of each element are in the other order.</param>
    internal FileTensor(MappedFile file, string name, TensorType type, long[] shape, long offset, long[]? strides = null, bool isSwapped = false)
    {
        (_file, Name, Type, Shape, _offset, _strides, _isSwapped) = (file, name, type, shape, offset, strides, isSwapped);
        Elements = TensorTypes.Elements(shape);
        bool isInPlace = IsAsInMemory && type == TensorType.F32 && offset % sizeof(float) == 0 && Elements <= int.MaxValue;
        Floats = isInPlace ? file.Memory<float>(offset, (int)Elements) : default;
    }

    private bool IsAsInMemory => _strides is null && !_isSwapped;

    public string Name { get; }
    public TensorType Type { get; }
    /// <summary>Outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }
    public long Elements { get; }
    /// <summary>The file that it stands in.</summary>
    public string Path => _file.Path;
    /// <summary>Of its values, as stored.</summary>
    public long Bytes => Elements * TensorTypes.Bytes(Type);

    /// <inheritdoc/>
    public ReadOnlyMemory<float> Floats { get; }

    /// <summary>Null: the format knows no scales; <see cref="Checkpoint"/> adds them.</summary>
    public Int8Rows? Int8 => null;

    /// <summary>Writes elements <paramref name="start"/> … as float32; numbers that it cannot hold are rounded to nearest even.</summary>
    public void Read(long start, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Elements - destination.Length);
        int size = TensorTypes.Bytes(Type);
        Span<byte> block = stackalloc byte[Math.Min(1024, checked(destination.Length * size))]; // copied: elements need not lie aligned
        using IDisposable held = _file.Hold();
        _file.Check();
        if (Type == TensorType.F32)
        {
            ReadStored(start, MemoryMarshal.AsBytes(destination));
            return;
        }
        for (int done = 0; done < destination.Length;)
        {
            int count = Math.Min(block.Length / size, destination.Length - done);
            ReadStored(start + done, block[..(count * size)]);
            TensorTypes.Widen(Type, block[..(count * size)], destination.Slice(done, count));
            done += count;
        }
    }

    /// <summary>All values as float32, row-major, in a new array.</summary>
    public float[] ReadFloats()
    {
        float[] values = new float[Elements];
        Read(0, values);
        return values;
    }

    /// <summary>All values of a whole-number tensor, row-major, in a new array.</summary>
    /// <exception cref="CheckpointException">It is of a float type, or a value does not fit 32 bits.</exception>
    public int[] ReadIntegers()
    {
        if (TensorTypes.IsFloat(Type)) throw new CheckpointException($"{_file.Path}: {this} is not of whole numbers, which are needed.");
        int[] values = new int[Elements];
        int size = TensorTypes.Bytes(Type);
        byte[] bytes = Stored();
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> element = bytes.AsSpan(i * size, size);
            Int128 value = Type switch
            {
                TensorType.I64 => MemoryMarshal.Read<long>(element),
                TensorType.U64 => MemoryMarshal.Read<ulong>(element),
                TensorType.I32 => MemoryMarshal.Read<int>(element),
                TensorType.U32 => MemoryMarshal.Read<uint>(element),
                TensorType.I16 => MemoryMarshal.Read<short>(element),
                TensorType.U16 => MemoryMarshal.Read<ushort>(element),
                TensorType.I8 => (sbyte)element[0],
                TensorType.BOOL => element[0] == 0 ? 0 : 1,
                _ => element[0],
            };
            if (value < int.MinValue || value > int.MaxValue)
                throw new CheckpointException($"{_file.Path}: {FileFault.Shown(Name)} holds {value} at element {i}; whole numbers of 32 bits are needed.");
            values[i] = (int)value;
        }
        return values;
    }

    /// <summary>Its stored bytes, block by block.</summary>
    internal void CopyTo(Stream destination)
    {
        byte[] block = new byte[BlockBytes];
        for (long done = 0; done < Bytes;)
        {
            int count = (int)Math.Min(block.Length, Bytes - done);
            using (_file.Hold())
            {
                _file.Check();
                ReadStored(done / TensorTypes.Bytes(Type), block.AsSpan(0, count));
            }
            destination.Write(block, 0, count);
            done += count;
        }
    }

    /// <summary>All elements of an I8 tensor, where they lie if they lie as in memory.</summary>
    internal ReadOnlyMemory<sbyte> Bytes8 =>
        IsAsInMemory ? _file.Memory<sbyte>(_offset, checked((int)Elements)) : Array.ConvertAll(Stored(), static stored => (sbyte)stored);

    private byte[] Stored()
    {
        byte[] bytes = new byte[Bytes];
        using IDisposable held = _file.Hold();
        _file.Check();
        ReadStored(0, bytes);
        return bytes;
    }

    /// <summary>Whole elements from <paramref name="start"/> on, row-major and little-endian, of a file that the caller holds.</summary>
    private void ReadStored(long start, Span<byte> destination)
    {
        int size = TensorTypes.Bytes(Type);
        if (_strides is null) _file.Bytes(_offset + start * size, destination.Length).CopyTo(destination);
        else ReadStrided(_strides, start, size, destination);
        if (_isSwapped)
            for (int i = 0; i < destination.Length; i += size) destination.Slice(i, size).Reverse();
    }

    private void ReadStrided(long[] strides, long start, int size, Span<byte> destination)
    {
        int last = Shape.Count - 1;
        Span<long> index = stackalloc long[Shape.Count];
        long at = _offset, rest = start;
        for (int i = last; i >= 0; i--)
        {
            index[i] = rest % Shape[i];
            rest /= Shape[i];
            at += index[i] * strides[i] * size;
        }
        for (int done = 0; done < destination.Length; done += size)
        {
            _file.Bytes(at, size).CopyTo(destination[done..]);
            for (int i = last; i >= 0; i--) // the next element: as a counter runs
            {
                at += strides[i] * size;
                if (++index[i] < Shape[i]) break;
                at -= Shape[i] * strides[i] * size;
                index[i] = 0;
            }
        }
    }

    public override string ToString() => $"{FileFault.Shown(Name)} {TensorTypes.Name(Type)} {FileFault.Shown(Shape)}";
}
