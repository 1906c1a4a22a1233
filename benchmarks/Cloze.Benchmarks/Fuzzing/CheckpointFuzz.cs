using System.Buffers.Binary;
using Cloze.Checkpoints;
using Cloze.Ops;
namespace Cloze.Fuzzing;

/// <summary>The readers of checkpoints: safetensors headers, pickles, zip archives, config.json, shard indexes.</summary>
internal sealed class CheckpointFuzz : IDisposable
{
    private static readonly byte[][] s_indexes =
    [
        """{"metadata":{"total_size":24},"weight_map":{"a.weight":"a.safetensors","a.bias":"a.safetensors","b.weight":"b.safetensors","b.bias":"b.safetensors"}}"""u8.ToArray(),
        """{"weight_map": {"b.bias": "b.safetensors", "b.weight": "b.safetensors"}}"""u8.ToArray(),
        """{"metadata": {"total_size": 1e300, "more": [{}, []]}, "weight_map": {"a.weight": "../a.safetensors"}, "other": null}"""u8.ToArray(),
    ];

    private readonly string _data, _folder;

    /// <param name="data">tests/Cloze.Tests/Data, from which the seeds come.</param>
    public CheckpointFuzz(string data)
    {
        _data = data;
        const string memory = "/dev/shm"; // a million files are not for a disk
        _folder = Directory.CreateDirectory(Path.Combine(Directory.Exists(memory) ? memory : Path.GetTempPath(), $"cloze-fuzz-{Guid.NewGuid():N}")).FullName;
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "index")).FullName;
        foreach (string shard in (string[])["a", "b"])
            SafetensorsWriter.Write(Path.Combine(folder, $"{shard}.safetensors"), [NewTensor.Of($"{shard}.weight", [2], new float[2]), NewTensor.Of($"{shard}.bias", [1], new float[1])]);
        File.WriteAllBytes(Path.Combine(folder, WeightFiles.IndexName), s_indexes[0]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public IReadOnlyList<FuzzTarget> Targets =>
    [
        new("safetensors", Seeds("checkpoints", "*.safetensors", static _ => true), mutant => ReadFile(WithLength(mutant), "x.safetensors"), IsDocumented),
        new("pickle", Seeds("checkpoints", "*.bin", static bytes => bytes[0] == 0x80), mutant => ReadFile(mutant, "x.bin"), IsDocumented),
        new("zip", Seeds("checkpoints", "*.bin", static bytes => bytes[0] == (byte)'P'), mutant => ReadFile(mutant, "x.bin"), IsDocumented),
        new("config.json", Seeds(".", "config.json", static _ => true), ReadConfig, IsDocumented),
        new("index", s_indexes, ReadIndex, IsDocumented),
    ];

    private static bool IsDocumented(Exception e) => e is CheckpointException;

    private byte[][] Seeds(string folder, string pattern, Func<byte[], bool> isWanted) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(_data, folder), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Where(path => new FileInfo(path).Length is > 0 and <= FuzzRun.MostSeedBytes).Select(File.ReadAllBytes).Where(isWanted),
    ];

    /// <summary>With the length of its header as it is after the change, for every other mutant: the others are refused by it and by nothing else.</summary>
    private static byte[] WithLength(byte[] mutant)
    {
        int end = mutant.AsSpan().LastIndexOf((byte)'}');
        if (mutant.Length % 2 == 0 || end < sizeof(long)) return mutant;
        byte[] mended = [.. mutant];
        BinaryPrimitives.WriteInt64LittleEndian(mended, end + 1 - sizeof(long));
        return mended;
    }

    /// <summary>Opens a file and reads every value in it.</summary>
    private void ReadFile(byte[] mutant, string name)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, mutant);
        using WeightFiles weights = WeightFiles.OpenFile(path);
        foreach (FileTensor tensor in weights.Tensors.Values) TensorHash.Sha256(tensor);
    }

    /// <summary>Takes the settings as what the architecture needs, as shapes, and compares that with a file that has nothing of it.</summary>
    private void ReadConfig(byte[] mutant)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "config")).FullName;
        File.WriteAllBytes(Path.Combine(folder, "config.json"), mutant);
        ConfigFields config = Checkpoint.ReadConfig(folder);
        using WeightFiles weights = WeightFiles.Open(Path.Combine(_folder, "index"));
        Checkpoint checkpoint = Checkpoint.Of(config, weights);
        object settings = checkpoint.Architecture.Configure(config, checkpoint);
        ModelTask task = config.Texts("architectures") is [string named, ..] ? ModelRegistry.TaskOf(named, checkpoint.Architecture, config.Source) : ModelTask.Base;
        LoadReport.Of(checkpoint, settings, task);
    }

    /// <summary>Follows an index to its shards, of which two are there.</summary>
    private void ReadIndex(byte[] mutant)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "followed")).FullName;
        foreach (string shard in (string[])["a.safetensors", "b.safetensors"])
            if (!File.Exists(Path.Combine(folder, shard))) File.Copy(Path.Combine(_folder, "index", shard), Path.Combine(folder, shard));
        File.WriteAllBytes(Path.Combine(folder, WeightFiles.IndexName), mutant);
        WeightFiles.Open(folder).Dispose();
    }
}
