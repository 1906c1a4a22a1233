using System.CommandLine;
using System.Globalization;
using Cloze.Cli.Output;
using Cloze.Hub;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze cache</c>: what lies in the cache of the hub, and away with it.</summary>
internal static class CacheCommand
{
    public static Command Create() => new Command("cache", "List and remove models in the cache that huggingface_hub uses too.")
    {
        List(), Remove(),
    }.Example("cloze cache list");

    private static Command List()
    {
        Command command = new("list", "List the models in the cache, with their revisions and sizes.");
        command.SetAction(parsed =>
        {
            IReadOnlyList<CachedModel> models = new HubCache(HubSettings.FromEnvironment().CacheFolder).List();
            if (CommandHost.IsForPerson(parsed)) WriteTable(models); else WriteJson(models);
            foreach (CachedModel model in models.Where(model => model.Fault is not null)) Messages.Write($"{model.Fault}.");
            return CommandHost.Done;
        });
        return command.Example("cloze cache list");
    }

    private static Command Remove()
    {
        Argument<string[]> names = new("ORG/NAME[@REVISION]")
        {
            Description = "Models to remove with all their revisions, or only the revision named.",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("remove", "Remove models from the cache, and show how many bytes are free again.") { names };
        command.SetAction(parsed =>
        {
            string[] asked = parsed.GetValue(names)!;
            foreach (string name in asked) HubModel.Parse(name); // nothing is removed if one of them is no name
            HubCache cache = new(HubSettings.FromEnvironment().CacheFolder);
            bool isTable = CommandHost.IsForPerson(parsed);
            using JsonLines lines = new(isTable ? Stream.Null : new StandardOutput());
            foreach (string name in asked)
            {
                long freed = name.Contains('@') ? cache.Remove(HubModel.Parse(name)) : cache.Remove(name);
                if (isTable) Console.Out.WriteLine($"{name}: {Size(freed)} freed.");
                else lines.Line((name, freed), static (json, removed) =>
                {
                    json.WriteStartObject();
                    json.WriteString("model", removed.name);
                    json.WriteNumber("freed", removed.freed);
                    json.WriteEndObject();
                });
            }
            return CommandHost.Done;
        });
        return command.Example("cloze cache remove sentence-transformers/all-MiniLM-L6-v2");
    }

    private static void WriteTable(IReadOnlyList<CachedModel> models)
    {
        TextTable table = new("model", "revisions", "size", "folder");
        foreach (CachedModel model in models) table.Add(model.Repository, Revisions(model), Size(model.Bytes), model.Folder);
        table.Write(Console.Out, TerminalText.ScreenWidth);
        Console.Out.WriteLine($"{Messages.Count(models.Count, "model")}, {Size(models.Sum(model => model.Bytes))}.");

        static string Revisions(CachedModel model)
        {
            if (model.Fault is not null) return "broken";
            string names = string.Join(", ", model.Revisions.SelectMany(revision => revision.Refs.Count > 0 ? revision.Refs : [revision.Commit]));
            return model.UnfinishedBytes == 0 ? names : names.Length == 0 ? "unfinished" : $"{names}, unfinished";
        }
    }

    private static void WriteJson(IReadOnlyList<CachedModel> models)
    {
        using JsonLines lines = new(new StandardOutput());
        foreach (CachedModel model in models)
        {
            lines.Line(model, static (json, model) =>
            {
                json.WriteStartObject();
                json.WriteString("model", model.Repository);
                json.WriteNumber("bytes", model.Bytes);
                json.WriteNumber("unfinished_bytes", model.UnfinishedBytes);
                json.WriteString("folder", model.Folder);
                json.WriteStartArray("revisions");
                foreach (CachedRevision revision in model.Revisions)
                {
                    json.WriteStartObject();
                    json.WriteString("commit", revision.Commit);
                    json.WriteStartArray("refs");
                    foreach (string name in revision.Refs) json.WriteStringValue(name);
                    json.WriteEndArray();
                    json.WriteNumber("bytes", revision.Bytes);
                    json.WriteString("folder", revision.Folder);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                if (model.Fault is not null) json.WriteString("problem", model.Fault);
                json.WriteEndObject();
            });
        }
    }

    /// <summary>"512 bytes", "1.5 MB": powers of 1000, as disks are sold.</summary>
    private static string Size(long bytes)
    {
        if (bytes < 1000) return Messages.Count(bytes, "byte");
        string[] units = ["kB", "MB", "GB", "TB"];
        double value = bytes / 1000.0;
        int unit = 0;
        for (; value >= 999.95 && unit < units.Length - 1; unit++) value /= 1000;
        return string.Create(CultureInfo.InvariantCulture, $"{value:F1} {units[unit]}");
    }
}
