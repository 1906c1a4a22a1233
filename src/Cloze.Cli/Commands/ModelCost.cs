using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Cli.Commands;

/// <summary>What a batch costs, without global tokens.</summary>
/// <param name="Flops">Of the encoder, or of both encoders of a pair: matrix products and attention; a multiply and an add are two.</param>
/// <param name="WeightBytes">As they lie in memory: float32, and int8 tables with their scales.</param>
/// <param name="ActivationBytes">The most that lives at once while the encoder computes, in float32, beside the weights.</param>
/// <param name="Class">Of a class with a head, which computes of the last layer only what the head reads; null: the encoder is all.</param>
internal sealed record ModelCost(int Tokens, int Batch, long Flops, long WeightBytes, long ActivationBytes, ClassCost? Class)
{
    private const int UsualTokens = 512, MostTokens = 1 << 26;

    /// <param name="settings">From <see cref="IArchitecture.Configure"/>.</param>
    /// <exception cref="CommandException">The model does not read so many tokens, or they are too many to count.</exception>
    public static ModelCost Of(IArchitecture architecture, object settings, ModelTask task, TaskConfig about, InspectRequest request, long weightBytes)
    {
        EncoderModel<Shape> model = architecture.Build(settings, task, about.Labels.Count, ShapeFactory.Schema());
        int? longest = Encoders(model).Min(encoder => encoder.LongestSequence());
        int tokens = request.Tokens ?? Math.Min(UsualTokens, longest ?? UsualTokens), sequences = request.Batch;
        if (tokens > longest) throw new CommandException($"{tokens} tokens are too many for this model, which reads {longest}; choose fewer by --tokens.");
        if ((long)tokens * sequences > MostTokens) throw new CommandException($"{sequences} × {tokens} tokens are too many; choose fewer.");

        PaddedTokens padded = new(sequences, tokens, new int[sequences * tokens]);
        CostOps encoders = new(), whole = new();
        foreach (IEncoder<Shape> encoder in Encoders(model))
            using (encoders.Scope("encoder")) encoder.Forward(encoders, Pack(encoder).Batch);
        if (task == ModelTask.Base) return Made(null);
        using (whole.Scope("class"))
        {
            if (model.Head is ReplacedTokenPretraining<Shape> pair)
            {
                TokenBatch masked = Pack(pair.Generator.Encoder).Batch;
                pair.Generator.Forward(whole, masked, masked.All);   // its scores live on, as the loss of both needs them
                pair.Discriminator.Forward(whole, Pack(pair.Discriminator.Encoder).Batch);
            }
            else new TaskRun<Shape>(model, about, Pack(model.Encoder), new()).Outputs(whole);
        }
        return Made(new(whole.Flops + whole.DerivedFlops, whole.PeakBytes + whole.DerivedBytes));

        PackedTokens Pack(IEncoder<Shape> encoder) => TokenBatchBuilder.Pack(padded, encoder.Positions, GlobalRules.None, encoder.Limits);

        ModelCost Made(ClassCost? ofClass) =>
            new(tokens, sequences, encoders.Flops + encoders.DerivedFlops, weightBytes, encoders.PeakBytes + encoders.DerivedBytes, ofClass);
    }

    /// <summary>Its encoder; of a pair, the generator's and the discriminator's.</summary>
    public static IReadOnlyList<IEncoder<Shape>> Encoders(EncoderModel<Shape> model) =>
        model.Head is ReplacedTokenPretraining<Shape> pair ? [pair.Generator.Encoder, pair.Discriminator.Encoder] : [model.Encoder];
}

/// <summary>What a class with its head costs for the same batch.</summary>
internal sealed record ClassCost(long Flops, long ActivationBytes);
