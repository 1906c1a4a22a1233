namespace Cloze.Checkpoints;

/// <summary>An open file of torch.save (<c>.bin</c>, <c>.pt</c>), of either format. Nothing in it is run.</summary>
/// <remarks>
/// Memory-mapped: a tensor that lies row-major is used where it lies, as in safetensors; a strided one is read element by element. Whoever opens it disposes
/// it. Safe for concurrent use.
/// </remarks>
internal sealed class TorchFile : IWeightsFile
{
    private const long FreeBytes = 1 << 20;
    /// <summary>Tensors may share a storage (tied, or views): so often it may be counted in all.</summary>
    private const int MostShares = 64;
    private static readonly string[] s_extensions = [".bin", ".pt", ".pth", ".ckpt"];

    private readonly MappedFile _file;
    private readonly List<MappedFile> _unpacked;
    private readonly Dictionary<string, FileTensor> _tensors;

    private TorchFile(MappedFile file, List<MappedFile> unpacked, Dictionary<string, FileTensor> tensors) =>
        (_file, _unpacked, _tensors) = (file, unpacked, tensors);

    public string Path => _file.Path;
    public IReadOnlyDictionary<string, FileTensor> Tensors => _tensors;

    /// <summary>Whether a file is of this kind by its name.</summary>
    public static bool IsNamedSo(string path) => s_extensions.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <exception cref="CheckpointException">It is not there, not readable, broken, hostile, or holds no tensors.</exception>
    public static TorchFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        List<MappedFile> unpacked = [];
        try
        {
            return new(file, unpacked, TensorsOf(file, TorchState.Find(Root(file, unpacked), path)));
        }
        catch
        {
            foreach (MappedFile memory in unpacked) memory.Dispose();
            file.Dispose();
            throw;
        }
    }

    public IDisposable Hold() => HeldFiles.Of([_file, .. _unpacked], static file => file.Hold());

    public void Dispose()
    {
        foreach (MappedFile memory in _unpacked) memory.Dispose();
        _file.Dispose();
    }

    private static object? Root(MappedFile file, List<MappedFile> unpacked)
    {
        const int tarMagicAt = 257;
        ReadOnlySpan<byte> start = file.Bytes(0, (int)Math.Min(file.Length, 512));
        if (start.StartsWith("PK\x03\x04"u8)) return TorchZip.Read(file, unpacked);
        if (start[0] == (byte)PickleOpcode.Proto) return TorchLegacy.Read(file);
        string? what = start.Length == 512 && start[tarMagicAt..].StartsWith("ustar"u8) ? "a tar archive, as torch wrote before 0.1.10 (load and save it by a later torch)"
            : start.StartsWith("PK\x05\x06"u8) ? "an empty zip archive (copy or download it again)"
            : start.Length > 8 && start[8] == (byte)'{' ? "a safetensors file under another name (let it end in .safetensors)" : FileFault.OtherFormat(start);
        throw new CheckpointException(what is not null ? $"{file.Path} is {what}, not a file of torch.save."
            : $"{file.Path} begins neither with PK (a zip archive) nor with byte 0x80 (a pickle), as files of torch.save do. It is broken or of another format: "
            + "copy or download it again.");
    }

    /// <summary>What lies in the file as what it shows: a view that repeats its storage must not be larger than the file in the end.</summary>
    private static Dictionary<string, FileTensor> TensorsOf(MappedFile file, Dictionary<string, TorchTensor> state)
    {
        Int128 all = 0, most = (Int128)file.Length * MostShares + FreeBytes;
        Dictionary<string, FileTensor> tensors = new(state.Count);
        foreach ((string name, TorchTensor tensor) in state)
        {
            Int128 bytes = tensor.Shape.Aggregate((Int128)tensor.Type.Bytes, (product, size) => product > long.MaxValue ? product : product * size);
            if (tensor.Shape.Contains(0)) bytes = 0;
            if (bytes > file.Length + FreeBytes || (all += bytes) > most)
                throw new CheckpointException($"{file.Path}: {FileFault.Shown(name)} {FileFault.Shown(tensor.Shape)} repeats few stored values so often that it "
                    + "is out of proportion to the file; save it as a tensor of its own (tensor.contiguous()).");
            (MappedFile place, long offset) = tensor.Storage.Location;
            int size = tensor.Type.Bytes;
            tensors.Add(name, new(place, name, tensor.Type.Type!.Value, tensor.Shape, offset + (bytes == 0 ? 0 : tensor.Offset * size), tensor.LayoutStrides,
                isSwapped: tensor.Storage.IsBigEndian && size > 1));
        }
        return tensors;
    }
}
