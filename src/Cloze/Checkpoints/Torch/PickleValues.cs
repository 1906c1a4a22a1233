namespace Cloze.Checkpoints;

/// <summary>A Python tuple. Immutable, so whether it may be a key is known once it is made, and nobody has to walk it.</summary>
internal sealed class PickleTuple(object?[] items)
{
    public static PickleTuple Empty { get; } = new([]);

    public object?[] Items => items;
    public bool IsHashable { get; } = Array.TrueForAll(items, PickleKeys.IsHashable);
}

/// <summary>A Python list.</summary>
internal sealed class PickleList
{
    private List<object?>? _items; // most lists of a checkpoint are empty, and a file can ask for one with every byte

    public IReadOnlyList<object?> Items => _items ?? [];
    public void Add(object? item) => (_items ??= []).Add(item);
}

/// <summary>A Python dictionary, of which only the entries under texts are kept: nothing else in a checkpoint is looked up.</summary>
internal sealed class PickleDict
{
    private Dictionary<string, object?>? _texts;

    public IReadOnlyDictionary<string, object?> Texts => _texts ?? s_none;
    /// <summary>Whether an entry stands under something else than a text.</summary>
    public bool HasOtherKeys { get; private set; }

    /// <summary>A text under which two values stand, one of them a tensor or a dictionary: Python takes the last. Null: there is none.</summary>
    public string? Ambiguous { get; private set; }

    private static readonly Dictionary<string, object?> s_none = [];

    /// <summary>As in Python, the last value of a key counts.</summary>
    public void Set(object? key, object? value)
    {
        HasOtherKeys |= key is not string;
        if (key is not string text || (_texts ??= []).TryAdd(text, value)) return;
        if (_texts[text] is TorchTensor or PickleDict || value is TorchTensor or PickleDict) Ambiguous = text;
        _texts[text] = value;
    }
}

/// <summary>A whole number that 64 bits cannot hold: as stored, little-endian two's complement.</summary>
internal sealed record PickleBigNumber(ReadOnlyMemory<byte> Bytes);

/// <summary>Something that is no part of a tensor and that nobody looks into: a set, bytes, a device, a complex number.</summary>
internal sealed class PickleOpaque
{
    public static PickleOpaque Instance { get; } = new();
}

/// <summary>What may be a key of a dictionary.</summary>
internal static class PickleKeys
{
    public static bool IsHashable(object? value) => value switch
    {
        PickleList or PickleDict => false,
        PickleTuple tuple => tuple.IsHashable,
        _ => true,
    };
}
