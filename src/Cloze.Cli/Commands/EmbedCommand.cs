using System.CommandLine;
using Cloze.Checkpoints;
using Cloze.Cli.Input;
using Cloze.Cli.Output;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze embed</c>: a vector for each text.</summary>
internal static class EmbedCommand
{
    private const string Example = "cloze embed \"How are you?\" \"How do you do?\"";
    private static readonly string[] s_formats = ["text", "jsonl"], s_outputs = [".npy", ".jsonl", ".safetensors"];

    public static Command Create()
    {
        Argument<string[]> texts = new("TEXT") { Description = "The texts.", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> model = DefaultModel.Option();
        Option<string?> adapter = DefaultModel.AdapterOption();
        Option<string?> input = new("--input")
        {
            Description = "One text a line, or in a .jsonl file one object with \"text\" a line; - is stdin.",
            HelpName = "FILE|-",
        };
        Option<string?> format = new("--format") { Description = "What the input holds, whatever its name.", HelpName = "text|jsonl" };
        Option<string?> output = new("--output") { Description = "Write a .npy, .jsonl or .safetensors file instead of stdout.", HelpName = "FILE" };
        Option<int> batchTokens = new("--batch-tokens")
        {
            Description = "Tokens that go through the model at once.",
            HelpName = "N",
            DefaultValueFactory = _ => new EmbedOptions().BatchTokens,
        };
        Option<string?> pooling = new("--pooling")
        {
            Description = "How tokens become one vector: cls, max, mean, mean_sqrt_len, weightedmean, lasttoken, or several with commas.",
            HelpName = "MODE",
        };
        Option<string?> prompt = new("--prompt")
        {
            Description = "The name of one of the model's prompts, else a text, put before each text.",
            HelpName = "NAME|TEXT",
        };
        Option<int?> dimensions = new("--dimensions") { Description = "Keep the first N numbers of each vector, and make its length 1 again.", HelpName = "N" };
        Option<string?> global = GlobalOption.Create();
        Option<bool> strict = new("--strict") { Description = "Refuse invalid UTF-8 instead of replacing it." };
        Command command = new("embed", "Turn texts into vectors.") { texts, model, adapter, input, format, output, batchTokens, pooling, prompt, dimensions, global, strict };
        command.Example(Example, "printf 'How are you?\\nHow do you do?\\n' | cloze embed --input - --output vectors.npy");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(format) is { } asked && !s_formats.Contains(asked)) throw new UsageException($"--format is {asked}; text or jsonl is needed.");
            if (parsed.GetValue(batchTokens) < 1) throw new UsageException("--batch-tokens needs a whole number of at least 1.");
            if (parsed.GetValue(dimensions) is < 1) throw new UsageException("--dimensions needs a whole number of at least 1.");
            string? target = parsed.GetValue(output);
            if (target is not null && !s_outputs.Contains(Path.GetExtension(target)))
                throw new UsageException($"--output {target}: the name must end in {string.Join(", ", s_outputs)}.");
            IReadOnlyList<Pooling>? modes = parsed.GetValue(pooling) is { } names ? Embedders.Modes(names) : null;
            using TextSource source = Source(parsed.GetValue(texts)!, parsed.GetValue(input), parsed.GetValue(format), parsed.GetValue(strict));
            using TextEmbedder embedder = Embedders.Load(parsed, model, adapter, out string folder, modes);
            (GlobalAttention Global, int? Texts)? chosen = GlobalOption.Read(parsed.GetValue(global), embedder.HasGlobalAttention, folder);
            EmbedStatistics statistics = new();
            EmbedOptions options = new()
            {
                BatchTokens = parsed.GetValue(batchTokens),
                Prompt = parsed.GetValue(prompt) is { } given ? embedder.Prompts.GetValueOrDefault(given, given) : null,
                Dimensions = parsed.GetValue(dimensions),
                Global = chosen?.Global,
                Statistics = statistics,
            };
            Run run = new(embedder, source, options, parsed.GetValue(CommandHost.Verbose));
            if (target is null) run.ToStandardOutput(asJson: !CommandHost.IsForPerson(parsed));
            else AtomicFile.Write(target, run.ToFile(Path.GetExtension(target)));
            if (chosen is { Texts: { } lines } && lines > statistics.Texts)
                throw new CommandException($"--global {parsed.GetValue(global)}: {lines} lines, but {statistics.Texts} texts; the lines beyond are of none.");
            Embedders.Report(statistics, embedder);
            return CommandHost.Done;
        });
        return command;
    }

    private static TextSource Source(string[] texts, string? input, string? format, bool strict)
    {
        if (texts.Length > 0 && input is not null) throw new UsageException("Texts are given and --input too; give one of them.");
        if (texts.Length > 0) return TextSource.Of(texts);
        if (input is null && !Console.IsInputRedirected) throw new UsageException($"No text is given. Example: {Example}");
        return TextSource.Open(input ?? "-", format, strict);
    }

    private sealed class Run(TextEmbedder embedder, TextSource source, EmbedOptions options, bool isVerbose)
    {
        public void ToStandardOutput(bool asJson)
        {
            if (asJson)
            {
                using JsonVectors lines = new(new StandardOutput());
                To(lines);
            }
            else
            {
                To(new TableVectors());
            }
        }

        public Action<Stream> ToFile(string extension) => stream =>
        {
            if (extension != ".jsonl")
            {
                To(new RawVectors(stream, isNumPy: extension == ".npy", Math.Min(options.Dimensions ?? embedder.Dimensions, embedder.Dimensions)));
                return;
            }
            using JsonVectors lines = new(stream);
            To(lines);
        };

        /// <summary>The texts; before one is waited for, what is done reaches its reader.</summary>
        private IEnumerable<string> Texts(IVectorOutput output)
        {
            foreach (string text in source.Texts())
            {
                yield return text;
                output.Flush();
            }
        }

        private void To(IVectorOutput output)
        {
            using Progress progress = new("texts");
            long done = 0;
            foreach (ReadOnlyMemory<float> vector in embedder.EmbedStream(Texts(output), options, CommandHost.Interrupted))
            {
                StartTimes.FirstResult(isVerbose);
                output.Add(vector);
                progress.Report(++done, source.Fraction);
            }
            output.Complete();
        }
    }
}
