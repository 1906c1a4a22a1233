using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
namespace Cloze.Tests.Checkpoints;

/// <summary>Writes a file of torch.save opcode by opcode, in the format before 1.6 or as a zip archive, without the code under test.</summary>
/// <param name="isArchive">For <see cref="Archive"/>.</param>
internal sealed class HandmadePickle(bool isArchive = false)
{
    private readonly List<byte> _bytes = [0x80, 2];
    private readonly List<(string Key, float[] Values)> _storages = [];

    /// <summary>One opcode and what follows it.</summary>
    public HandmadePickle Op(char opcode, params byte[] rest)
    {
        _bytes.Add((byte)opcode);
        _bytes.AddRange(rest);
        return this;
    }

    public HandmadePickle Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X', [.. length, .. utf8]);
    }

    public HandmadePickle Number(long number)
    {
        if (number != (int)number) return Op('\x8a', [8, .. BitConverter.GetBytes(number)]);
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)number);
        return Op('J', bytes);
    }

    public HandmadePickle Numbers(params long[] numbers)
    {
        Op('(');
        foreach (long number in numbers) Number(number);
        return Op('t');
    }

    public HandmadePickle Global(string module, string name) => Op('c', Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    /// <summary>A view of a storage of float32; the first use of a key says its values.</summary>
    public HandmadePickle Tensor(string key, float[] values, int offset, int[] size, int[] stride) =>
        Tensor(key, values, offset, Array.ConvertAll(size, length => (long)length), stride);

    /// <param name="location">Where the storage lay; null: None.</param>
    public HandmadePickle Tensor(string key, float[] values, int offset, long[] size, int[] stride, string? location = "cuda:1")
    {
        if (_storages.All(storage => storage.Key != key)) _storages.Add((key, values));
        Global("torch._utils", "_rebuild_tensor_v2").Op('(');
        Op('(').Text("storage").Global("torch", "FloatStorage").Text(key);
        if (location is null) Op('N');
        else Text(location);
        Number(values.Length);
        if (!isArchive) Op('N');
        Op('t').Op('Q');
        return Number(offset).Numbers(size).Numbers(Array.ConvertAll(stride, step => (long)step)).Op('\x89').Op('}').Op('t').Op('R');
    }

    /// <summary>A zip archive, as .NET writes it.</summary>
    public byte[] Archive(string folder = "archive", CompressionLevel level = CompressionLevel.NoCompression, bool isStream = false, bool hasStorages = true)
    {
        using MemoryStream file = new();
        using (ZipArchive zip = new(isStream ? new OneWay(file) : file, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("data.pkl", [.. _bytes, (byte)'.']);
            Add("byteorder", "little"u8.ToArray());
            foreach ((string key, float[] values) in _storages)
                if (hasStorages) Add($"data/{key}", HandmadeFiles.Bytes(values));
            Add(".format_version", "1"u8.ToArray());
            Add(".data/serialization_id", "0123456789"u8.ToArray());
            Add("version", "3\n"u8.ToArray());

            void Add(string name, byte[] bytes)
            {
                using Stream entry = zip.CreateEntry($"{folder}/{name}", level).Open();
                entry.Write(bytes);
            }
        }
        return file.ToArray();
    }

    /// <summary>A stream that cannot be sought, to which sizes are written after the bytes (data descriptors).</summary>
    private sealed class OneWay(Stream to) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => to.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => to.Write(buffer, offset, count);
    }

    public byte[] File()
    {
        List<byte> file = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        file.AddRange([0x80, 2, (byte)'M', 0xe9, 3, (byte)'.']);
        file.AddRange([0x80, 2, (byte)'}', (byte)'.']);
        file.AddRange(_bytes);
        file.Add((byte)'.');
        HandmadePickle keys = new();
        keys.Op(']').Op('(');
        foreach ((string key, _) in _storages) keys.Text(key);
        keys.Op('e').Op('.');
        file.AddRange(keys._bytes);
        foreach ((_, float[] values) in _storages) file.AddRange([.. BitConverter.GetBytes((long)values.Length), .. HandmadeFiles.Bytes(values)]);
        return [.. file];
    }
}
