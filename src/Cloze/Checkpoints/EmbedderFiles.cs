using System.Text.Encodings.Web;
using System.Text.Json;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>What makes an encoder's folder one of sentence-transformers: its modules, how its tokens become a vector, how long a text may be.</summary>
/// <remarks>
/// In the spelling of versions 2 to 5, which every later one reads, too: <c>modules.json</c>, <c>1_Pooling/config.json</c>,
/// <c>sentence_bert_config.json</c>, <c>config_sentence_transformers.json</c>. Normalize has no file of its own.
/// </remarks>
internal static class EmbedderFiles
{
    private const string PoolingFolder = "1_Pooling", NormalizeFolder = "2_Normalize", Types = "sentence_transformers.models.";
    private const string About = "config_sentence_transformers.json";

    /// <param name="folder">That of the encoder, which keeps what it says of lengths and prompts.</param>
    /// <param name="pooling">At least one way, in the order in which sentence-transformers concatenates them.</param>
    /// <param name="isUnit">Whether vectors get length 1.</param>
    /// <exception cref="CheckpointException">The folder has modules already, or the layout has no place for that order.</exception>
    public static IReadOnlyList<(string Name, byte[] Content)> Of(string folder, IEncoder<Shape> encoder, IReadOnlyList<Pooling> pooling, bool isUnit)
    {
        if (File.Exists(Path.Combine(folder, ModuleEntry.FileName)))
            throw new CheckpointException($"{folder} has {ModuleEntry.FileName}, which says already how its tokens become a vector; "
                + "a plain encoder is needed to choose a pooling.");
        Pooling[] ordered = [.. PoolingModes.All.Select(mode => mode.Pooling).Where(pooling.Contains)];
        if (ordered.Length == 0 || !ordered.SequenceEqual(pooling))
            throw new CheckpointException($"The layout of sentence-transformers has each way of pooling once at most, in this order: {PoolingModes.Known}.");
        List<(string, byte[])> files =
        [
            (ModuleEntry.FileName, Json(json => WriteModules(json, isUnit))),
            ($"{PoolingFolder}/config.json", Json(json => WritePooling(json, encoder.HiddenSize, pooling))),
        ];
        if (!LengthFiles.Names.Any(name => File.Exists(Path.Combine(folder, name))))
            files.Add((LengthFiles.Names[0], Json(json => WriteLength(json, encoder, folder))));
        if (!File.Exists(Path.Combine(folder, About))) files.Add((About, Json(WriteAbout)));
        return files;
    }

    private static void WriteModules(Utf8JsonWriter json, bool isUnit)
    {
        json.WriteStartArray();
        int index = 0;
        Module("", "Transformer");
        Module(PoolingFolder, "Pooling");
        if (isUnit) Module(NormalizeFolder, "Normalize");
        json.WriteEndArray();

        void Module(string path, string type)
        {
            json.WriteStartObject();
            json.WriteNumber("idx", index);
            json.WriteString("name", $"{index++}");
            json.WriteString("path", path);
            json.WriteString("type", Types + type);
            json.WriteEndObject();
        }
    }

    private static void WritePooling(Utf8JsonWriter json, int width, IReadOnlyList<Pooling> pooling)
    {
        json.WriteStartObject();
        json.WriteNumber("word_embedding_dimension", width);
        foreach ((string flag, _, Pooling way) in PoolingModes.All) json.WriteBoolean(flag, pooling.Contains(way));
        json.WriteBoolean("include_prompt", true);
        json.WriteEndObject();
    }

    private static void WriteLength(Utf8JsonWriter json, IEncoder<Shape> encoder, string folder)
    {
        json.WriteStartObject();
        if (LengthFiles.Longest(encoder, folder) is { } tokens) json.WriteNumber("max_seq_length", tokens);
        else json.WriteNull("max_seq_length");
        json.WriteBoolean("do_lower_case", false);
        json.WriteEndObject();
    }

    private static void WriteAbout(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("__version__");
        json.WriteString("cloze", Conversion.Version);
        json.WriteEndObject();
        json.WriteStartObject("prompts");
        json.WriteEndObject();
        json.WriteNull("default_prompt_name");
        json.WriteString("similarity_fn_name", "cosine");
        json.WriteEndObject();
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream content = new();
        using (Utf8JsonWriter json = new(content, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" })) write(json);
        content.Write("\n"u8);
        return content.ToArray();
    }
}
