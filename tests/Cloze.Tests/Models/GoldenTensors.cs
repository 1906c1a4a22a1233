using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
namespace Cloze.Tests.Models;

/// <summary>A recorded tensor: float32 or whole numbers.</summary>
internal sealed record GoldenTensor(string Name, string Type, int[] Shape, ReadOnlyMemory<byte> Bytes)
{
    public bool IsFloat => Type == "F32";

    public float[] Floats() => MemoryMarshal.Cast<byte, float>(Bytes.Span).ToArray();

    public int[] Integers() => Type switch
    {
        "I64" => [.. MemoryMarshal.Cast<byte, long>(Bytes.Span).ToArray().Select(value => checked((int)value))],
        "I32" => MemoryMarshal.Cast<byte, int>(Bytes.Span).ToArray(),
        _ => throw new NotSupportedException($"{Name} is {Type}."),
    };
}

/// <summary>Reads recorded tensors without the code under test.</summary>
internal sealed class GoldenTensors
{
    private readonly Dictionary<string, GoldenTensor> _tensors = [];

    public GoldenTensors(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__") continue;
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            int[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
            _tensors.Add(entry.Name, new(entry.Name, entry.Value.GetProperty("dtype").GetString()!, shape, file.AsMemory(8 + header + offsets[0], offsets[1] - offsets[0])));
        }
    }

    public IEnumerable<string> Names => _tensors.Keys;
    public GoldenTensor this[string name] => _tensors[name];
    public GoldenTensor? Find(string name) => _tensors.GetValueOrDefault(name);
    public bool Has(string name) => _tensors.ContainsKey(name);
}
