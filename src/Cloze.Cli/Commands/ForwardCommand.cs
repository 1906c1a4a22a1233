using System.CommandLine;
using Cloze.Checkpoints;
using Cloze.Cli.Output;
using Cloze.Cpu;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze forward</c>: a model's outputs, and its loss, for recorded inputs.</summary>
internal static class ForwardCommand
{
    private const string Rtd = "rtd";

    private static readonly (string Name, ModelTask? Task)[] s_tasks =
        [("auto", null), .. Enum.GetValues<ModelTask>().Select(task => (ModelTasks.Name(task), (ModelTask?)task)), (Rtd, ModelTask.PreTraining)];

    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "The checkpoint folder, or a model of a hub.", HelpName = DefaultModel.HelpName, Required = true };
        Option<string> task = new("--task")
        {
            Description = $"What stands on the encoder: {string.Join(", ", s_tasks.Select(known => known.Name))}; auto: what architectures in config.json says, "
                + "else the tensors that are there.",
            HelpName = "TASK",
            DefaultValueFactory = _ => s_tasks[0].Name,
        };
        task.AcceptOnlyFromAmong([.. s_tasks.Select(known => known.Name)]);
        Option<string?> adapter = DefaultModel.AdapterOption(needsModel: true);
        Option<bool> states = new("--hidden-states") { Description = "Write the embedding's and every layer's states too." };
        Option<string> inputs = new("--inputs")
        {
            Description = "A safetensors file with input.input_ids and, if wanted, other input.* and label.* tensors.",
            HelpName = "FILE",
            Required = true,
        };
        Option<string> outputs = new("--outputs")
        {
            Description = "The safetensors file to write: output.* tensors, zeros at padded positions.",
            HelpName = "FILE",
            Required = true,
        };
        Option<string?> global = GlobalOption.Create();
        Command command = new("forward", "Run a model on recorded inputs and write its outputs.") { model, task, adapter, states, global, inputs, outputs };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(task);
            ModelPlace place = DefaultModel.Place(parsed.GetRequiredValue(model), parsed.GetValue(adapter));
            return Run(place.Folder, s_tasks.First(known => known.Name == name).Task, parsed.GetValue(states),
                parsed.GetRequiredValue(inputs), parsed.GetRequiredValue(outputs), ThreadCount.Of(parsed), mustDetect: name == Rtd, parsed.GetValue(global),
                place.Adapter);
        });
        const string Recorded = "tests/Cloze.Tests/Data/models/bert/base";
        return command.Example($"cloze forward --model {Recorded} --inputs {Recorded}/reference.safetensors --outputs result.safetensors");
    }

    /// <param name="global">As <see cref="GlobalOption"/> reads it.</param>
    /// <param name="mustDetect">Refuses a model that does not find replaced tokens.</param>
    internal static int Run(
        string folder, ModelTask? task, bool keepsStates, string inputsPath, string outputsPath, int threads, bool mustDetect = false, string? global = null,
        string? adapter = null)
    {
        ForwardPlaces.RequireOwn(outputsPath, inputsPath, adapter is null ? [folder] : [folder, adapter]);
        ForwardInputs inputs = ForwardInputs.Read(inputsPath);
        (GlobalAttention Global, int? Texts)? chosen = GlobalOption.Read(global);
        if (chosen is not null && inputs.Tokens.Global is not null)
            throw new CommandException($"{inputsPath} has input.global_attention_mask and --global is given too; give one of them.");
        foreach (string name in inputs.NotRead) Messages.Write($"{inputsPath}: {name} is not read.");
        if (mustDetect && !StoredTask.CanDetect(folder)) throw new CommandException(
            $"{folder}: the architecture of this model has no head for replaced tokens; {Rtd} is for ELECTRA and DeBERTa v3. --task auto takes what the folder holds.");
        using LoadedModel loaded = LoadedModel.Load(folder, task, threads, adapter);
        if (loaded.LoadedTask == ModelTask.MultipleChoice && inputs.Choices is null)
            throw new CommandException($"{inputsPath}: multiple choice needs input.input_ids of [B,choices,S].");
        if (chosen is not null)
        {
            if (loaded.Model.GlobalSeparator is not { } separator) throw GlobalOption.NoGlobalAttention(folder);
            inputs = Given(inputsPath, () => inputs.WithGlobal(chosen.Value.Global, chosen.Value.Texts, separator));
        }
        inputs = inputs.For(loaded.Model.Rules);
        foreach (string name in inputs.WithoutUse(loaded.Model)) Messages.Write($"{inputsPath}: {name} is not read: this model has no use for it.");
        foreach (string line in ForwardNotes.Of(loaded)) Messages.Write($"{folder}: {line}");
        if (ForwardNotes.LeavesPadsOut(loaded.Model, inputs) is { } left) Messages.Write($"{inputsPath}: {left}");
        foreach (string line in ForwardLabels.NotRead(loaded.Model, inputs)) Messages.Write($"{inputsPath}: {line}");
        List<NewTensor> outputs = [];
        if (loaded.Model.Head is ReplacedTokenPretraining<CpuTensor> pair)
        {
            Given(inputsPath, () => ComputePair(loaded, pair, inputs, keepsStates, outputs));
        }
        else if (inputs.Segments is null)
        {
            if (Given(inputsPath, () => Compute(loaded, inputs, keepsStates, outputs, row: null)) is { } loss) outputs.Add(NewTensor.Of("output.loss", [], new[] { loss }));
        }
        else    // each row is a call of its own
        {
            List<float> losses = [];
            for (int row = 0; row < inputs.Segments.Rows; row++)
                if (Given(inputsPath, () => Compute(loaded, inputs.OfRow(row), keepsStates, outputs, row)) is { } loss) losses.Add(loss);
            if (losses.Count > 0) outputs.Add(NewTensor.Of("output.loss_per_row", [losses.Count], losses.ToArray()));
        }
        SafetensorsWriter.Write(outputsPath, outputs);
        return CommandHost.Done;
    }

    /// <summary>One call.</summary>
    /// <param name="row">Where the sequences are those of one row: which.</param>
    /// <returns>The loss; null: there are no labels.</returns>
    private static float? Compute(LoadedModel loaded, ForwardInputs inputs, bool keepsStates, List<NewTensor> tensors, int? row)
    {
        PackedTokens packed = loaded.Model.Pack(inputs.Tokens);
        ForwardOutputs outputs = new(tensors, packed, inputs.Choices ?? 1, row);
        using CpuOps ops = loaded.NewCall();
        using IScope<CpuTensor> call = ops.Scope("call");
        HiddenStates<CpuTensor>? keep = keepsStates ? new(call) : null;
        CpuTensor hidden = loaded.Model.Encoder.Forward(ops, packed.Batch, keep);
        outputs.Add("last_hidden_state", OutputRows.Tokens, hidden);
        foreach ((int i, CpuTensor state) in (keep?.States ?? []).Index()) outputs.Add($"hidden_states.{i}", OutputRows.Tokens, state);

        TaskRun<CpuTensor> run = new(loaded.Model, loaded.TaskConfig, packed, inputs.Labels, inputs.Choices ?? 1);
        if (keepsStates) foreach (TaskOutput<CpuTensor> pass in run.Passes(ops, call)) outputs.Add(pass);
        IReadOnlyList<TaskOutput<CpuTensor>> results = run.Outputs(ops, hidden);
        foreach (TaskOutput<CpuTensor> result in results) outputs.Add(result);
        if (loaded.LoadedTask != ModelTask.Base && loaded.Pooler is { } pooler)
            outputs.Add("pooler_output", OutputRows.Sequences, pooler.Forward(ops, hidden, packed.Batch));
        if (run.Selected(ops, results) is (TaskOutput<CpuTensor> scores, IReadOnlyList<CpuTensor> losses))
        {
            outputs.Add(scores);
            outputs.Add("loss_per_label", [.. losses.Select(one => one.Row(0)[0])]);
        }
        return run.Loss(ops, results)?.ToArray()[0];
    }

    /// <summary>One call of a generator and a discriminator.</summary>
    /// <returns>The number of outputs.</returns>
    private static int ComputePair(
        LoadedModel loaded, ReplacedTokenPretraining<CpuTensor> pair, ForwardInputs inputs, bool keepsStates, List<NewTensor> tensors)
    {
        if (inputs.Segments is not null || inputs.Choices is not null)
            throw new ArgumentException($"{Rtd} reads one sequence a row: input.input_ids of [B,S], without input.cu_seqlens.");
        if (inputs.Drawn is not { } drawn || inputs.Labels.Classes is not { } words || words.Length != drawn.Length)
            throw new ArgumentException($"{Rtd} needs input.sampled_input_ids, the discriminator's tokens, and label.labels, a word for each column.");
        PairRun<CpuTensor> run = new(loaded.Model, pair, inputs.Tokens, drawn, words);
        ForwardOutputs outputs = new(tensors, run.Packed, choices: 1);
        using CpuOps ops = loaded.NewCall();
        using IScope<CpuTensor> call = ops.Scope("call");
        foreach (TaskOutput<CpuTensor> output in run.Outputs(ops, keepsStates ? call : null)) outputs.Add(output);
        outputs.Add("discriminator_labels", run.Replaced);
        return tensors.Count;
    }

    /// <summary>What refuses the given values says which; the file is added here.</summary>
    private static TResult Given<TResult>(string path, Func<TResult> use)
    {
        try { return use(); }
        catch (ArgumentException e) { throw new CommandException($"{path}: {e.Message}", e); }
    }
}
