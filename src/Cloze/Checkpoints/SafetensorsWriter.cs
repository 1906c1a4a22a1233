using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
namespace Cloze.Checkpoints;

/// <summary>A tensor to be written.</summary>
/// <param name="Write">Writes all its elements, row-major, little-endian, when its turn comes.</param>
public sealed record NewTensor(string Name, TensorType Type, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    internal long Bytes => checked(TensorTypes.Elements(Shape) * TensorTypes.Bytes(Type));

    /// <summary>A float32 tensor of values that are in memory.</summary>
    public static NewTensor Of(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values) =>
        new(name, TensorType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
}

/// <summary>Writes safetensors files.</summary>
/// <remarks>
/// Tensors stand in the order of their element size, the largest first, then of their names (ordinal), and the data begin at a multiple of 8: every element is
/// aligned, and the same tensors give the same bytes. One tensor at a time is in memory. The file appears whole or not at all.
/// </remarks>
public static class SafetensorsWriter
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="metadata"><c>__metadata__</c>; default: <c>{"format":"pt"}</c>, which transformers asks for.</param>
    /// <exception cref="IOException">It cannot be written; what stood there still stands there.</exception>
    public static void Write(string path, IEnumerable<NewTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));

    internal static void Write(Stream stream, IEnumerable<NewTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("The format is little-endian; this processor is not.");
        NewTensor[] sorted = [.. tensors.OrderByDescending(tensor => TensorTypes.Bytes(tensor.Type)).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        byte[] header = Header(sorted, metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (NewTensor tensor in sorted)
        {
            CountingStream counted = new(stream);
            tensor.Write(counted);
            if (counted.Position != tensor.Bytes)
                throw new InvalidOperationException($"{tensor.Name} wrote {counted.Position} bytes; its shape and type need {tensor.Bytes}.");
        }
    }

    private static byte[] Header(NewTensor[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json, s_options))
        {
            HashSet<string> names = ["__metadata__"];
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
            writer.WriteEndObject();
            long offset = 0;
            foreach (NewTensor tensor in tensors)
            {
                if (!names.Add(tensor.Name)) throw new ArgumentException($"Two tensors are called {tensor.Name}, or one __metadata__.");
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", TensorTypes.Name(tensor.Type));
                writer.WriteStartArray("shape");
                foreach (long size in tensor.Shape) writer.WriteNumberValue(size);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(offset);
                writer.WriteNumberValue(offset += tensor.Bytes);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        while (json.Length % 8 != 0) json.WriteByte((byte)' ');
        return json.ToArray();
    }

    /// <summary>Counts what is written through it.</summary>
    private sealed class CountingStream(Stream inner) : Stream
    {
        private long _written;

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => _written;
        public override long Position { get => _written; set => throw new NotSupportedException(); }
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer);
            _written += buffer.Length;
        }
    }
}
