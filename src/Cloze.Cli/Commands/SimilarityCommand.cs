using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Cloze.Cli.Input;
using Cloze.Cli.Output;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze similarity</c>: the cosine of pairs of texts, and how it goes with what people say (STS).</summary>
internal static class SimilarityCommand
{
    private const string Score = "score";

    public static Command Create()
    {
        Option<string?> model = DefaultModel.Option();
        Option<string?> adapter = DefaultModel.AdapterOption();
        Option<string> input = new("--input")
        {
            Description = "A table with a header; cells separated by tabs, without quoting; - is stdin.",
            HelpName = "FILE|-",
            Required = true,
        };
        Option<string> columns = new("--columns")
        {
            Description = "The two columns of texts.",
            HelpName = "A,B",
            DefaultValueFactory = _ => "sentence1,sentence2",
        };
        Option<string?> score = new("--score-column")
        {
            Description = $"The column of people's scores; default: {Score}, where there is one.",
            HelpName = "NAME",
        };
        Option<bool> pairs = new("--pairs") { Description = "Show the cosine of each pair first." };
        Option<string?> global = GlobalOption.Create();
        Option<bool> strict = new("--strict") { Description = "Refuse invalid UTF-8 instead of replacing it." };
        Command command = new("similarity", "Measure how alike pairs of texts are, and how well that agrees with people's scores.")
        {
            model, adapter, input, columns, score, pairs, global, strict,
        };
        command.Example("printf 'sentence1\\tsentence2\\tscore\\nA cat sits.\\tA cat is sitting.\\t4.8\\nA cat sits.\\tStocks fell.\\t0.2\\n' | cloze similarity --input -");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(columns)!.Split(',') is not [{ Length: > 0 } first, { Length: > 0 } second])
                throw new UsageException("--columns needs two names with a comma between them.");
            using PairTable table = new(parsed.GetValue(input)!, (first, second), parsed.GetValue(score) ?? Score,
                isScoreAsked: parsed.GetValue(score) is not null, parsed.GetValue(strict));
            using TextEmbedder embedder = Embedders.Load(parsed, model, adapter, out string folder);
            (GlobalAttention Global, int? Texts)? chosen = GlobalOption.Read(parsed.GetValue(global), embedder.HasGlobalAttention, folder);
            if (chosen is { Texts: { } lines })
                throw new CommandException($"--global {parsed.GetValue(global)}: {lines} lines; one line, for the texts of all pairs, is needed.");
            bool asJson = !CommandHost.IsForPerson(parsed);
            Run(table, embedder, chosen?.Global, parsed.GetValue(pairs), asJson, parsed.GetValue(CommandHost.Verbose));
            return CommandHost.Done;
        });
        return command;
    }

    private static void Run(PairTable table, TextEmbedder embedder, GlobalAttention? global, bool showsPairs, bool asJson, bool isVerbose)
    {
        List<double> cosines = [], scores = [];
        EmbedStatistics statistics = new();
        using JsonLines lines = new(asJson ? new StandardOutput() : Stream.Null);
        TextTable shown = new("pair", "cosine");
        using (Progress progress = new("pairs"))
        {
            ReadOnlyMemory<float>? first = null;
            foreach (ReadOnlyMemory<float> vector in embedder.EmbedStream(Texts(), new() { Global = global, Statistics = statistics }, CommandHost.Interrupted))
            {
                StartTimes.FirstResult(isVerbose);
                if (first is not { } other)
                {
                    first = vector;
                    continue;
                }
                first = null;
                double cosine = Cosine.Of(other.Span, vector.Span);
                cosines.Add(cosine);
                progress.Report(cosines.Count, table.Fraction);
                if (!showsPairs) continue;
                if (asJson) lines.Line(cosine, static (json, cosine) => { json.WriteStartObject(); json.WriteFloat("cosine", cosine); json.WriteEndObject(); });
                else shown.Add(cosines.Count.ToString(CultureInfo.InvariantCulture), cosine.ToString("F4", CultureInfo.InvariantCulture));
            }
        }
        if (cosines.Count == 0) throw new CommandException("There is no pair below the header.");
        Embedders.Report(statistics, embedder);
        (double Pearson, double Spearman)? agreement = table.HasScores ? (Pearson(cosines, scores), Spearman(cosines, scores)) : null;
        if (agreement is { Pearson: double.NaN })
        {
            string why = cosines.Count == 1 ? "of one pair there is none; give two or more, with different scores"
                : scores.TrueForAll(one => one == scores[0]) ? $"all {scores.Count} scores are equal; give pairs with different ones" : "the cosines of all pairs are equal";
            Messages.Write($"No correlation: {why}.");
        }
        if (asJson)
        {
            lines.Line((cosines.Count, agreement), static (json, result) =>
            {
                json.WriteStartObject();
                json.WriteNumber("pairs", result.Count);
                if (result.agreement is { } figures)
                {
                    json.WriteFloat("pearson", figures.Pearson);
                    json.WriteFloat("spearman", figures.Spearman);
                }
                json.WriteEndObject();
            });
            return;
        }
        if (showsPairs) shown.Write(Console.Out, TerminalText.ScreenWidth);
        TextTable summary = new("pairs", "pearson × 100", "spearman × 100");
        summary.Add(cosines.Count.ToString(CultureInfo.InvariantCulture), Percent(agreement?.Pearson), Percent(agreement?.Spearman));
        summary.Write(Console.Out, TerminalText.ScreenWidth);

        IEnumerable<string> Texts()
        {
            foreach (TextPair pair in table.Pairs())
            {
                if (pair.Score is { } score) scores.Add(score);
                yield return pair.First;
                yield return pair.Second;
            }
        }
    }

    private static double Pearson(List<double> x, List<double> y) => Correlation.Pearson(CollectionsMarshal.AsSpan(x), CollectionsMarshal.AsSpan(y));

    private static double Spearman(List<double> x, List<double> y) => Correlation.Spearman(CollectionsMarshal.AsSpan(x), CollectionsMarshal.AsSpan(y));

    private static string Percent(double? fraction) =>
        fraction is { } value && double.IsFinite(value) ? (100 * value).ToString("F2", CultureInfo.InvariantCulture) : "-";
}
