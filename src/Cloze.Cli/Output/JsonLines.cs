using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
namespace Cloze.Cli.Output;

/// <summary>
/// JSON Lines: UTF-8 without a byte order mark; whole numbers in full, other numbers in the shortest form that reads back to the same float32.
/// </summary>
/// <remarks>Only complete lines reach the stream: what an interruption leaves behind can be read.</remarks>
internal sealed class JsonLines : IDisposable
{
    private const int FlushedAt = 32 * 1024;   // bytes
    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json;

    /// <param name="stream">Written to, not closed.</param>
    public JsonLines(Stream stream)
    {
        _stream = stream;
        _json = new(_line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    /// <summary>Writes one line.</summary>
    /// <param name="write">Writes one value.</param>
    public void Line<TState>(TState state, Action<Utf8JsonWriter, TState> write)
    {
        _line.ResetWrittenCount();
        _json.Reset();
        write(_json, state);
        _json.Flush();
        _lines.Write(_line.WrittenSpan);
        _lines.Write("\n"u8);
        if (_lines.WrittenCount >= FlushedAt) Flush();
    }

    public void Flush()
    {
        if (_lines.WrittenCount == 0) return;
        ReadOnlyMemory<byte> lines = _lines.WrittenMemory;
        _lines.ResetWrittenCount();
        _stream.Write(lines.Span);
        _stream.Flush();
    }

    public void Dispose()
    {
        Flush();
        _json.Dispose();
    }
}

/// <summary>How values that JSON cannot hold are written.</summary>
internal static class JsonValues
{
    extension(Utf8JsonWriter json)
    {
        /// <summary>The shortest form that reads back to the same float32; null for what is not finite, which JSON has no number for.</summary>
        public void WriteFloat(float value)
        {
            if (float.IsFinite(value)) json.WriteNumberValue(value); else json.WriteNullValue();
        }

        public void WriteFloat(string name, double value)
        {
            json.WritePropertyName(name);
            json.WriteFloat((float)value);
        }

        public void WriteFloats(string name, ReadOnlySpan<float> values)
        {
            json.WriteStartArray(name);
            foreach (float value in values) json.WriteFloat(value);
            json.WriteEndArray();
        }
    }
}
