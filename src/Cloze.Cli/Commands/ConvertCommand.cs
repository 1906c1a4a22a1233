using System.CommandLine;
using Cloze.Checkpoints;
using Cloze.Cli.Output;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze convert</c>: a checkpoint folder again, with its weights in another format.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "The checkpoint folder to read, or a model of a hub.", HelpName = DefaultModel.HelpName, Required = true };
        Option<string> output = new("--output") { Description = "The folder to write; it appears whole or not at all.", HelpName = "DIR", Required = true };
        Option<string> weights = new("--weights") { Description = "How weights are stored; int8, with a scale a row, is the smallest.", Required = true };
        weights.AcceptOnlyFromAmong("f32", "f16", "bf16", "int8");
        Option<bool> force = new("--force") { Description = "Replace the output folder if it is a checkpoint." };
        Command command = new("convert", "Write a checkpoint folder again with its weights as float32, float16, bfloat16 or int8.")
        {
            model, output, weights, force,
        };
        command.SetAction(parsed =>
            Run(parsed, DefaultModel.Folder(parsed.GetRequiredValue(model)), parsed.GetRequiredValue(output), Format(parsed.GetRequiredValue(weights)), parsed.GetValue(force)));
        return command.Example("cloze convert --model models/all-MiniLM-L6-v2 --output all-MiniLM-L6-v2-f32 --weights f32");
    }

    private static int Run(ParseResult parsed, string model, string output, WeightFormat format, bool force)
    {
        ConversionResult result;
        using (Progress progress = new("%"))
            result = Conversion.Convert(model, output, format, force, share => progress.Report((long)(share * 100), share), CommandHost.Interrupted);
        if (result.LeftOut.Count > 0) Messages.Write($"left out, since they hold the same weights: {string.Join(", ", result.LeftOut)}");
        if (StandardOutput.IsTerminal && !parsed.GetValue(CommandHost.Json))
        {
            string tensors = Messages.Count(result.Tensors, "tensor"), bytes = Messages.Count(result.Bytes, "byte");
            Console.Out.WriteLine($"{output}: {tensors}, {result.Quantized} of them int8, {bytes}.");
            return CommandHost.Done;
        }
        using JsonLines lines = new(new StandardOutput());
        lines.Line((output, result), static (json, state) =>
        {
            json.WriteStartObject();
            json.WriteString("output", state.output);
            json.WriteNumber("tensors", state.result.Tensors);
            json.WriteNumber("int8", state.result.Quantized);
            json.WriteNumber("bytes", state.result.Bytes);
            json.WriteEndObject();
        });
        return CommandHost.Done;
    }

    private static WeightFormat Format(string name) => name switch
    {
        "f16" => WeightFormat.F16,
        "bf16" => WeightFormat.BF16,
        "int8" => WeightFormat.Int8,
        _ => WeightFormat.F32,
    };
}
