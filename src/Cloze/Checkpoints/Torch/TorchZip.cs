using System.Globalization;
using System.IO.Compression;
using System.Text;
namespace Cloze.Checkpoints;

/// <summary>A file that torch.save has written since 1.6: a zip archive of a pickle (<c>data.pkl</c>) and a record for every storage.</summary>
/// <remarks>
/// pytorch: caffe2/serialize/inline_container.cc and torch/serialization.py, _load. All names lie in one folder, that of the first entry. Records are stored,
/// so that tensors are used where they lie; a packed record (which torch reads and never writes) is unpacked into memory, in proportion to the file.
/// </remarks>
internal sealed class TorchZip : ITorchStorages
{
    private const int Stored = 0, Deflated = 8, LeastVersion = 1, MostVersion = 10, MostSmallBytes = 64, MostUnpackedPerByte = 2, FreeBytes = 1 << 18;
    private readonly MappedFile _file;
    private readonly ZipDirectory _directory;
    private readonly string _folder;
    private readonly List<MappedFile> _unpacked;
    private readonly bool _isBigEndian;
    private readonly Dictionary<string, TorchStorage> _storages = [];
    private long _unpackable;

    private TorchZip(MappedFile file, List<MappedFile> unpacked)
    {
        (_file, _unpacked) = (file, unpacked);
        _unpackable = file.Length * MostUnpackedPerByte + FreeBytes;
        _directory = new(file);
        int slash = _directory.First?.IndexOf('/', StringComparison.Ordinal) ?? throw _directory.Fault("it is empty");
        _folder = slash > 0 ? _directory.First[..(slash + 1)] : throw NotTorch();
        if (_directory.Entries.Keys.Any(name => !name.StartsWith(_folder, StringComparison.Ordinal))) throw NotTorch();
        if (Record("constants.pkl") is not null)
            throw new CheckpointException($"{file.Path} is a TorchScript program (torch.jit.save), which is not run; save the model's state_dict() instead.");
        ReadVersion();
        _isBigEndian = ReadSmall("byteorder") switch
        {
            null or "little" => false,
            "big" => true,
            string other => throw new CheckpointException($"{file.Path}: byteorder is {FileFault.Shown(other)}; \"little\" or \"big\" is needed. Write it again by torch.save."),
        };
    }

    /// <summary>What the pickle of an archive says.</summary>
    /// <param name="unpacked">Gets what had to be unpacked; whoever owns the file disposes it.</param>
    /// <exception cref="CheckpointException">It is broken, hostile, or no file of tensors.</exception>
    public static object? Read(MappedFile file, List<MappedFile> unpacked)
    {
        TorchZip zip = new(file, unpacked);
        (MappedFile place, long offset, long bytes) = zip.Open(zip.Record("data.pkl") ?? throw zip.NotTorch());
        if (bytes > PickleReader.MostBytes) throw new CheckpointException($"{file.Path}: data.pkl has {bytes} bytes; at most {PickleReader.MostBytes} are read.");
        int position = 0;
        return PickleReader.Read(place.Bytes(offset, (int)bytes), ref position, zip, $"{file.Path}: data.pkl");
    }

    TorchStorage ITorchStorages.Find(object? id)
    {
        TorchStorageId parsed = TorchStorageId.Parse(id);
        if (parsed.Rest.Length != 0) throw new PickleFault("a persistent id has too many parts");
        if (_storages.TryGetValue(parsed.Key, out TorchStorage? known)) return known.As(parsed);
        ZipEntry record = Record($"data/{parsed.Key}") ?? throw (parsed.IsMeta
            ? new PickleFault($"storage {FileFault.Shown(parsed.Key)} lay on the device meta, which holds no values", "load the model's weights, then save it again")
            : new PickleFault($"storage {FileFault.Shown(parsed.Key)} is not in the archive"));
        if (record.Bytes != parsed.Bytes)
            throw new PickleFault($"storage {FileFault.Shown(parsed.Key)} has {record.Bytes} bytes in the archive, {parsed.Bytes} are named");
        TorchStorage storage = new(parsed.Key, parsed.Type, parsed.Bytes) { IsBigEndian = _isBigEndian };
        (MappedFile place, long offset, _) = Open(record);
        storage.Place(place, offset);
        _storages.Add(parsed.Key, storage);
        return storage;
    }

    private ZipEntry? Record(string name) => _directory.Entries.GetValueOrDefault(_folder + Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(name)));

    private void ReadVersion()
    {
        string text = ReadSmall(".data/version") ?? ReadSmall("version") ?? throw NotTorch();
        if (!int.TryParse(text.TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out int version) || version is < LeastVersion or > MostVersion)
            throw new CheckpointException($"{_file.Path}: version is {FileFault.Shown(text)}; {LeastVersion} to {MostVersion} are read. Write it again by torch.save.");
    }

    /// <summary>A record of one word; null: it is not there.</summary>
    private string? ReadSmall(string name)
    {
        if (Record(name) is not { } entry) return null;
        if (entry.Bytes > MostSmallBytes) throw new CheckpointException($"{_file.Path}: {name} has {entry.Bytes} bytes; it is one word.");
        (MappedFile place, long offset, long bytes) = Open(entry);
        return Encoding.Latin1.GetString(place.Bytes(offset, (int)bytes));
    }

    /// <summary>Where the bytes of a record lie, as they were before packing.</summary>
    private (MappedFile File, long Offset, long Bytes) Open(ZipEntry entry)
    {
        long data = _directory.DataAt(entry);
        if (entry.Method == Stored)
            return entry.Stored == entry.Bytes ? (_file, data, entry.Bytes) : throw _directory.Fault($"{FileFault.Shown(entry.Name)} is stored in two sizes");
        if (entry.Method != Deflated)
            throw new CheckpointException($"{_file.Path}: {FileFault.Shown(entry.Name)} is packed by method {entry.Method} of zip, which torch does not read "
                + "either; stored and deflated files are read. Unpack the archive and pack it again without compression (zip -0).");
        if (entry.Bytes > _unpackable)
            throw _directory.Fault($"{FileFault.Shown(entry.Name)} would be unpacked to {entry.Bytes} bytes, out of proportion to the file of {_file.Length}");
        if (entry.Bytes == 0) return (_file, data, 0);
        _unpackable -= entry.Bytes;
        MappedFile unpacked = MappedFile.InMemory(_file.Path, (int)entry.Bytes, memory => Inflate(entry, data, memory));
        _unpacked.Add(unpacked);
        return (unpacked, 0, entry.Bytes);
    }

    private void Inflate(ZipEntry entry, long data, Span<byte> memory)
    {
        using Stream packed = _file.Stream(data, entry.Stored);
        using DeflateStream inflate = new(packed, CompressionMode.Decompress);
        try
        {
            if (inflate.ReadAtLeast(memory, memory.Length, throwOnEndOfStream: false) < memory.Length || inflate.ReadByte() >= 0)
                throw _directory.Fault($"{FileFault.Shown(entry.Name)} does not unpack to {entry.Bytes} bytes");
        }
        catch (InvalidDataException e)
        {
            throw new CheckpointException(_directory.Fault($"{FileFault.Shown(entry.Name)} cannot be unpacked").Message, e);
        }
    }

    private CheckpointException NotTorch() =>
        new($"{_file.Path} is a zip archive, but not of torch.save: version and data.pkl in one folder are needed. Give a file that torch.save wrote, or safetensors.");
}
