using System.CommandLine;
using Cloze.Checkpoints;
using Cloze.Cli.Output;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze inspect</c>: what a checkpoint folder or a weights file holds, what it costs, and what is wrong with it.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        Argument<string?> path = new("DIR|FILE|ORG/NAME[@REVISION]")
        {
            Description = "A checkpoint folder, a single file of weights (.safetensors, .bin, .pt), or a model of a hub; default: CLOZE_MODEL, else all-MiniLM-L6-v2 beside the program.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<int?> tokens = new("--tokens")
        {
            Description = "Tokens of each sequence of the batch whose cost is shown; default: 512, or as many as the model has positions.",
            HelpName = "N",
        };
        Option<int> batch = new("--batch") { Description = "Sequences of that batch.", HelpName = "N", DefaultValueFactory = _ => 8 };
        Option<bool> tensors = new("--tensors") { Description = "List every tensor with the SHA-256 of its values as little-endian float32." };
        Option<string?> wanted = new("--as")
        {
            Description = "Load it as this class of the reference, and refuse what does not fit; with --tensors: its parameters after loading.",
            HelpName = "CLASS",
        };
        Option<string?> adapter = DefaultModel.AdapterOption();
        Option<string?> shape = new("--shape")
        {
            Description = $"Instead of a folder, a published size without its weights: {string.Join(", ", ModelRegistry.Shapes)}.",
            HelpName = "NAME",
        };
        Command command =
            new("inspect", "Show a model's architecture, parameters, tokenizer, cost and problems.") { path, adapter, shape, tokens, batch, tensors, wanted };
        command.SetAction(parsed =>
        {
            InspectRequest request = new(parsed.GetValue(tokens), parsed.GetValue(batch), parsed.GetValue(tensors), parsed.GetValue(wanted));
            if (request is { Tokens: < 1 } or { Batch: < 1 }) throw new UsageException("--tokens and --batch need whole numbers of at least 1.");
            return Run(parsed, parsed.GetValue(path), parsed.GetValue(adapter), parsed.GetValue(shape), request);
        });
        return command.Example("cloze inspect --tokens 256 --batch 32", "cloze inspect --shape modernbert-base --tokens 8192 --batch 1",
            "cloze inspect models/all-MiniLM-L6-v2/model.safetensors --tensors --json");
    }

    private static int Run(ParseResult parsed, string? path, string? adapter, string? shape, InspectRequest request)
    {
        if (shape is not null && path is not null) throw new UsageException("--shape stands in for a folder, so the two exclude each other: give one of them.");
        if (shape is not null && (adapter is not null || request.Tensors))
            throw new UsageException($"--shape has no values: {(request.Tensors ? "--tensors" : "--adapter")} needs a folder.");
        bool isFile = File.Exists(path);
        if (isFile && (request.As ?? adapter) is not null) throw new UsageException("--as and --adapter need a folder with config.json.");
        if (adapter is not null && request is { Tensors: true, As: null })
            throw new UsageException("--adapter changes the tensors that a class loads: --tensors needs --as CLASS with it.");
        if (path is not null && !isFile) path = DefaultModel.Existing(path, "inspect");
        ModelPlace place = isFile || shape is not null ? default : adapter is null && request.As is null ? new(path ?? DefaultModel.Folder(null), null)
            : DefaultModel.Place(path, adapter);
        using Inspection inspection = shape is not null ? Inspection.OfShape(shape, request)
            : isFile ? Inspection.OfFile(path!)
            : Inspection.OfFolder(place, request);
        IReadOnlyList<ListedTensor>? tensors = request.Tensors ? inspection.List(CommandHost.Interrupted) : null; // a fault leaves stdout empty
        if (CommandHost.IsForPerson(parsed))
        {
            InspectOutput.WriteTable(Console.Out, inspection, tensors);
            return CommandHost.Done;
        }
        using JsonLines lines = new(new StandardOutput());
        lines.Line((inspection, tensors), static (json, state) => InspectOutput.WriteJson(json, state.inspection, state.tensors));
        return CommandHost.Done;
    }
}

/// <summary>What <c>cloze inspect</c> was asked for.</summary>
/// <param name="Tokens">Null: as many as usual.</param>
/// <param name="As">The class to load; null: the folder's own, and faults are shown instead of refused.</param>
internal sealed record InspectRequest(int? Tokens, int Batch, bool Tensors, string? As);

/// <summary>A tensor with the fingerprint of its values (<see cref="TensorHash"/>).</summary>
internal sealed record ListedTensor(string Name, string Type, IReadOnlyList<long> Shape, string Sha256);
