using System.Diagnostics.CodeAnalysis;
using Cloze.Cli.Output;
using Cloze.Hub;
namespace Cloze.Cli;

/// <summary>Models that a command names as <c>org/name[@revision]</c>.</summary>
internal static class HubModels
{
    private const double Mega = 1e6;

    /// <summary>The folder in the cache, with all that the command reads.</summary>
    /// <param name="isCurrent">Ask the hub what the revision is now, instead of taking what is in the cache.</param>
    /// <exception cref="HubException">It is no such name, or the model cannot be had.</exception>
    public static string Folder(string name, HubFiles files = HubFiles.All, bool isCurrent = false)
    {
        HubModel model = HubModel.Parse(name);
        ModelHub hub = new();
        return isCurrent || hub.Find(model, files) is not { } folder ? Fetch(hub, model, files, isCurrent) : folder;
    }

    /// <summary>Whether a value that is no file and no folder may be meant as a model's name.</summary>
    public static bool MayBe([NotNullWhen(true)] string? value) => value is not null && value.Contains('/') && !Path.IsPathRooted(value);

    /// <summary>Apart, since what speaks HTTP is loaded with it.</summary>
    private static string Fetch(ModelHub hub, HubModel model, HubFiles files, bool isCurrent)
    {
        using Progress progress = new("MB");
        bool isSaid = false;
        Task<string> folder = isCurrent ? hub.DownloadAsync(model, files, Report, CommandHost.Interrupted)
            : hub.ResolveAsync(model, files, Report, CommandHost.Interrupted);
        return folder.GetAwaiter().GetResult();

        void Report(HubProgress now)
        {
            if (!isSaid && now.Total > 0)
            {
                isSaid = true;
                Messages.Write($"{model} is fetched from {hub.Settings.Endpoint} into {hub.Settings.CacheFolder}.");
            }
            progress.Report((long)(now.Received / Mega), now.Total > 0 ? (double)now.Done / now.Total : null);
        }
    }
}
