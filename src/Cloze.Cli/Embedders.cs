using System.CommandLine;
using System.Globalization;
using Cloze.Cli.Output;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Cli;

/// <summary>The embedder of the commands that need one.</summary>
internal static class Embedders
{
    /// <param name="folder">Where the model lies.</param>
    /// <exception cref="CommandException">There is no such folder.</exception>
    public static TextEmbedder Load(ParseResult parsed, Option<string?> model, Option<string?> adapter, out string folder, IReadOnlyList<Pooling>? pooling = null)
    {
        ModelPlace place = DefaultModel.Place(parsed.GetValue(model), parsed.GetValue(adapter));
        StartTimes.Mark("command line");
        TextEmbedderOptions options = new() { Pooling = pooling, Threads = ThreadCount.Of(parsed) };
        folder = place.HasModules ? place.Adapter! : place.Folder;
        TextEmbedder embedder = TextEmbedder.Load(folder, place.HasModules ? options with { BaseModel = place.Folder } : options with { Adapter = place.Adapter });
        StartTimes.Mark(string.Create(CultureInfo.InvariantCulture,
            $"model (tokenizer {embedder.LoadTimes.Tokenizer.TotalMilliseconds:F0} beside weights {embedder.LoadTimes.Weights.TotalMilliseconds:F0})"));
        if (embedder.HasDefaultPooling) Messages.Write($"{folder} does not say how its tokens become one vector: the mean is taken (--pooling chooses).");
        return embedder;
    }

    /// <summary>What <c>--pooling</c> names: one way, or some with commas.</summary>
    /// <exception cref="UsageException">There is no such way.</exception>
    public static Pooling[] Modes(string names) => [.. names.Split(',').Select(name => TextEmbedderOptions.ParsePooling(name.Trim())
        ?? throw new UsageException($"--pooling {name}: there are cls, max, mean, mean_sqrt_len, weightedmean and lasttoken."))];

    /// <summary>Says how many texts were cut, if any were.</summary>
    public static void Report(EmbedStatistics statistics, TextEmbedder embedder)
    {
        if (statistics.Truncated > 0)
        {
            string were = statistics.Truncated == 1 ? "was" : "were";
            Messages.Write($"{Messages.Count(statistics.Truncated, "text")} longer than {embedder.MaxTokens} tokens {were} cut there.");
        }
    }
}
