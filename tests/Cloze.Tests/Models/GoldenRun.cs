using Cloze.Checkpoints;
using Cloze.Cli.Commands;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Runs a recorded case on one reading and compares every output; what is wrong is noted in the case.</summary>
/// <remarks>
/// Each encoder is also run packed and alone, with and without kept states, and for some rows of its last layer: the same bits; and nothing but what is
/// kept may live on.
/// </remarks>
internal sealed class GoldenRun<T>(IReading<T> reading, GoldenCase golden) where T : class
{
    public void Run()
    {
        using Checkpoint file = Checkpoint.Open(golden.Folder);
        ModelTask task = golden.TaskOn(file.Architecture);
        object settings = file.Architecture.Configure(file.Config, file);
        TaskConfig about = TaskConfig.Read(file.Config, task);
        LoadReport.Of(file, settings, task, about.Labels.Count).ThrowIfFaulty();
        Weights<T> weights = new(file, reading.Factory);
        EncoderModel<T> model = file.Architecture.Build(settings, task, about.Labels.Count, weights);
        Pooler<T>? pooler = file.Architecture.BuildPooler(settings, weights);
        if (golden.Has("input.cu_seqlens.0"))
        {
            RunRows(model, about);
            return;
        }
        PackedTokens packed = model.Pack(golden.Tokens());
        TaskRun<T> run = new(model, about, packed, golden.Labels(), golden.Choices);

        ILosses<T> ops = reading.Open();
        using (IScope<T> call = ops.Scope("call"))
        {
            HiddenStates<T> keep = new(call);
            T hidden = model.Encoder.Forward(ops, packed.Batch, keep);
            foreach ((int i, T state) in keep.States.Index()) golden.CompareTokens($"output.hidden_states.{i}", reading.Values(state), packed);
            golden.CompareTokens("output.last_hidden_state", reading.Values(hidden), packed);
            using (ops.Scope("outputs"))
            {
                IReadOnlyList<TaskOutput<T>> outputs = run.Outputs(ops, hidden);
                foreach (TaskOutput<T> output in outputs) Compare(output, packed);
                if (run.Loss(ops, outputs) is { } loss) golden.Compare("output.loss", reading.Values(loss));
                if (model.Head is IMaskedLm<T> words) CompareWords(ops, words, run, outputs, packed);
                if (pooler is not null) golden.Compare("output.pooler_output", reading.Values(pooler.Forward(ops, hidden, packed.Batch)));
            }
            golden.Expect(reading.Live(ops) == keep.States.Count, $"{reading.Live(ops)} tensors live where {keep.States.Count} are kept");
            ExpectTheSameWithoutKeptStates(model, packed, reading.Values(hidden));
            ExpectTheSameAlone(model, packed, reading.Values(hidden));
            foreach (RowSet rows in (RowSet[])[packed.Batch.First, packed.Where(place => place % 3 == 1)])
                ExpectTheSameRows(model, packed.Batch, rows, reading.Values(hidden));
            ExpectTheSameOutputs(run, [.. run.Outputs(ops, hidden).Select(output => (output.Name, reading.Values(output.Value)))]);
        }
        reading.Close(ops);
    }

    /// <summary>Rows of several sequences, each a call of its own.</summary>
    private void RunRows(EncoderModel<T> model, TaskConfig about)
    {
        ForwardInputs inputs = ForwardInputs.Read(Path.Combine(golden.Folder, "reference.safetensors"));
        List<float> losses = [];
        for (int row = 0; row < inputs.Segments!.Rows; row++)
        {
            ForwardInputs alone = inputs.OfRow(row);
            PackedTokens packed = model.Pack(alone.Tokens);
            TaskRun<T> run = new(model, about, packed, alone.Labels);
            ILosses<T> ops = reading.Open();
            IReadOnlyList<TaskOutput<T>> outputs = run.Outputs(ops, model.Encoder.Forward(ops, packed.Batch));
            foreach (TaskOutput<T> output in outputs) golden.Compare($"output.{output.Name}.{row}", reading.Values(output.Value));
            if (run.Loss(ops, outputs) is { } loss) losses.Add(reading.Values(loss)[0]);
            reading.Close(ops);
        }
        golden.Compare("output.loss_per_row", [.. losses]);
    }

    private void Compare(TaskOutput<T> output, PackedTokens packed) => golden.Compare(output, reading.Values(output.Value), packed);

    /// <summary>What the cases of the authors' code record besides: the passes of the mask decoder, the chosen rows, each row's loss.</summary>
    private void CompareWords(ILosses<T> ops, IMaskedLm<T> words, TaskRun<T> run, IReadOnlyList<TaskOutput<T>> outputs, PackedTokens packed)
    {
        using IScope<T> scope = ops.Scope("words");
        foreach (TaskOutput<T> pass in run.Passes(ops, scope)) golden.CompareTokens($"output.{pass.Name}", reading.Values(pass.Value), packed);
        if (run.Selected(ops, outputs) is not (TaskOutput<T> scores, IReadOnlyList<T> losses)) return;
        float[] selected = reading.Values(scores.Value), alone = reading.Values(words.Forward(ops, packed.Batch, run.Words().Rows));
        golden.Compare("output.selected_logits", selected);
        golden.Compare("output.loss_per_label", [.. losses.Select(loss => reading.Values(loss)[0])]);
        golden.Expect(alone.AsSpan().SequenceEqual(selected), "only the rows to predict: other bits");
    }

    private void ExpectTheSameWithoutKeptStates(EncoderModel<T> model, PackedTokens packed, float[] want)
    {
        ILosses<T> ops = reading.Open();
        T again = model.Encoder.Forward(ops, packed.Batch);
        golden.Expect(reading.Live(ops) == 1, $"{reading.Live(ops)} tensors live after a call that keeps one");
        golden.Expect(reading.Values(again).AsSpan().SequenceEqual(want), "without kept states: other bits");
        ops.Release(again);
        golden.Expect(reading.Live(ops) == 0, $"{reading.Live(ops)} tensors live after all was released");
        reading.Close(ops);
    }

    /// <summary>What goes no further than the last layer's keys and values was not wanted, and nothing else.</summary>
    private void ExpectTheSameRows(EncoderModel<T> model, TokenBatch batch, RowSet rows, float[] all)
    {
        int width = model.Encoder.HiddenSize;
        ILosses<T> ops = reading.Open();
        float[] some = reading.Values(model.Encoder.Forward(ops, batch, keep: null, rows));
        golden.Expect(some.Length == rows.Count * width, $"{some.Length / width} rows where {rows.Count} are wanted");
        for (int i = 0; i < rows.Count; i++)
            golden.Expect(some.AsSpan(i * width, width).SequenceEqual(all.AsSpan(rows.Rows.Span[i] * width, width)), $"row {rows.Rows.Span[i]} of some: other bits");
        golden.Expect(reading.Live(ops) == 1, $"{reading.Live(ops)} tensors live after a call for some rows");
        reading.Close(ops);
    }

    private void ExpectTheSameOutputs(TaskRun<T> run, (string Name, float[] Values)[] want)
    {
        ILosses<T> ops = reading.Open();
        foreach ((TaskOutput<T> output, (string name, float[] values)) in run.Outputs(ops).Zip(want))
            golden.Expect(output.Name == name && reading.Values(output.Value).AsSpan().SequenceEqual(values), $"{name} for nobody else: other bits");
        reading.Close(ops);
    }

    private void ExpectTheSameAlone(EncoderModel<T> model, PackedTokens packed, float[] want)
    {
        PaddedTokens all = golden.Tokens();
        int width = model.Encoder.HiddenSize;
        for (int sequence = 0; sequence < all.Sequences; sequence++)
        {
            ILosses<T> ops = reading.Open();
            float[] alone = reading.Values(model.Encoder.Forward(ops, model.Pack(all.Alone(sequence)).Batch));
            golden.Expect(alone.AsSpan().SequenceEqual(want.AsSpan(packed.Batch.All.Starts.Span[sequence] * width, alone.Length)), $"sequence {sequence} alone: other bits");
            reading.Close(ops);
        }
    }
}
