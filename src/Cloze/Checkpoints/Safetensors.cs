using System.Buffers.Binary;
namespace Cloze.Checkpoints;

/// <summary>An open file of the safetensors format: an 8-byte length, a JSON header, the tensors' bytes end to end.</summary>
/// <remarks>
/// Memory-mapped: opening reads the header, values are read where they lie. Whoever opens it disposes it; tensors must not be used afterwards.
/// Every rule of the format is enforced (huggingface/safetensors, README.md "Format"): see <see cref="SafetensorsHeader"/>. Safe for concurrent use.
/// </remarks>
public sealed class Safetensors : IWeightsFile
{
    private readonly MappedFile _file;
    private readonly Dictionary<string, FileTensor> _tensors;

    private Safetensors(MappedFile file, Dictionary<string, FileTensor> tensors, IReadOnlyDictionary<string, string> metadata) =>
        (_file, _tensors, Metadata) = (file, tensors, metadata);

    public string Path => _file.Path;
    /// <summary>By name, in the header's order.</summary>
    public IReadOnlyDictionary<string, FileTensor> Tensors => _tensors;
    /// <summary><c>__metadata__</c>; empty where there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <exception cref="CheckpointException">There is no tensor of that name.</exception>
    public FileTensor this[string name] => Find(name) ?? throw new CheckpointException($"{Path} has no tensor {FileFault.Shown(name)}.");
    public FileTensor? Find(string name) => _tensors.GetValueOrDefault(name);
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <exception cref="CheckpointException">The file is not there, not readable, or breaks a rule of the format.</exception>
    public static Safetensors Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            ReadOnlySpan<byte> json = HeaderOf(file);
            (List<TensorEntry> entries, Dictionary<string, string> metadata) = SafetensorsHeader.Parse(json, dataBytes: file.Length - 8 - json.Length, path);
            Dictionary<string, FileTensor> tensors = new(entries.Count);
            foreach (TensorEntry entry in entries) tensors.Add(entry.Name, new(file, entry.Name, entry.Type, entry.Shape, 8 + json.Length + entry.Begin));
            return new(file, tensors, metadata);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Keeps the file mapped until the result is disposed, also if the file is disposed meanwhile: for a call that uses values in place.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public IDisposable Hold() => _file.Hold();

    public void Dispose() => _file.Dispose();

    /// <summary>The header where it lies, once its length is known to be true.</summary>
    private static ReadOnlySpan<byte> HeaderOf(MappedFile file)
    {
        ReadOnlySpan<byte> start = file.Bytes(0, (int)Math.Min(file.Length, 64));
        if (FileFault.OtherFormat(start) is { } other) throw new CheckpointException($"{file.Path} is {other}, not a safetensors file.");
        if (start.Length < 8)
            throw new CheckpointException($"{file.Path} has {file.Length} bytes; a safetensors file begins with a length of 8 bytes. "
                + "It is cut short: copy or download it again.");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > SafetensorsHeader.MostBytes)
            throw new CheckpointException($"{file.Path} says that its header has {length} bytes; {SafetensorsHeader.MostBytes} are allowed. "
                + "It is broken or of another format: copy or download it again.");
        if (length > (ulong)file.Length - 8)
            throw new CheckpointException($"{file.Path} has {file.Length} bytes, its header alone {length}: it is cut short. Copy or download it again.");
        if (length < 2 || file.Bytes(8, 1)[0] != '{')
            throw new CheckpointException($"{file.Path}: the header does not begin with '{{' at byte 8, as it must. "
                + "It is broken or of another format: copy or download it again.");
        return file.Bytes(8, (int)length);
    }
}
