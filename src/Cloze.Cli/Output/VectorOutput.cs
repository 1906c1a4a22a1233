using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
namespace Cloze.Cli.Output;

/// <summary>Where vectors go, one after the other.</summary>
internal interface IVectorOutput
{
    void Add(ReadOnlyMemory<float> vector);

    /// <summary>Hands on what a reader can use already.</summary>
    void Flush();

    /// <summary>After the last one.</summary>
    void Complete();
}

/// <summary><c>{"embedding":[…]}</c> a line.</summary>
internal sealed class JsonVectors(Stream stream) : IVectorOutput, IDisposable
{
    private readonly JsonLines _lines = new(stream);

    public void Add(ReadOnlyMemory<float> vector) => _lines.Line(vector, static (json, vector) =>
    {
        json.WriteStartObject();
        json.WriteFloats("embedding", vector.Span);
        json.WriteEndObject();
    });

    public void Flush() => _lines.Flush();

    public void Complete() => Flush();

    public void Dispose() => _lines.Dispose();
}

/// <summary>A row a vector, its first numbers only.</summary>
internal sealed class TableVectors : IVectorOutput
{
    private const int Shown = 6;
    private readonly TextTable _table = new("text", "dimensions", "embedding");
    private int _count;

    public void Add(ReadOnlyMemory<float> vector)
    {
        float[] first = vector[..Math.Min(Shown, vector.Length)].ToArray();
        string numbers = string.Join("  ", first.Select(value => value.ToString("0.0000", CultureInfo.InvariantCulture).PadLeft(7)));
        _table.Add((++_count).ToString(CultureInfo.InvariantCulture), vector.Length.ToString(CultureInfo.InvariantCulture),
            vector.Length > Shown ? numbers + "  …" : numbers);
    }

    public void Flush() { }   // columns are as wide as their widest cell

    public void Complete() => _table.Write(Console.Out, TerminalText.ScreenWidth);
}

/// <summary>Rows of float32 behind a header of fixed length, which is written again when the number of rows is known.</summary>
/// <remarks>.npy: NumPy's format 1.0, C order, '&lt;f4'. .safetensors: one tensor <c>embeddings</c> [texts, dimensions].</remarks>
internal sealed class RawVectors(Stream stream, bool isNumPy, int dimensions) : IVectorOutput
{
    private const int HeaderLength = 128;   // bytes; a multiple of 64, as NumPy aligns
    private long _rows = -1;

    public void Add(ReadOnlyMemory<float> vector)
    {
        Begin();
        stream.Write(LittleEndian(vector.Span));
        _rows++;
    }

    public void Flush() { }   // the header comes last

    public void Complete()
    {
        Begin();
        stream.Position = 0;
        stream.Write(Header());
        stream.Position = stream.Length;
    }

    private void Begin()
    {
        if (_rows >= 0) return;
        _rows = 0;
        stream.Write(Header());
    }

    private byte[] Header()
    {
        byte[] header = new byte[HeaderLength];
        header.AsSpan().Fill((byte)' ');
        if (isNumPy)
        {
            "NUMPY"u8.CopyTo(header.AsSpan(1));
            (header[0], header[6], header[7]) = (0x93, 1, 0);
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), HeaderLength - 10);
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({_rows}, {dimensions}), }}"), header.AsSpan(10));
            header[^1] = (byte)'\n';
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(header, HeaderLength - 8);
            long bytes = _rows * dimensions * sizeof(float);
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"{{\"embeddings\":{{\"dtype\":\"F32\",\"shape\":[{_rows},{dimensions}],\"data_offsets\":[0,{bytes}]}}}}"), header.AsSpan(8));
        }
        return header;
    }

    private static ReadOnlySpan<byte> LittleEndian(ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian) return MemoryMarshal.AsBytes(values);
        byte[] bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return bytes;
    }
}
