using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>The tensors and the configuration that a conversion writes.</summary>
/// <param name="Config">config.json.</param>
/// <param name="Encoder">The encoder as shapes.</param>
internal sealed record ConvertedModel(IReadOnlyList<NewTensor> Tensors, byte[] Config, IEncoder<Shape> Encoder)
{
    private const int LargestExact = 1 << 24;

    /// <summary>Every stored tensor in its new form. A Linear or an Embedding is what the model of the folder's class uses as matrix or table.</summary>
    /// <param name="format">Null: as stored.</param>
    /// <param name="isEmbedder">Whether the encoder is all that is used.</param>
    /// <exception cref="CheckpointException">The folder does not fit its class, or a value does not fit the format.</exception>
    public static ConvertedModel Of(Checkpoint checkpoint, WeightFormat? format, bool isEmbedder)
    {
        object settings = checkpoint.Architecture.Configure(checkpoint.Config, checkpoint);
        isEmbedder |= File.Exists(Path.Combine(checkpoint.Folder, ModuleEntry.FileName));
        ModelTask task = isEmbedder ? ModelTask.Base : StoredTask.Of(checkpoint, settings);
        LoadReport report = LoadReport.Of(checkpoint, settings, task);
        report.ThrowIfFaulty();
        Dictionary<string, (TensorRequest Request, StoredTensor Tensor)> read = [];
        foreach ((TensorRequest request, StoredTensor stored) in report.Read)
        {
            read[stored.Name] = (request, stored);
            if (checkpoint.FindTied(request) is { } tied) read.TryAdd(tied.Name, (request, tied)); // stored twice: the same values again
        }
        byte[] before = FileFault.ReadSmall(Path.Combine(checkpoint.Folder, "config.json"));
        byte[]? flexBert = settings is FlexBertConfig config ? FlexBertConversion.Config(config, task, checkpoint.Config) : null;
        List<NewTensor> tensors = [];
        foreach (FileTensor stored in checkpoint.Weights.Tensors.Values)
        {
            bool isRead = read.TryGetValue(stored.Name, out (TensorRequest Request, StoredTensor Tensor) found);
            bool isRenamed = flexBert is not null && isRead && checkpoint.Find(found.Request.Name)?.Name == stored.Name;
            string name = isRenamed ? found.Request.Name : checkpoint.PlainName(stored);
            if (isRead) tensors.AddRange(Encode(checkpoint, name, stored, found.Request.Role, found.Tensor, format));
            else tensors.AddRange(EncodeUnread(checkpoint, name, stored, format));
        }
        foreach ((TensorRequest request, StoredTensor stored) in report.Read) // what only an adapter holds
            if (!checkpoint.Weights.Tensors.ContainsKey(stored.Name))
                tensors.AddRange(Encode(checkpoint, request.Name, null, request.Role, stored, format ?? WeightFormat.F32));
        byte[] after = flexBert ?? before;
        return new(tensors, format is { } chosen ? ConfigRewriter.For(chosen, after) : after, report.Schema.Model.Encoder);
    }

    /// <param name="stored">Where the values come from; null: from an adapter alone.</param>
    private static IEnumerable<NewTensor> Encode(Checkpoint checkpoint, string name, FileTensor? stored, WeightRole role, StoredTensor tensor, WeightFormat? format)
    {
        if (format == WeightFormat.Int8 && role is (WeightRole.Matrix or WeightRole.Table)) return WeightEncoder.Int8(name, tensor);
        if (format is { } chosen) return [WeightEncoder.Float(name, tensor, chosen)];
        if (stored is null) throw new ArgumentNullException(nameof(stored), "Without a stored tensor there is no type to keep.");
        if (!checkpoint.IsAdapted) return [new(name, stored.Type, stored.Shape, stored.CopyTo)];
        WeightFormat kept = stored.Type switch { TensorType.F16 => WeightFormat.F16, TensorType.BF16 => WeightFormat.BF16, _ => WeightFormat.F32 };
        return [WeightEncoder.Float(name, tensor, kept)];
    }

    private static IEnumerable<NewTensor> EncodeUnread(Checkpoint checkpoint, string name, FileTensor stored, WeightFormat? format)
    {
        if (format is null) return [new(name, stored.Type, stored.Shape, stored.CopyTo)];
        if (checkpoint.IsPartOfInt8(stored)) return [];
        StoredTensor unread = checkpoint.Raw(stored);
        bool isWhole = ReferenceEquals(unread.Values, stored) && !TensorTypes.IsFloat(stored.Type); // a buffer of positions
        if (isWhole && format != WeightFormat.Int8) return [new(name, stored.Type, stored.Shape, stored.CopyTo)];
        if (isWhole && Array.Exists(stored.ReadIntegers(), value => Math.Abs((long)value) > LargestExact))
            throw new CheckpointException($"{stored.Path}: {stored} holds whole numbers above {LargestExact}, which float32 cannot; take it out.");
        return [WeightEncoder.Float(name, unread, format.Value)];
    }
}
