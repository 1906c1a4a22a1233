using System.CommandLine;
using System.Globalization;
using Cloze.Cli.Output;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze fill-mask</c>: the words that a masked language model puts into the gaps of a text.</summary>
internal static class FillMaskCommand
{
    public static Command Create()
    {
        Argument<string> text = new("TEXT") { Description = "A text with one or more gaps, written as the model's mask token: [MASK]." };
        Option<string> model = new("--model")
        {
            Description = "A checkpoint folder, or a model of a hub, with a masked-LM head, such as one of bert-base-uncased; the default model of other commands has none.",
            HelpName = DefaultModel.HelpName,
            Required = true,
        };
        Option<string?> adapter = DefaultModel.AdapterOption(needsModel: true);
        Option<int> top = new("--top") { Description = "Words a gap.", HelpName = "N", DefaultValueFactory = _ => 5 };
        Option<string?> global = GlobalOption.Create();
        Command command = new("fill-mask", "Fill the gaps of a text.") { text, model, adapter, top, global };
        command.Example("cloze fill-mask --model DIR \"Paris is the [MASK] of France.\" --top 5");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(top) < 1) throw new UsageException("--top needs a whole number of at least 1.");
            (string folder, string? onTop, _) = DefaultModel.Place(parsed.GetValue(model), parsed.GetValue(adapter));
            using FillMask filler = FillMask.Load(folder, ThreadCount.Of(parsed), onTop);
            if (filler.UsesMaskDecoder) Messages.Write($"{folder}: gaps are filled through the enhanced mask decoder, whose tensors the checkpoint holds.");
            (GlobalAttention Global, int? Texts)? chosen = GlobalOption.Read(parsed.GetValue(global), filler.HasGlobalAttention, folder);
            if (chosen is { Texts: { } lines }) throw new CommandException($"--global {parsed.GetValue(global)}: {lines} lines for one text; one line is needed.");
            IReadOnlyList<MaskFill>[] gaps = filler.Fill(parsed.GetValue(text)!, parsed.GetValue(top), global: chosen?.Global);
            if (CommandHost.IsForPerson(parsed)) WriteTable(gaps); else WriteJson(gaps);
            return CommandHost.Done;
        });
        return command;
    }

    private static void WriteJson(IReadOnlyList<MaskFill>[] gaps)
    {
        using JsonLines lines = new(new StandardOutput());
        for (int gap = 0; gap < gaps.Length; gap++)
        {
            foreach (MaskFill fill in gaps[gap])
            {
                lines.Line((gap, fill), static (json, line) =>
                {
                    json.WriteStartObject();
                    json.WriteNumber("mask", line.gap);
                    json.WriteFloat("score", line.fill.Score);
                    json.WriteNumber("token", line.fill.Id);
                    json.WriteString("token_str", line.fill.Token);
                    json.WriteString("sequence", line.fill.Sequence);
                    json.WriteEndObject();
                });
            }
        }
    }

    private static void WriteTable(IReadOnlyList<MaskFill>[] gaps)
    {
        TextTable table = new("mask", "score", "token", "sequence");
        for (int gap = 0; gap < gaps.Length; gap++)
            foreach (MaskFill fill in gaps[gap])
                table.Add((gap + 1).ToString(CultureInfo.InvariantCulture), fill.Score.ToString("F4", CultureInfo.InvariantCulture), fill.Token, fill.Sequence);
        table.Write(Console.Out, TerminalText.ScreenWidth);
    }
}
