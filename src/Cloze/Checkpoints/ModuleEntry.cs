using System.Text.Json;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>One entry of modules.json, by which sentence-transformers lists what a model is made of.</summary>
/// <param name="Source">The file, for messages.</param>
/// <param name="Kind">The class without its package, which has been renamed over the years.</param>
/// <param name="Path">Relative to the model's folder, and within it: empty, or with slashes and none at its end.</param>
/// <param name="Folder">The same, absolute.</param>
internal sealed record ModuleEntry(string Source, string Kind, string Path, string Folder)
{
    public const string FileName = "modules.json";
    private const int MostModules = 100;
    private const string Package = "sentence_transformers.";

    /// <exception cref="CheckpointException">Not such a list, code of its own, or a path that leaves the folder.</exception>
    public static List<ModuleEntry> ReadAll(string folder)
    {
        string path = System.IO.Path.Combine(folder, FileName);
        byte[] utf8 = FileFault.ReadSmall(path);
        List<ModuleEntry> modules = [];
        try
        {
            Utf8JsonReader reader = new(utf8);
            if (reader.Read() && reader.TokenType != JsonTokenType.StartArray)
                throw new CheckpointException($"{path} holds {JsonFault.Kind(reader.TokenType)}; a list of modules is needed.");
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.StartObject)
                    throw new CheckpointException($"{path}: module {modules.Count} is {JsonFault.Kind(reader.TokenType)}; an object with type and path is needed.");
                if (modules.Count == MostModules) throw new CheckpointException($"{path} lists more than {MostModules} modules; no model has as many.");
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                modules.Add(Read(folder, path, ConfigFields.Parse(utf8.AsSpan(start..(int)reader.BytesConsumed), $"{path}: module {modules.Count}")));
            }
            while (reader.Read()) { } // to the end
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{path} {JsonFault.Of(utf8)}.", e);
        }
        return modules;
    }

    public CheckpointException Refused(string reason) => new($"{Source}: module {FileFault.Shown(Kind)} is not supported here: {reason}.");

    private static ModuleEntry Read(string folder, string path, ConfigFields fields)
    {
        string type = fields.Text("type") ?? throw new CheckpointException($"{fields.Source}: type is missing; the class of a module is needed.");
        if (!type.StartsWith(Package, StringComparison.Ordinal))
            throw new CheckpointException($"{path}: module {FileFault.Shown(type)} is code of its own, which is not run; modules of {Package}* are supported.");
        string given = (fields.Text("path") ?? throw new CheckpointException(
            $"{fields.Source}: path is {(fields.IsNull("path") ? "null" : "missing")}; the folder of {FileFault.Shown(type)} is needed, \"\" for the model's own.")).TrimEnd('/');
        if (given.Length > 0 && !FolderBounds.IsPlainPath(given))
            throw new CheckpointException($"{path}: path {FileFault.Shown(given)} of module {FileFault.Shown(type)} leaves the folder, "
                + $"or is no plain path; name a folder beside {FileName}, or within one.");
        string within = System.IO.Path.Combine(folder, given);
        if (given.Length > 0 && !FolderBounds.Hold(folder, within))
            throw new CheckpointException($"{path}: path {FileFault.Shown(given)} of module {FileFault.Shown(type)} is a link that leaves the folder, "
                + "and is not followed; put the folder itself there.");
        return new(path, type[(type.LastIndexOf('.') + 1)..], given, System.IO.Path.GetFullPath(within));
    }
}
