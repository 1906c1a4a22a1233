using System.Text;
using System.Text.Json;
namespace Cloze.Checkpoints;

/// <summary>Changes single fields of a config.json and keeps the bytes of all others.</summary>
internal static class ConfigRewriter
{
    /// <summary>As compressed-tensors writes it: symmetric int8, a scale a row, Linear and Embedding.</summary>
    private const string Int8Config = """
        {
            "quant_method": "compressed-tensors",
            "format": "int-quantized",
            "quantization_status": "compressed",
            "global_compression_ratio": null,
            "kv_cache_scheme": null,
            "ignore": [],
            "config_groups": {
              "group_0": {
                "targets": [
                  "Linear",
                  "Embedding"
                ],
                "input_activations": null,
                "output_activations": null,
                "format": "int-quantized",
                "weights": {
                  "num_bits": 8,
                  "type": "int",
                  "symmetric": true,
                  "strategy": "channel",
                  "group_size": null,
                  "block_structure": null,
                  "dynamic": false,
                  "actorder": null,
                  "observer": "minmax",
                  "observer_kwargs": {}
                }
              }
            }
          }
        """;

    /// <summary>The configuration of the same model with its weights in another format.</summary>
    /// <param name="config">A valid JSON object.</param>
    public static byte[] For(WeightFormat format, ReadOnlySpan<byte> config)
    {
        if (config.StartsWith("\uFEFF"u8)) config = config[3..];
        string type = format switch { WeightFormat.F16 => "\"float16\"", WeightFormat.BF16 => "\"bfloat16\"", _ => "\"float32\"" };
        List<string> fields = [];
        Utf8JsonReader reader = new(config);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = Encoding.UTF8.GetString(config[(int)reader.TokenStartIndex..(int)reader.BytesConsumed]).TrimEnd(':').TrimEnd();
            bool isType = reader.ValueTextEquals("torch_dtype"u8) || reader.ValueTextEquals("dtype"u8);
            bool isQuantization = reader.ValueTextEquals(Quantization.Field);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!isQuantization) fields.Add($"  {name}: {(isType ? type : Encoding.UTF8.GetString(config[start..(int)reader.BytesConsumed]))}");
        }
        if (format == WeightFormat.Int8) fields.Add($"  \"{Quantization.Field}\": {Int8Config.ReplaceLineEndings("\n")}");
        return Encoding.UTF8.GetBytes($"{{\n{string.Join(",\n", fields)}\n}}\n");
    }
}
