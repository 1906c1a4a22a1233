using System.CommandLine;
using Cloze.Cli.Output;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze download</c>: brings a model of a hub into the cache, as it is there now.</summary>
internal static class DownloadCommand
{
    public static Command Create()
    {
        Argument<string> name = new("ORG/NAME[@REVISION]") { Description = "A model, and a branch, tag or commit of it; default: main." };
        Command command = new("download", """
            Fetch a model of a hub into the cache that huggingface_hub uses too, and show its folder.
            Only files that cloze reads are fetched. Other commands take the same name for --model, and fetch what is missing by themselves.
            HF_HUB_CACHE or HF_HOME says where the cache lies, HF_ENDPOINT which hub is asked; HF_TOKEN is needed for private and gated models.
            """) { name };
        command.SetAction(parsed =>
        {
            string asked = parsed.GetValue(name)!, folder = HubModels.Folder(asked, isCurrent: true);
            if (!parsed.GetValue(CommandHost.Json))
            {
                Console.Out.WriteLine(folder); // for a script, too: $(cloze download …)
                return CommandHost.Done;
            }
            using JsonLines lines = new(new StandardOutput());
            lines.Line((asked, folder), static (json, model) =>
            {
                json.WriteStartObject();
                json.WriteString("model", model.asked);
                json.WriteString("folder", model.folder);
                json.WriteEndObject();
            });
            return CommandHost.Done;
        });
        return command.Example("cloze download sentence-transformers/all-MiniLM-L6-v2");
    }
}
