using System.Text.Json;
using System.Text.Unicode;
namespace Cloze.Checkpoints;

/// <summary>One entry of a header. Begin and End count from the start of the data.</summary>
internal sealed record TensorEntry(string Name, TensorType Type, long[] Shape, long Begin, long End);

/// <summary>The JSON header of a safetensors file, read strictly.</summary>
/// <remarks>
/// Valid UTF-8, one object, no name twice; <c>__metadata__</c> maps texts to texts; an entry has dtype, shape and data_offsets once each; sizes are whole
/// numbers in plain digits; offsets fit shape and type; the data are covered exactly once, without holes. What is made of it is in proportion to the header,
/// which is in the file: an offset or a shape never sizes a buffer.
/// </remarks>
internal static class SafetensorsHeader
{
    /// <summary>The format's limit.</summary>
    public const int MostBytes = 100_000_000;
    /// <summary>As torch; more has no meaning for an encoder.</summary>
    private const int MostDimensions = 64;

    /// <exception cref="CheckpointException">A rule is broken.</exception>
    public static (List<TensorEntry> Entries, Dictionary<string, string> Metadata) Parse(ReadOnlySpan<byte> json, long dataBytes, string path)
    {
        if (!Utf8.IsValid(json)) throw new CheckpointException($"{path}: the header is not valid UTF-8. The file is broken; copy or download it again.");
        List<TensorEntry> entries = [];
        Dictionary<string, string>? metadata = null;
        HashSet<string> names = [];
        Utf8JsonReader reader = new(json);
        try
        {
            Next(ref reader);
            while (Next(ref reader) == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                if (!names.Add(name))
                    throw new CheckpointException($"{path}: {FileFault.Shown(name)} stands twice in the header. The file is broken; copy or download it again.");
                Next(ref reader);
                if (name == "__metadata__") metadata = ReadMetadata(ref reader, path);
                else entries.Add(ReadEntry(ref reader, name, path));
            }
            while (reader.Read()) { } // to the end: only white space may follow
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{path}: the header (from byte 8 on) {JsonFault.Of(json)}. The file is broken; copy or download it again.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException(
                $"{path}: the header holds a text that is not valid Unicode at byte {8 + reader.TokenStartIndex}. The file is broken; copy or download it again.", e);
        }
        CheckCoverage(entries, dataBytes, path);
        return (entries, metadata ?? []);
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader) => reader.Read() ? reader.TokenType : throw new JsonException();

    private static Dictionary<string, string> ReadMetadata(ref Utf8JsonReader reader, string path)
    {
        Dictionary<string, string> metadata = [];
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new CheckpointException(
                $"{path}: __metadata__ is {JsonFault.Kind(reader.TokenType)}; a map of texts is needed. The file is broken; copy or download it again.");
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (Next(ref reader) != JsonTokenType.String)
                throw new CheckpointException(
                    $"{path}: __metadata__ holds {JsonFault.Kind(reader.TokenType)} under {FileFault.Shown(key)}; only texts are allowed. Save it again with texts.");
            if (!metadata.TryAdd(key, reader.GetString()!)) throw new CheckpointException($"{path}: __metadata__ holds {FileFault.Shown(key)} twice. The file is broken; copy or download it again.");
        }
        return metadata;
    }

    private static TensorEntry ReadEntry(ref Utf8JsonReader reader, string name, string path)
    {
        TensorType? type = null;
        long[]? shape = null;
        long begin = -1, end = -1;
        Span<long> offsets = stackalloc long[2];
        if (reader.TokenType != JsonTokenType.StartObject) throw Fault($"is {JsonFault.Kind(reader.TokenType)}; an object with dtype, shape and data_offsets is needed");
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            bool isType = reader.ValueTextEquals("dtype"u8), isShape = reader.ValueTextEquals("shape"u8), isOffsets = reader.ValueTextEquals("data_offsets"u8);
            if (isType && type is not null || isShape && shape is not null || isOffsets && begin >= 0) throw Fault($"has {reader.GetString()} twice");
            Next(ref reader);
            if (isType) type = ReadType(ref reader);
            else if (isShape) shape = ReadShape(ref reader);
            else if (isOffsets)
            {
                if (ReadNumbers(ref reader, offsets) != 2) throw Fault("has data_offsets that are not two whole numbers below 2^63");
                (begin, end) = (offsets[0], offsets[1]);
            }
            else reader.Skip(); // the reference reads on, too
        }
        if (type is null || shape is null || begin < 0) throw Fault($"has no {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");

        UInt128 elements = 1;
        foreach (long size in shape) if ((elements *= (ulong)size) > ulong.MaxValue) throw Fault("is larger than any file"); // in this order, as the reference
        UInt128 bytes = elements * (uint)TensorTypes.Bytes(type.Value);
        if (begin > end || (ulong)(end - begin) != bytes)
            throw Fault($"{TensorTypes.Name(type.Value)} {FileFault.Shown(shape)} has {bytes} bytes, but its data_offsets are [{begin},{end}]");
        return new(name, type.Value, shape, begin, end);

        CheckpointException Fault(string what) => new($"{path}: {FileFault.Shown(name)} {what}. The file is broken; copy or download it again.");

        TensorType ReadType(ref Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.String) throw Fault($"has {JsonFault.Kind(reader.TokenType)} as dtype; a text is needed");
            string text = reader.GetString()!;
            return TensorTypes.Parse(text)
                ?? throw new CheckpointException(
                    $"{path}: {FileFault.Shown(name)} has dtype {FileFault.Shown(text)}, which is not supported; supported: {TensorTypes.Names}. Save it as one of them.");
        }

        long[] ReadShape(ref Utf8JsonReader reader)
        {
            Span<long> sizes = stackalloc long[MostDimensions];
            int count = ReadNumbers(ref reader, sizes);
            return count >= 0 ? sizes[..count].ToArray() : throw Fault($"has a shape that is not a list of at most {MostDimensions} whole numbers below 2^63");
        }
    }

    /// <summary>Reads a list of whole numbers in plain digits.</summary>
    /// <returns>How many; −1: it is something else, too long, or a number is beyond 63 bits.</returns>
    private static int ReadNumbers(ref Utf8JsonReader reader, scoped Span<long> numbers)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return -1;
        int count = 0;
        while (Next(ref reader) != JsonTokenType.EndArray)
        {
            if (count == numbers.Length || reader.TokenType != JsonTokenType.Number) return -1;
            if (!reader.TryGetUInt64(out ulong number) || number > long.MaxValue) return -1;
            numbers[count++] = (long)number;
        }
        return count;
    }

    /// <summary>Sorted by offset, every entry begins where the one before it ends, and the last ends with the file.</summary>
    private static void CheckCoverage(List<TensorEntry> entries, long dataBytes, string path)
    {
        TensorEntry[] sorted = [.. entries];
        Array.Sort(sorted, static (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long covered = 0;
        foreach (TensorEntry entry in sorted)
        {
            if (entry.End > dataBytes)
                throw Fault($"{FileFault.Shown(entry.Name)} ends at byte {entry.End} of the data, but the file holds {dataBytes}: it is cut short");
            if (entry.Begin < covered) throw Fault($"{FileFault.Shown(entry.Name)} begins at byte {entry.Begin} of the data: it overlaps another tensor");
            if (entry.Begin > covered) throw Fault($"{FileFault.Shown(entry.Name)} begins at byte {entry.Begin} of the data: there is a hole before it");
            covered = entry.End;
        }
        if (covered != dataBytes) throw Fault($"{dataBytes - covered} bytes after the last tensor belong to nothing");

        CheckpointException Fault(string what) => new($"{path}: {what}. Copy or download it again.");
    }
}
