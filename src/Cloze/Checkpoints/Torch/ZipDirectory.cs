using System.Buffers.Binary;
using System.Globalization;
using System.Text;
namespace Cloze.Checkpoints;

/// <summary>One file of an archive, as the central directory has it.</summary>
/// <param name="Name">Each byte as one character, so that names are compared as bytes.</param>
/// <param name="Stored">Bytes in the archive.</param>
/// <param name="Bytes">When it is unpacked.</param>
/// <param name="HeaderAt">Where its local header begins.</param>
internal sealed record ZipEntry(string Name, ushort Flags, ushort Method, long Stored, long Bytes, long HeaderAt);

/// <summary>The central directory of a zip archive, with zip64, read strictly: what contradicts itself is refused.</summary>
/// <remarks>PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3. Names are keys and never paths; nothing is unpacked here.</remarks>
internal sealed class ZipDirectory
{
    private const int EndBytes = 22, LocatorBytes = 20, End64Bytes = 56, EntryBytes = 46, HeaderBytes = 30, MostComment = ushort.MaxValue;
    private const int Encrypted = 0x1 | 0x20 | 0x40; // encrypted, patched, strongly encrypted
    private readonly MappedFile _file;
    private readonly long _start;
    private readonly Dictionary<string, ZipEntry> _entries = [];

    /// <exception cref="CheckpointException">A rule of the format is broken.</exception>
    public ZipDirectory(MappedFile file)
    {
        _file = file;
        (long start, long size, long count) = FindDirectory();
        _start = start;
        ReadOnlySpan<byte> directory = file.Bytes(start, checked((int)size));
        for (long i = 0; i < count; i++)
        {
            ZipEntry entry = ReadEntry(ref directory);
            First ??= entry.Name;
            if (!_entries.TryAdd(entry.Name, entry)) throw Fault($"{FileFault.Shown(entry.Name)} stands in it twice");
        }
        if (!directory.IsEmpty) throw Fault("its directory holds more than it counts");
    }

    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, ZipEntry> Entries => _entries;
    /// <summary>The name of the first; null: the archive is empty.</summary>
    public string? First { get; }

    /// <summary>Where the bytes of an entry begin: after its local header, which must be its own.</summary>
    /// <exception cref="CheckpointException">There is no such header, or it is another's.</exception>
    public long DataAt(ZipEntry entry)
    {
        string shown = FileFault.Shown(entry.Name);
        if (entry.HeaderAt > _start - HeaderBytes) throw Fault($"{shown} begins at byte {entry.HeaderAt}, beyond the files");
        ReadOnlySpan<byte> header = _file.Bytes(entry.HeaderAt, HeaderBytes);
        if (!header.StartsWith("PK\x03\x04"u8)) throw Fault($"{shown} has no header at byte {entry.HeaderAt}");
        int nameBytes = UInt16(header, 26), extraBytes = UInt16(header, 28);
        long data = entry.HeaderAt + HeaderBytes + nameBytes + extraBytes;
        if (data > _start || entry.Stored > _start - data) throw Fault($"{shown} of {entry.Stored} bytes reaches beyond the files");
        if (Encoding.Latin1.GetString(_file.Bytes(entry.HeaderAt + HeaderBytes, nameBytes)) != entry.Name)
            throw Fault($"the header at byte {entry.HeaderAt} is not that of {shown}");
        if (((entry.Flags | UInt16(header, 6)) & Encrypted) != 0) throw Fault($"{shown} is encrypted");
        return data;
    }

    private (long Start, long Size, long Count) FindDirectory()
    {
        int tailBytes = (int)Math.Min(_file.Length, EndBytes + MostComment);
        ReadOnlySpan<byte> tail = _file.Bytes(_file.Length - tailBytes, tailBytes);
        int found = tail.Length < EndBytes ? -1 : tail[..^(EndBytes - 4)].LastIndexOf("PK\x05\x06"u8);
        if (found < 0) throw Fault("it has no end record: it is cut short");
        ReadOnlySpan<byte> end = tail[found..];
        long endAt = _file.Length - tailBytes + found;
        if (EndBytes + UInt16(end, 20) > end.Length) throw Fault("its comment reaches beyond the file");
        if (UInt16(end, 4) is not (0 or ushort.MaxValue) || UInt16(end, 6) is not (0 or ushort.MaxValue)) throw Fault("it is one of several volumes");
        (long onDisk, long count, long size, long start) = (UInt16(end, 8), UInt16(end, 10), UInt32(end, 12), UInt32(end, 16));
        if (endAt >= LocatorBytes && _file.Bytes(endAt - LocatorBytes, LocatorBytes) is var locator && locator.StartsWith("PK\x06\x07"u8))
        {
            long at = Int64(locator, 8);
            if (UInt32(locator, 4) != 0 || UInt32(locator, 16) > 1) throw Fault("it is one of several volumes");
            if (at > endAt - LocatorBytes - End64Bytes) throw Fault("its zip64 end record lies elsewhere");
            ReadOnlySpan<byte> end64 = _file.Bytes(at, End64Bytes);
            if (!end64.StartsWith("PK\x06\x06"u8)) throw Fault("its zip64 end record is missing");
            if (UInt32(end64, 16) != 0 || UInt32(end64, 20) != 0) throw Fault("it is one of several volumes");
            onDisk = Wide(onDisk, ushort.MaxValue, Int64(end64, 24));
            count = Wide(count, ushort.MaxValue, Int64(end64, 32));
            size = Wide(size, uint.MaxValue, Int64(end64, 40));
            start = Wide(start, uint.MaxValue, Int64(end64, 48));
            endAt = at;
        }
        if (onDisk != count) throw Fault("it is one of several volumes");
        if (size > endAt || start > endAt - size || size > int.MaxValue) throw Fault($"its directory of {size} bytes at byte {start} reaches beyond it");
        if (count > size / EntryBytes) throw Fault($"its directory counts {count} files, for which it is too short");
        return (start, size, count);
    }

    /// <summary>A number of the end record: that of zip64 where it says so; both must not differ otherwise.</summary>
    private long Wide(long narrow, long marker, long wide) =>
        narrow == marker || narrow == wide ? wide : throw Fault($"its end records contradict each other ({narrow} and {wide})");

    private ZipEntry ReadEntry(ref ReadOnlySpan<byte> directory)
    {
        if (directory.Length < EntryBytes || !directory.StartsWith("PK\x01\x02"u8)) throw Fault("its directory is broken");
        ReadOnlySpan<byte> entry = directory;
        int nameBytes = UInt16(entry, 28), extraBytes = UInt16(entry, 30), all = EntryBytes + nameBytes + extraBytes + UInt16(entry, 32);
        if (all > directory.Length) throw Fault("its directory is cut short");
        string name = Encoding.Latin1.GetString(entry.Slice(EntryBytes, nameBytes));
        ReadOnlySpan<byte> wide = Zip64(entry.Slice(EntryBytes + nameBytes, extraBytes));
        long bytes = Size(ref wide, UInt32(entry, 24), name), stored = Size(ref wide, UInt32(entry, 20), name), at = Size(ref wide, UInt32(entry, 42), name);
        if (UInt16(entry, 34) is not (0 or ushort.MaxValue)) throw Fault($"{FileFault.Shown(name)} lies on another volume");
        directory = directory[all..];
        return new(name, UInt16(entry, 8), UInt16(entry, 10), stored, bytes, at);
    }

    /// <summary>The next 8 bytes of the zip64 field where 4 bytes do not suffice.</summary>
    private long Size(ref ReadOnlySpan<byte> wide, long narrow, string name)
    {
        if (narrow != uint.MaxValue) return narrow;
        if (wide.Length < sizeof(long)) throw Fault($"{FileFault.Shown(name)} lacks its zip64 sizes");
        long size = Int64(wide, 0);
        wide = wide[sizeof(long)..];
        return size;
    }

    /// <summary>The extra field of zip64; empty: there is none, or it is broken.</summary>
    private static ReadOnlySpan<byte> Zip64(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int length = UInt16(extra, 2);
            if (length > extra.Length - 4) return default;
            if (UInt16(extra, 0) == 1) return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }
        return default;
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
    private static uint UInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private long Int64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]) is >= 0 and long value ? value
        : throw Fault(string.Create(CultureInfo.InvariantCulture, $"it holds a number beyond 63 bits"));

    /// <summary>A fault of this archive.</summary>
    public CheckpointException Fault(string what) => new($"{_file.Path}: the zip archive is broken: {what}. Copy or download it again.");
}
