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
        Option<string?> weights = new("--weights") { Description = "How weights are stored; int8, with a scale a row, is the smallest; default: as they are." };
        weights.AcceptOnlyFromAmong("f32", "f16", "bf16", "int8");
        Option<string?> adapter = DefaultModel.AdapterOption(needsModel: true);
        Option<string?> shardSize = new("--shard-size")
        {
            Description = "The most bytes of weights in one file (500MB, 2GB, 1GiB); more becomes shards with an index. Default: one file.",
            HelpName = "SIZE",
        };
        Option<string?> pooling = new("--pooling")
        {
            Description = "Make a plain encoder's folder one of sentence-transformers, with this pooling: cls, max, mean, mean_sqrt_len, weightedmean or "
                + "lasttoken, or some of them with commas.",
            HelpName = "MODE",
        };
        Option<bool> normalize = new("--normalize") { Description = "With --pooling: vectors get length 1." };
        Option<bool> force = new("--force") { Description = "Replace the output folder if it is a checkpoint." };
        Command command = new("convert", "Write a checkpoint folder again: as safetensors, in another format, merged with an adapter, in shards.")
        {
            model, output, weights, adapter, shardSize, pooling, normalize, force,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(normalize) && parsed.GetValue(pooling) is null)
                throw new UsageException("--normalize makes pooled vectors length 1: it needs --pooling.");
            ModelPlace place = DefaultModel.Place(parsed.GetRequiredValue(model), parsed.GetValue(adapter));
            ConversionOptions options = new()
            {
                Weights = Format(parsed.GetValue(weights)),
                Adapter = place.Adapter,
                WithAdapterFiles = place.HasModules,
                ShardBytes = parsed.GetValue(shardSize) is not { } size ? null
                    : ByteSize.Parse(size) ?? throw new UsageException($"--shard-size {size} is no size; 500MB is one."),
                Pooling = parsed.GetValue(pooling) is { } names ? Embedders.Modes(names) : null,
                Normalize = parsed.GetValue(normalize),
                Force = parsed.GetValue(force),
            };
            return Run(parsed, place.Folder, parsed.GetRequiredValue(output), options);
        });
        return command.Example("cloze convert --model models/all-MiniLM-L6-v2 --output all-MiniLM-L6-v2-f32 --weights f32",
            "cloze convert --model models/all-MiniLM-L6-v2 --output all-MiniLM-L6-v2-shards --weights f16 --shard-size 20MB");
    }

    private static int Run(ParseResult parsed, string model, string output, ConversionOptions options)
    {
        ConversionResult result;
        using (Progress progress = new("%"))
            result = Conversion.Convert(model, output, options, share => progress.Report((long)(share * 100), share), CommandHost.Interrupted);
        if (result.LeftOut.Count > 0) Messages.Write($"left out, since they hold the same weights: {string.Join(", ", result.LeftOut)}");
        if (CommandHost.IsForPerson(parsed))
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

    private static WeightFormat? Format(string? name) => name switch
    {
        null => null,
        "f16" => WeightFormat.F16,
        "bf16" => WeightFormat.BF16,
        "int8" => WeightFormat.Int8,
        _ => WeightFormat.F32,
    };
}
