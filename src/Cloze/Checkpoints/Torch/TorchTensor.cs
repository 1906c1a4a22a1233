namespace Cloze.Checkpoints;

/// <summary>Bytes that tensors are views of. Where they lie may become known after the tensors are (the old format).</summary>
/// <param name="type">Of the elements; bytes where the file does not say.</param>
internal sealed class TorchStorage(string key, TorchType type, long bytes)
{
    private MappedFile? _file;
    private long _offset;
    private TorchStorage? _whole;

    public string Key => key;
    public TorchType Type => type;
    public long Bytes => bytes;
    /// <summary>The bytes of an element are in the order of a big-endian machine.</summary>
    public bool IsBigEndian { get; init; }

    /// <summary>This, where it is named again.</summary>
    /// <exception cref="PickleFault">It is named with another type or size.</exception>
    public TorchStorage As(TorchStorageId named) => type == named.Type && bytes == named.Bytes ? this
        : throw new PickleFault($"storage {FileFault.Shown(key)} is named with two types or sizes");

    /// <summary>A part of another storage (files before torch 0.4).</summary>
    public static TorchStorage PartOf(TorchStorage whole, string key, long offset, long bytes) =>
        new(key, whole.Type, bytes) { _whole = whole, _offset = offset };

    public void Place(MappedFile file, long offset) => (_file, _offset) = (file, offset);

    public (MappedFile File, long Offset) Location
    {
        get
        {
            if (_whole is null) return (_file ?? throw new InvalidOperationException($"Storage {key} has no place."), _offset);
            (MappedFile file, long start) = _whole.Location;
            return (file, start + _offset);
        }
    }
}

/// <summary>A tensor as a pickle describes it: a view of a storage that lies within it.</summary>
/// <param name="Offset">In elements.</param>
/// <param name="Strides">In elements; as many as dimensions.</param>
internal sealed record TorchTensor(TorchStorage Storage, TorchType Type, long Offset, long[] Shape, long[] Strides)
{
    private const int MostDimensions = 64; // as torch

    /// <summary>The view that <c>_rebuild_tensor…</c> makes.</summary>
    /// <exception cref="PickleFault">It is no such view, or reaches beyond the storage.</exception>
    public static TorchTensor Of(TorchStorage storage, TorchType type, object? offset, object? size, object? stride)
    {
        if (type.Type is null) throw PickleFault.Foreign($"a tensor is {type.Name}, which no encoder's weights are and which is not supported");
        if (size is not PickleTuple sizes || stride is not PickleTuple strides) throw new PickleFault("size or stride of a tensor is not a tuple");
        if (sizes.Items.Length != strides.Items.Length) throw new PickleFault("a tensor has not as many strides as sizes");
        if (sizes.Items.Length > MostDimensions) throw new PickleFault($"a tensor has {sizes.Items.Length} dimensions, more than {MostDimensions}");
        if (offset is not long start || start < 0) throw new PickleFault("the offset of a tensor is not a whole number of at least 0");

        long[] shape = new long[sizes.Items.Length];
        long[] steps = new long[shape.Length];
        Int128 last = start; // of its elements, the one that lies furthest
        UInt128 product = 1;
        bool isEmpty = false, isTooLarge = false;
        for (int i = 0; i < shape.Length; i++)
        {
            if (sizes.Items[i] is not (long and >= 0 and var length)) throw new PickleFault($"size {i} of a tensor is not a whole number from 0 to 2^63 - 1");
            if (strides.Items[i] is not long step || step < 0) throw new PickleFault($"stride {i} of a tensor is not a whole number of at least 0");
            isTooLarge |= (product *= (ulong)length) > ulong.MaxValue; // in this order, as torch
            if (isTooLarge) product = 0;
            (shape[i], steps[i]) = (length, step);
            isEmpty |= length == 0;
            last += (Int128)step * Math.Max(0, length - 1);
        }
        if (!isEmpty && (last + 1) * type.Bytes > storage.Bytes)
            throw new PickleFault($"a tensor reaches beyond its storage {FileFault.Shown(storage.Key)} of {storage.Bytes} bytes");
        if (isEmpty && isTooLarge) throw new PickleFault("the sizes of a tensor, multiplied one after the other, are beyond 64 bits");
        if (storage.IsBigEndian && storage.Type.Bytes != type.Bytes && !isEmpty)
            throw new PickleFault($"a tensor of {type.Name} is stored as {storage.Type.Name} by a big-endian machine: which bytes to swap is not known");
        return new(storage, type, isEmpty ? 0 : start, shape, steps);
    }

    /// <summary>Null: row-major without gaps.</summary>
    public long[]? LayoutStrides
    {
        get
        {
            long expected = 1;
            for (int i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] == 0) return null;
                if (Shape[i] != 1 && Strides[i] != expected) return Strides;
                expected *= Shape[i];
            }
            return null;
        }
    }
}
