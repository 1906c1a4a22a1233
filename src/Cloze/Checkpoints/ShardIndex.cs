using System.Text.Json;
namespace Cloze.Checkpoints;

/// <summary>Which shard holds which tensor: <c>model.safetensors.index.json</c>, <c>pytorch_model.bin.index.json</c>.</summary>
internal static class ShardIndex
{
    /// <summary><c>weight_map</c>: the shard of each tensor. metadata.total_size is not believed, other fields are not read.</summary>
    /// <exception cref="CheckpointException">It is broken, lists nothing or a tensor twice, or a shard is no plain name of a file.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        Dictionary<string, string>? map = null;
        byte[] utf8 = FileFault.ReadSmall(path);
        Utf8JsonReader reader = new(utf8);
        try
        {
            if (reader.Read() && reader.TokenType != JsonTokenType.StartObject)
                throw new CheckpointException($"{path} holds {JsonFault.Kind(reader.TokenType)}; a JSON object with weight_map is needed.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isMap = reader.ValueTextEquals("weight_map"u8);
                reader.Read();
                if (!isMap) reader.Skip();
                else if (map is not null) throw new CheckpointException($"{path} has weight_map twice; copy or download it again.");
                else map = ReadMap(ref reader, path);
            }
            while (reader.Read()) { } // to the end
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: a text that is not Unicode
        {
            throw new CheckpointException($"{path} {JsonFault.Of(utf8)}. Copy or download it again.", e);
        }
        return map is { Count: > 0 } ? map
            : throw new CheckpointException($"{path} lists no tensors: weight_map is {(map is null ? "missing" : "empty")}. Copy or download it again.");
    }

    private static Dictionary<string, string> ReadMap(ref Utf8JsonReader reader, string path)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new CheckpointException($"{path}: weight_map is {JsonFault.Kind(reader.TokenType)}; an object of tensors and their shards is needed.");
        Dictionary<string, string> map = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                throw new CheckpointException(
                    $"{path}: weight_map holds {JsonFault.Kind(reader.TokenType)} for {FileFault.Shown(name)}; the name of a shard is needed.");
            string shard = reader.GetString()!;
            if (!FolderBounds.IsPlainName(shard))
                throw new CheckpointException($"{path} names {FileFault.Shown(shard)}; only files in the same folder are followed.");
            if (!map.TryAdd(name, shard)) throw new CheckpointException($"{path} lists {FileFault.Shown(name)} twice; copy or download it again.");
        }
        return map;
    }
}
