using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>Writes files byte by byte, without the code under test.</summary>
internal static class HandmadeFiles
{
    /// <summary>Length, header, data.</summary>
    public static byte[] Safetensors(string header, int dataBytes) => Safetensors(header, new byte[dataBytes]);

    public static byte[] Safetensors(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header), length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        return [.. length, .. json, .. data];
    }

    /// <summary>Tensors end to end, in the order in which they are given.</summary>
    public static byte[] Safetensors(IEnumerable<(string Name, string Type, int[] Shape, byte[] Bytes)> tensors)
    {
        StringBuilder header = new("{");
        List<byte> data = [];
        foreach ((string name, string type, int[] shape, byte[] bytes) in tensors)
        {
            if (header.Length > 1) header.Append(',');
            header.Append(CultureInfo.InvariantCulture,
                $"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{data.Count},{data.Count + bytes.Length}]}}");
            data.AddRange(bytes);
        }
        return Safetensors(header.Append('}').ToString(), [.. data]);
    }

    public static byte[] Bytes(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    public static string Write(this TemporaryFolder folder, string name, byte[] bytes)
    {
        string path = Path.Combine(folder.Path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}

/// <summary>A BERT that is small enough to be written by hand: 2 layers, hidden 8, 2 heads, intermediate 12, vocabulary 11.</summary>
internal sealed class TinyBert
{
    public const int Hidden = 8, Intermediate = 12, Vocabulary = 11, Positions = 6, Layers = 2;

    private readonly Random _random = new(5);

    /// <summary>Every tensor by name, with a prefix bert. and, for masked language modelling, its head without the tied decoder.</summary>
    public Dictionary<string, (int[] Shape, float[] Values)> Tensors { get; } = [];

    public TinyBert()
    {
        Add("bert.embeddings.word_embeddings.weight", Vocabulary, Hidden);
        Add("bert.embeddings.position_embeddings.weight", Positions, Hidden);
        Add("bert.embeddings.token_type_embeddings.weight", 2, Hidden);
        Norm("bert.embeddings.LayerNorm");
        for (int layer = 0; layer < Layers; layer++)
        {
            string name = $"bert.encoder.layer.{layer}";
            foreach (string part in (string[])["query", "key", "value"]) Linear($"{name}.attention.self.{part}", Hidden, Hidden);
            Linear($"{name}.attention.output.dense", Hidden, Hidden);
            Norm($"{name}.attention.output.LayerNorm");
            Linear($"{name}.intermediate.dense", Intermediate, Hidden);
            Linear($"{name}.output.dense", Hidden, Intermediate);
            Norm($"{name}.output.LayerNorm");
        }
        Linear("cls.predictions.transform.dense", Hidden, Hidden);
        Norm("cls.predictions.transform.LayerNorm");
        Add("cls.predictions.bias", Vocabulary);
    }

    /// <summary>Names of the weights of Linear and Embedding modules: all matrices.</summary>
    public IEnumerable<string> Matrices => Tensors.Where(tensor => tensor.Value.Shape.Length == 2).Select(tensor => tensor.Key);

    public static string Config(string more = "") => $$"""
        {
          "architectures": ["BertForMaskedLM"],
          "model_type": "bert",
          "vocab_size": {{Vocabulary}},
          "hidden_size": {{Hidden}},
          "num_hidden_layers": {{Layers}},
          "num_attention_heads": 2,
          "intermediate_size": {{Intermediate}},
          "max_position_embeddings": {{Positions}}{{more}}
        }
        """;

    public void Write(TemporaryFolder folder, string name = "model", string? config = null)
    {
        folder.Write($"{name}/config.json", config ?? Config());
        folder.Write($"{name}/model.safetensors",
            HandmadeFiles.Safetensors(Tensors.Select(tensor => (tensor.Key, "F32", tensor.Value.Shape, HandmadeFiles.Bytes(tensor.Value.Values)))));
    }

    public void Add(string name, params int[] shape)
    {
        float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(_random.NextDouble() * 2 - 1);
        Tensors[name] = (shape, values);
    }

    private void Linear(string name, int outputs, int inputs)
    {
        Add($"{name}.weight", outputs, inputs);
        Add($"{name}.bias", outputs);
    }

    private void Norm(string name)
    {
        Add($"{name}.weight", Hidden);
        Add($"{name}.bias", Hidden);
    }
}
