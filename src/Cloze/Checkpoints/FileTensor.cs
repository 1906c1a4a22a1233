using System.Runtime.InteropServices;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>One tensor of an open <see cref="Safetensors"/> file.</summary>
/// <remarks>Its values are read from the mapping; after the file is disposed they are not there any more (<see cref="ObjectDisposedException"/>).</remarks>
public sealed class FileTensor : IStoredValues
{
    private const int BlockBytes = 1 << 16;
    private readonly MappedFile _file;
    private readonly long _offset;

    internal FileTensor(MappedFile file, string name, TensorType type, int[] shape, long offset)
    {
        (_file, Name, Type, Shape, _offset) = (file, name, type, shape, offset);
        Elements = shape.Aggregate(1L, (product, size) => product * size);
        bool isInPlace = type == TensorType.F32 && offset % sizeof(float) == 0 && Elements <= int.MaxValue;
        Floats = isInPlace ? file.Memory<float>(offset, (int)Elements) : default;
    }

    public string Name { get; }
    public TensorType Type { get; }
    /// <summary>Outermost first; empty for a scalar.</summary>
    public IReadOnlyList<int> Shape { get; }
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
        if (Type == TensorType.F32)
        {
            _file.Read(_offset + start * size, MemoryMarshal.AsBytes(destination));
            return;
        }
        using IDisposable held = _file.Hold();
        _file.Check();
        for (int done = 0; done < destination.Length;)
        {
            int count = Math.Min(block.Length / size, destination.Length - done);
            _file.Bytes(_offset + (start + done) * size, count * size).CopyTo(block);
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
        byte[] bytes = new byte[Bytes];
        _file.Read(_offset, bytes);
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
            _file.Read(_offset + done, block.AsSpan(0, count));
            destination.Write(block, 0, count);
            done += count;
        }
    }

    /// <summary>All elements of an I8 tensor where they lie.</summary>
    internal ReadOnlyMemory<sbyte> Bytes8 => _file.Memory<sbyte>(_offset, checked((int)Elements));

    public override string ToString() => $"{FileFault.Shown(Name)} {TensorTypes.Name(Type)} {FileFault.Shown(Shape)}";
}
