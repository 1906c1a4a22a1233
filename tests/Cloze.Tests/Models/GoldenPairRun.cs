using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Runs a recorded case of DeBERTaV3's pretraining on one reading: two networks, the masked batch and the one with the drawn tokens.</summary>
internal sealed class GoldenPairRun<T>(IReading<T> reading, GoldenCase golden) where T : class
{
    public void Run()
    {
        string path = Path.Combine(golden.Folder, "config.json");
        DebertaV3PretrainingConfig config = DebertaV3PretrainingConfig.Read(ConfigFields.Parse(File.ReadAllBytes(path), path));
        Weights<T> weights = new(new GoldenSource(new(Path.Combine(golden.Folder, "model.safetensors"))), reading.Factory);
        DebertaV3Pretraining<T> pair = new(config, weights);
        weights.ThrowIfFaulty(golden.Folder);

        PackedTokens masked = Pack(pair.Generator.Encoder, golden.Tokens()), drawn = Pack(pair.Discriminator.Encoder, golden.Tokens("input.sampled_input_ids"));
        int[] labels = golden["label.labels"].Integers(), sampled = golden["input.sampled_input_ids"].Integers();
        (RowSet predict, Labels original) = masked.Labelled(labels, label => label > 0);
        float[] replaced = [.. drawn.Places.Span.ToArray().Select(place => labels[place] > 0 && labels[place] != sampled[place] ? 1f : 0f)];

        ILosses<T> ops = reading.Open();
        using (IScope<T> call = ops.Scope("call"))
        {
            HiddenStates<T> plain = new(call), detecting = new(call);
            pair.Generator.Encoder.Forward(ops, masked.Batch, plain);
            CompareStates("output.generator.hidden_states", plain, masked);
            T filled = pair.Generator.Forward(ops, masked.Batch, predict), detected = pair.Discriminator.Forward(ops, drawn.Batch, detecting);
            int kept = plain.States.Count + detecting.States.Count + 2;
            golden.Expect(reading.Live(ops) == kept, $"{reading.Live(ops)} tensors live where {kept} are kept");

            golden.Compare("output.generator_selected_logits", reading.Values(filled));
            golden.Compare("output.generator_loss", reading.Values(ops.CrossEntropy(filled, original)));
            CompareStates("output.discriminator.hidden_states", detecting, drawn);
            golden.CompareTokens("output.discriminator_logits", reading.Values(detected), drawn);
            golden.Compare("output.discriminator_labels", replaced);
            golden.Compare("output.discriminator_loss", reading.Values(ops.BinaryCrossEntropy(detected, replaced)));
            golden.Compare("output.loss", reading.Values(pair.Loss(ops, filled, original, detected, replaced)));
        }
        reading.Close(ops);
    }

    private void CompareStates(string name, HiddenStates<T> keep, PackedTokens packed)
    {
        foreach ((int i, T state) in keep.States.Index()) golden.CompareTokens($"{name}.{i}", reading.Values(state), packed);
    }

    private static PackedTokens Pack(IEncoder<T> encoder, PaddedTokens tokens) => TokenBatchBuilder.Pack(tokens, encoder.Positions, GlobalRules.None, encoder.Limits);

    private sealed class GoldenSource(GoldenTensors tensors) : ITensorSource
    {
        public StoredTensor? Find(TensorRequest request) => tensors.Find(request.Name) is { } found ? new(found.Name, found.Shape, found.Floats) : null;
    }
}
