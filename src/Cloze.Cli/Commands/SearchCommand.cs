using System.CommandLine;
using System.Globalization;
using Cloze.Cli.Input;
using Cloze.Cli.Output;
using Cloze.Cli.Search;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze search</c>: ranks pieces of text files by how near they are to a question, in memory.</summary>
internal static class SearchCommand
{
    private const string Example = "cloze search \"how are tokens packed?\" docs README.md";

    public static Command Create()
    {
        Argument<string> query = new("QUERY") { Description = "What to look for, in words." };
        Argument<string[]> paths = new("PATH") { Description = "Text files, or folders of them; - is stdin.", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> model = DefaultModel.Option();
        Option<string?> adapter = DefaultModel.AdapterOption();
        Option<int> top = new("--top") { Description = "How many pieces are shown.", HelpName = "N", DefaultValueFactory = _ => 5 };
        Option<string> by = new("--by")
        {
            Description = "What is ranked: paragraphs (text between blank lines) or lines.",
            HelpName = "paragraph|line",
            DefaultValueFactory = _ => "paragraph",
        };
        Option<string?> global = GlobalOption.Create();
        Option<bool> strict = new("--strict") { Description = "Refuse invalid UTF-8 instead of replacing it." };
        Command command = new("search", "Find the pieces of text files that are nearest to a question.") { query, paths, model, adapter, top, by, global, strict };
        command.Example(Example, "cat README.md | cloze search \"how are tokens packed?\" --top 1 --json");
        command.SetAction(parsed =>
        {
            string asked = parsed.GetValue(query)!;
            if (string.IsNullOrWhiteSpace(asked)) throw new UsageException("The query is empty.");
            if (parsed.GetValue(top) < 1) throw new UsageException("--top needs a whole number of at least 1.");
            if (parsed.GetValue(by) is not ("paragraph" or "line")) throw new UsageException($"--by is {parsed.GetValue(by)}; paragraph or line is needed.");
            string[] places = parsed.GetValue(paths)!;
            if (places.Length == 0 && !Console.IsInputRedirected) throw new UsageException($"No file or folder is given. Example: {Example}");
            foreach (string place in places) if (place != "-" && !Path.Exists(place)) throw new CommandException($"{place}: there is no such file or folder.");

            using TextEmbedder embedder = Embedders.Load(parsed, model, adapter, out string folder);
            (GlobalAttention Global, int? Texts)? chosen = GlobalOption.Read(parsed.GetValue(global), embedder.HasGlobalAttention, folder);
            if (chosen is { Texts: { } lines })
                throw new CommandException($"--global {parsed.GetValue(global)}: {lines} lines; pieces have no numbers, so that one line, for all, is needed.");
            Run run = new(embedder, chosen?.Global, new(parsed.GetValue(strict)), parsed.GetValue(by) == "line", parsed.GetValue(CommandHost.Verbose));
            Ranking ranking = run.Rank(asked, places.Length == 0 ? ["-"] : places, parsed.GetValue(top));
            if (CommandHost.IsForPerson(parsed)) WriteText(ranking); else WriteJson(ranking);
            return CommandHost.Done;
        });
        return command;
    }

    private sealed class Run(TextEmbedder embedder, GlobalAttention? global, TextFiles files, bool byLine, bool isVerbose)
    {
        private readonly EmbedStatistics _statistics = new();
        private double? _fraction;

        public Ranking Rank(string query, IReadOnlyList<string> paths, int top)
        {
            EmbedStatistics ofQuery = new();
            ReadOnlyMemory<float> wanted = embedder.Embed(query, new() { Role = TextRole.Query, Global = global, Statistics = ofQuery }, CommandHost.Interrupted);
            StartTimes.FirstResult(isVerbose);
            if (ofQuery.Truncated > 0) Messages.Write($"The query is longer than {embedder.MaxTokens} tokens and was cut there.");

            Ranking ranking = new(top);
            Queue<Piece> waiting = new();   // embedded later than they are read
            EmbedOptions options = new() { Role = TextRole.Document, Global = global, Statistics = _statistics };
            using (Progress progress = new("pieces"))
            {
                foreach (ReadOnlyMemory<float> vector in embedder.EmbedStream(Texts(paths, waiting, options), options, CommandHost.Interrupted))
                {
                    ranking.Add((float)Cosine.Of(wanted.Span, vector.Span), waiting.Dequeue());
                    progress.Report(ranking.Count, _fraction);
                }
            }
            string leftOut = files.LeftOut is { Length: > 0 } kinds ? $"; left out: {kinds}" : "";
            if (ranking.Count == 0)
            {
                string places = string.Join(", ", paths.Select(path => path == "-" ? "stdin" : path));
                throw new CommandException($"There is nothing to search in {places}: {Messages.Count(files.Read, "text file")}, without any text{leftOut}.");
            }
            Embedders.Report(_statistics, embedder);
            Messages.Write($"Ranked {Messages.Count(ranking.Count, "piece")} of {Messages.Count(files.Read, "file")}, "
                + $"{Messages.Count(_statistics.Tokens, "token")}{leftOut}.");
            return ranking;
        }

        private IEnumerable<string> Texts(IReadOnlyList<string> paths, Queue<Piece> waiting, EmbedOptions options)
        {
            PieceCutter cutter = new(embedder.Tokenizer, embedder.MaxTokens, embedder.PromptOf(options));
            foreach (TextLines lines in files.Open(paths))
            {
                using (lines)
                {
                    string path = lines.Source == "stdin" ? "-" : lines.Source;
                    foreach (Piece whole in byLine ? Piece.Lines(lines, path) : Piece.Paragraphs(lines, path))
                    {
                        foreach (Piece piece in cutter.Cut(whole))
                        {
                            _fraction = paths.Count == 1 && files.Read == 1 ? lines.Fraction : null;
                            waiting.Enqueue(piece);
                            yield return piece.Text;
                        }
                    }
                    lines.Report();
                }
            }
        }
    }

    private static void WriteJson(Ranking ranking)
    {
        using JsonLines lines = new(new StandardOutput());
        foreach (Hit hit in ranking.Best)
        {
            lines.Line(hit, static (json, hit) =>
            {
                json.WriteStartObject();
                json.WriteFloat("score", hit.Score);
                json.WriteString("path", hit.Piece.Path);
                json.WriteNumber("line", hit.Piece.Line);
                json.WriteNumber("end_line", hit.Piece.EndLine);
                json.WriteString("text", hit.Piece.Text);
                json.WriteEndObject();
            });
        }
    }

    /// <summary>Rank, score and place; below at most two lines of the text.</summary>
    private static void WriteText(Ranking ranking)
    {
        const string Indent = "    ";
        int rank = 0, width = TerminalText.ScreenWidth - Indent.Length - 1;
        foreach (Hit hit in ranking.Best)
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{++rank,2}  {hit.Score:F4}  {TerminalText.Printable(hit.Piece.Path)}:{hit.Piece.Line}"));
            string[] lines = TerminalText.Wrap(hit.Piece.Text, width, lines: 2);
            foreach (string line in lines) Console.Out.WriteLine(Indent + line);
        }
    }
}
