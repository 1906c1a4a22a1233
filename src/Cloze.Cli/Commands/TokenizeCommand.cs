using System.CommandLine;
using System.Globalization;
using Cloze.Cli.Input;
using Cloze.Cli.Output;
using Cloze.Cli.Tokenize;
using Cloze.Hub;
using Cloze.Tokenizers;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze tokenize</c>: ids, offsets and words of texts, and texts of ids.</summary>
internal static class TokenizeCommand
{
    private const string Example = "echo '{\"text\":\"How are tokens packed?\"}' | cloze tokenize";

    public static Command Create()
    {
        Option<string?> model = new("--model")
        {
            Description = "A folder with tokenizer.json or vocab.txt (no config.json is needed), such a file, or a model of a hub; default: CLOZE_MODEL, else all-MiniLM-L6-v2 beside the program.",
            HelpName = "DIR|FILE|ORG/NAME[@REVISION]",
        };
        Option<string> offsets = new("--offsets") { Description = "What offsets count.", HelpName = "codepoint|utf16", DefaultValueFactory = _ => "codepoint" };
        offsets.AcceptOnlyFromAmong("codepoint", "utf16");
        Option<string?> text = new("--text") { Description = "One text to encode, instead of requests on stdin.", HelpName = "TEXT" };
        Option<bool> strict = new("--strict") { Description = "Refuse invalid UTF-8 instead of replacing it." };
        Command command = new("tokenize", """
            Encode texts to token ids with offsets, or decode ids: JSON Lines requests on stdin, an answer a line.
            A request holds text (and pair) or words (and pair_words), and may hold add_special, max_length, truncation, truncation_side, stride, padding, as_file, batch, n;
            ids alone asks to decode. A request that cannot be met is answered by an error on its line.
            """) { model, offsets, text, strict };
        command.Example("cloze tokenize --text \"How are tokens packed?\"", Example);
        command.SetAction(parsed =>
        {
            string? given = parsed.GetValue(text);
            if (given is null && !Console.IsInputRedirected) throw new UsageException($"No --text and nothing on stdin. Example: {Example}");
            Tokenizer tokenizer = Tokenizer.Load(ModelPath(parsed.GetValue(model)));
            bool isUtf16 = parsed.GetValue(offsets) == "utf16";
            if (given is not null && CommandHost.IsForPerson(parsed)) Table(tokenizer.Encode(given), given, isUtf16);
            else Lines(tokenizer, isUtf16, given, parsed.GetValue(strict));
            return CommandHost.Done;
        });
        return command;
    }

    /// <summary>A tokenizer file is taken as it is; a folder as in every command.</summary>
    private static string ModelPath(string? asked) => File.Exists(asked) ? asked : DefaultModel.Folder(asked, HubFiles.Tokenizer);

    private static void Lines(Tokenizer tokenizer, bool isUtf16, string? given, bool strict)
    {
        using StandardOutput output = new();
        using JsonLines answers = new(output);
        if (given is not null)
        {
            new TokenizeAnswers(tokenizer, isUtf16).Write(answers, TokenizeRequest.Of(given), tokenizer.Encode(given));
            return;
        }
        using TextLines requests = TextLines.Open("-", strict);
        new TokenizeSession(tokenizer, isUtf16, answers).Run(requests, CommandHost.Interrupted);
        requests.Report();
    }

    private static void Table(Encoding encoding, string text, bool isUtf16)
    {
        TextTable table = new("id", "type", "start", "end", "word", "token");
        CodePointMap map = new(text);
        int[] types = encoding.TypeIds();
        string[] tokens = encoding.Tokens();
        for (int i = 0; i < encoding.Count; i++)
        {
            TokenOffset offset = isUtf16 ? encoding.Offsets[i] : map[encoding.Offsets[i]];
            table.Add(Shown(encoding.Ids[i]), Shown(types[i]), Shown(offset.Start), Shown(offset.End), encoding.WordIds[i] < 0 ? "-" : Shown(encoding.WordIds[i]), tokens[i]);
        }
        table.Write(Console.Out, TerminalText.ScreenWidth);

        static string Shown(int value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
