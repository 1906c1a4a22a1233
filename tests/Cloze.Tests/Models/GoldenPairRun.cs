using Cloze.Checkpoints;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Runs a recorded case of DeBERTaV3's pretraining on one reading: two networks, the masked batch and the one with the drawn tokens.</summary>
internal sealed class GoldenPairRun<T>(IReading<T> reading, GoldenCase golden) where T : class
{
    public void Run()
    {
        using Checkpoint file = Checkpoint.Open(golden.Folder);
        object settings = file.Architecture.Configure(file.Config, file);
        LoadReport.Of(file, settings, ModelTask.PreTraining, labels: 2).ThrowIfFaulty();
        EncoderModel<T> model = file.Architecture.Build(settings, ModelTask.PreTraining, labels: 2, new Weights<T>(file, reading.Factory));
        PaddedTokens masked = golden.Tokens();
        PackedTokens packed = model.Pack(masked);
        PairRun<T> run = new(model, (ReplacedTokenPretraining<T>)model.Head!, masked, golden["input.sampled_input_ids"].Integers(), golden["label.labels"].Integers());

        ILosses<T> ops = reading.Open();
        using (IScope<T> call = ops.Scope("call"))
        {
            IReadOnlyList<TaskOutput<T>> outputs = run.Outputs(ops, call);
            golden.Expect(reading.Live(ops) == outputs.Count, $"{reading.Live(ops)} tensors live where {outputs.Count} are kept");
            foreach (TaskOutput<T> output in outputs) golden.Compare(output, reading.Values(output.Value), packed);
            golden.Compare("output.discriminator_labels", run.Replaced);
        }
        reading.Close(ops);
    }
}
