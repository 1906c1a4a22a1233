using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
namespace Cloze.Checkpoints;

/// <summary>One tensor of a file.</summary>
/// <param name="Type">F32, F16, BF16, F64, I64, I32, U8, BOOL.</param>
public sealed record FileTensor(string Name, string Type, long[] Shape, ReadOnlyMemory<byte> Bytes)
{
    public int Length => (int)Shape.Aggregate(1L, (product, size) => product * size);

    public float[] Floats()
    {
        float[] values = new float[Length];
        ReadOnlySpan<byte> bytes = Bytes.Span;
        switch (Type)
        {
            case "F32": MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values); break;
            case "F64": Convert<double>(bytes, values, v => (float)v); break;
            case "F16": Convert<Half>(bytes, values, v => (float)v); break;
            case "BF16": Convert<ushort>(bytes, values, v => BitConverter.UInt32BitsToSingle((uint)v << 16)); break;
            default: foreach ((int i, int v) in Integers().Index()) values[i] = v; break;
        }
        return values;
    }

    public int[] Integers()
    {
        int[] values = new int[Length];
        ReadOnlySpan<byte> bytes = Bytes.Span;
        switch (Type)
        {
            case "I64": Convert<long>(bytes, values, v => checked((int)v)); break;
            case "I32": MemoryMarshal.Cast<byte, int>(bytes).CopyTo(values); break;
            case "U8" or "BOOL": Convert<byte>(bytes, values, v => v); break;
            default: throw new InvalidDataException($"{Name} is {Type}, not a whole number type.");
        }
        return values;
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<byte> bytes, TTo[] to, Func<TFrom, TTo> convert) where TFrom : struct
    {
        ReadOnlySpan<TFrom> from = MemoryMarshal.Cast<byte, TFrom>(bytes);
        for (int i = 0; i < to.Length; i++) to[i] = convert(from[i]);
    }

    private static void Convert<TFrom>(ReadOnlySpan<byte> bytes, float[] to, Func<TFrom, float> convert) where TFrom : struct => Convert<TFrom, float>(bytes, to, convert);
    private static void Convert<TFrom>(ReadOnlySpan<byte> bytes, int[] to, Func<TFrom, int> convert) where TFrom : struct => Convert<TFrom, int>(bytes, to, convert);
}

/// <summary>The safetensors format: an 8-byte length, a JSON header, the tensors' bytes.</summary>
public sealed class Safetensors
{
    private readonly Dictionary<string, FileTensor> _tensors;

    private Safetensors(string path, Dictionary<string, FileTensor> tensors) => (Path, _tensors) = (path, tensors);

    public string Path { get; }
    public IReadOnlyDictionary<string, FileTensor> Tensors => _tensors;
    public FileTensor this[string name] => _tensors.TryGetValue(name, out FileTensor? x) ? x : throw new KeyNotFoundException($"{Path} has no tensor {name}.");
    public FileTensor? Find(string name) => _tensors.GetValueOrDefault(name);
    public bool Contains(string name) => _tensors.ContainsKey(name);

    public static Safetensors Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        if (file.Length < 8 || BinaryPrimitives.ReadUInt64LittleEndian(file) is var headerLength && headerLength > (ulong)file.Length - 8)
            throw new InvalidDataException($"{path}: the header is longer than the file.");
        ReadOnlyMemory<byte> data = file.AsMemory(8 + (int)headerLength);
        Dictionary<string, FileTensor> tensors = [];
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, (int)headerLength));
        foreach (JsonProperty entry in header.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__") continue;
            string type = entry.Value.GetProperty("dtype").GetString()!;
            long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
            long bytes = shape.Aggregate((long)SizeOf(type), (product, size) => checked(product * size));
            if (offsets is not [long from, long to] || from < 0 || to > data.Length || to - from != bytes)
                throw new InvalidDataException($"{path}: {entry.Name} {type}[{string.Join(',', shape)}] does not fit its offsets.");
            if (!tensors.TryAdd(entry.Name, new(entry.Name, type, shape, data[(int)from..(int)to]))) throw new InvalidDataException($"{path}: {entry.Name} stands twice.");
        }
        return new(path, tensors);
    }

    private static int SizeOf(string type) => type switch
    {
        "F64" or "I64" => 8,
        "F32" or "I32" => 4,
        "F16" or "BF16" => 2,
        "U8" or "BOOL" or "I8" => 1,
        _ => throw new NotSupportedException($"Tensors of type {type}."),
    };
}
