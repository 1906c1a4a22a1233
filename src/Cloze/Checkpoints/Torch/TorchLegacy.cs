using System.Buffers.Binary;
namespace Cloze.Checkpoints;

/// <summary>A file that torch.save wrote before 1.6: five pickles, then for every storage the number of its elements and its bytes.</summary>
/// <remarks>
/// torch/serialization.py, _legacy_load: a magic number, a protocol, facts on the writing machine, the state, the keys of the storages in the order of their
/// bytes. Storages are little-endian whatever machine wrote them. What follows the last one is not read.
/// </remarks>
internal sealed class TorchLegacy : ITorchStorages
{
    private const long Protocol = 1001;
    private readonly Dictionary<string, TorchStorage> _storages = [], _parts = [];

    /// <summary>0x1950a86a20f9469cfc6c.</summary>
    private static ReadOnlySpan<byte> Magic => [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <summary>What the state of a file says.</summary>
    /// <exception cref="CheckpointException">It is broken, hostile, or no file of tensors.</exception>
    public static object? Read(MappedFile file)
    {
        TorchLegacy legacy = new();
        ReadOnlySpan<byte> start = file.Bytes(0, (int)Math.Min(file.Length, PickleReader.MostBytes));
        int position = 0;
        if (PickleReader.Read(start, ref position, NoTorchStorages.Instance, file.Path) is not PickleBigNumber number || !number.Bytes.Span.SequenceEqual(Magic))
            throw new CheckpointException($"{file.Path} is a pickle, but not of torch.save: its first value is not torch's magic number. Save the model's state_dict() by torch.save.");
        if (PickleReader.Read(start, ref position, NoTorchStorages.Instance, file.Path) is not Protocol)
            throw new CheckpointException($"{file.Path} has another protocol than {Protocol}, the only one of torch.save. It is broken: copy or download it again.");
        PickleReader.Read(start, ref position, NoTorchStorages.Instance, file.Path); // the machine that wrote it
        object? state = PickleReader.Read(start, ref position, legacy, file.Path);
        if (PickleReader.Read(start, ref position, NoTorchStorages.Instance, file.Path) is not PickleList keys)
            throw new CheckpointException($"{file.Path}: the keys of its storages are not a list. It is broken: copy or download it again.");
        legacy.Place(file, position, keys);
        return state;
    }

    /// <summary>Six parts: a view, where there is one, is (key, first element, elements) of its storage.</summary>
    TorchStorage ITorchStorages.Find(object? id)
    {
        TorchStorageId parsed = TorchStorageId.Parse(id);
        if (parsed.Rest is not [var view]) throw new PickleFault("a persistent id has not six parts");
        if (!_storages.TryGetValue(parsed.Key, out TorchStorage? storage))
            _storages.Add(parsed.Key, storage = new(parsed.Key, parsed.Type, parsed.Bytes));
        storage.As(parsed);
        if (view is null) return storage;
        if (view is not PickleTuple { Items: [string key, long first, long elements] }) throw new PickleFault("the view of a storage is not (key, offset, size)");
        long all = parsed.Bytes / parsed.Type.Bytes;
        if (first < 0 || elements < 0 || first > all || elements > all - first) throw new PickleFault($"a view reaches beyond storage {FileFault.Shown(parsed.Key)}");
        if (!_parts.TryGetValue(key, out TorchStorage? part))
            _parts.Add(key, part = TorchStorage.PartOf(storage, key, first * parsed.Type.Bytes, elements * parsed.Type.Bytes));
        return part;
    }

    private void Place(MappedFile file, long position, PickleList keys)
    {
        HashSet<string> placed = [];
        foreach (object? item in keys.Items)
        {
            if (item is not string key || !_storages.TryGetValue(key, out TorchStorage? storage)) throw Fault("lists a storage that no tensor names");
            string shown = FileFault.Shown(key);
            if (!placed.Add(key)) throw Fault($"lists storage {shown} twice");
            if (file.Length - position < sizeof(long)) throw Fault($"ends before storage {shown}");
            long elements = BinaryPrimitives.ReadInt64LittleEndian(file.Bytes(position, sizeof(long)));
            position += sizeof(long);
            if (elements != storage.Bytes / storage.Type.Bytes)
                throw Fault($"has {elements} elements in storage {shown}; {storage.Bytes / storage.Type.Bytes} are named");
            if (storage.Bytes > file.Length - position) throw Fault($"ends within storage {shown}");
            storage.Place(file, position);
            position += storage.Bytes;
        }
        if (_storages.Keys.FirstOrDefault(key => !placed.Contains(key)) is { } absent) throw Fault($"does not list storage {FileFault.Shown(absent)}");

        CheckpointException Fault(string what) => new($"{file.Path} {what}. It is cut short or broken; copy or download it again.");
    }
}
