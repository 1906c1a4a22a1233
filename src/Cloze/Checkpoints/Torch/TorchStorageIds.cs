namespace Cloze.Checkpoints;

/// <summary>Storages by what a pickle calls them (its persistent ids).</summary>
internal interface ITorchStorages
{
    /// <exception cref="PickleFault">It is not the id of a storage, or that storage is not in the file.</exception>
    TorchStorage Find(object? id);
}

/// <summary>A file part in which no storage may be named.</summary>
internal sealed class NoTorchStorages : ITorchStorages
{
    public static NoTorchStorages Instance { get; } = new();

    public TorchStorage Find(object? id) => throw new PickleFault("a storage is named before the state");
}

/// <summary>The parts of a persistent id that both formats have: <c>("storage", class, key, location, elements, …)</c>.</summary>
/// <param name="Type">Of the elements.</param>
/// <param name="Bytes">Of the whole storage.</param>
/// <param name="IsMeta">It lay on the device meta, which has no values: torch writes none of its bytes.</param>
/// <param name="Rest">What follows.</param>
internal sealed record TorchStorageId(TorchType Type, string Key, long Bytes, bool IsMeta, object?[] Rest)
{
    /// <remarks>torch/serialization.py, persistent_load. Where the storage lay (<c>cuda:0</c>) does not matter where its bytes are in the file.</remarks>
    public static TorchStorageId Parse(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", var type, var key, var location, var elements, .. var rest] })
            throw new PickleFault("a persistent id is not that of a storage");
        if (type is not TorchGlobal { Kind: TorchGlobalKind.Storage } storage) throw new PickleFault("the class of a storage is none");
        if (key is not string text) throw new PickleFault("the key of a storage is not a text");
        TorchType elementType = storage.Type ?? TorchGlobals.Byte;
        if (elements is not long count || count < 0 || count > long.MaxValue / elementType.Bytes)
            throw new PickleFault($"storage {FileFault.Shown(text)} has no number of elements that could be");
        return new(elementType, text, count * elementType.Bytes, location is "meta", [.. rest]);
    }
}
