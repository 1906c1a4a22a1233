using Cloze.Cli.Commands;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Tests.Models;

/// <summary>What every class of every registered architecture keeps, the made-up twelfth's included: a new one is tested here by being in the registry.</summary>
public class EveryArchitectureTests
{
    /// <summary>A sequence of one token, one of the most that the model reads, what a tokenizer makes of an empty text, and some between.</summary>
    private static PaddedTokens Batch(TinyModel tiny)
    {
        EncoderModel<Shape> model = tiny.Build(new ShapeFactory());
        int longest = model.Encoder.LongestSequence() ?? 61;
        int[] lengths = [1, longest, 2, 7, 33];
        Random random = new(3);
        int[] ids = new int[lengths.Length * longest], mask = new int[ids.Length], global = new int[ids.Length];
        for (int sequence = 0; sequence < lengths.Length; sequence++)
        {
            for (int column = 0; column < lengths[sequence]; column++)
            {
                ids[sequence * longest + column] = 4 + random.Next(50);
                mask[sequence * longest + column] = 1;
            }
            global[sequence * longest] = 1;
        }
        return new(lengths.Length, longest, ids) { Mask = mask, Global = model.GlobalSeparator is null ? null : global };
    }

    [Theory]
    [MemberData(nameof(TinyModel.All), MemberType = typeof(TinyModel))]
    public void Outputs_AreTheSameBits_AloneAndInABatch_AndNearTheNaiveReferences(string shape, string className)
    {
        TinyModel tiny = TinyModel.Of(shape, className);
        PaddedTokens all = Batch(tiny);
        using CpuReading cpu = new();
        EncoderModel<CpuTensor> model = tiny.Build(cpu.Factory);
        Dictionary<string, float[]> together = Outputs(cpu, tiny, model, all);
        Dictionary<string, float[]> naive = Outputs(new ReferenceReading(), tiny, tiny.Build(new ReferenceReading().Factory), all);
        Assert.Equal(naive.Keys, together.Keys);
        foreach ((string name, float[] want) in naive) ExpectNear(name, want, together[name]);

        Dictionary<string, List<float>> alone = together.Keys.ToDictionary(name => name, _ => new List<float>());
        for (int sequence = 0; sequence < all.Sequences; sequence++)
            foreach ((string name, float[] values) in Outputs(cpu, tiny, model, all.Alone(sequence))) alone[name].AddRange(values);
        foreach ((string name, float[] values) in together) Assert.Equal(values, alone[name]);
    }

    [Theory]
    [MemberData(nameof(TinyModel.All), MemberType = typeof(TinyModel))]
    public void Costs_AreCounted_AndTracesShown(string shape, string className)
    {
        TinyModel tiny = TinyModel.Of(shape, className);
        EncoderModel<Shape> model = tiny.Build(new ShapeFactory());
        PackedTokens packed = model.Pack(Batch(tiny));
        CostOps all = new(), some = new();
        model.Encoder.Forward(all, packed.Batch);
        List<string> paths = [];
        TaskRun<Shape> run = new(model, tiny.About, packed, new());
        run.Outputs(new TracedOps<Shape>(some, (path, _) => paths.Add(path)));
        Assert.True(all is { Flops: > 0, PeakBytes: > 0 } && some is { Flops: > 0, PeakBytes: > 0 });
        Assert.True(all.Lines.Count(line => line.Kind == ScopeKind.Layer) >= 2);
        Assert.NotEmpty(paths);
        if (model.Head is Heads.IReadsRows reads && reads.RowsOf(packed.Batch) is not null && tiny.Task != ModelTask.Base)
            Assert.True(some.Flops < all.Flops, $"{some.Flops} for the first tokens, {all.Flops} for all");
    }

    [Theory]
    [MemberData(nameof(TinyModel.All), MemberType = typeof(TinyModel))]
    public void Folders_AreRecognised_Loaded_AndInspectedWithoutAProblem(string shape, string className)
    {
        TinyModel tiny = TinyModel.Of(shape, className);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("cloze-tiny-");
        try
        {
            tiny.Write(folder.FullName);
            using (LoadedModel loaded = LoadedModel.Load(folder.FullName, task: null, threads: 1))
            {
                Assert.Same(tiny.Architecture, loaded.Architecture);
                Assert.Equal(tiny.Task, loaded.LoadedTask);
                PackedTokens packed = loaded.Model.Pack(Batch(tiny));
                using CpuOps ops = loaded.NewCall();
                using CpuReading reading = new();
                Assert.Equal(
                    reading.Values(tiny.Build(reading.Factory).Encoder.Forward(reading.Open(), packed.Batch)),
                    loaded.Model.Encoder.Forward(ops, packed.Batch).ToArray());
            }
            using Inspection inspection = Inspection.OfFolder(new(folder.FullName, null), new(Tokens: 5, Batch: 2, Tensors: false, As: className));
            Assert.Equal(["tokenizer"], inspection.Problems.Select(problem => problem.Kind));
            Assert.True(inspection.Cost!.Flops > 0);
            Assert.Equal(tiny.Task != ModelTask.Base, inspection.Cost.Class is not null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(TinyModel.Shapes), MemberType = typeof(TinyModel))]
    public void Texts_OfEveryLength_GiveTheSameVectorsAloneAndTogether(string shape)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("cloze-tiny-");
        try
        {
            TinyModel.Of(shape).Write(folder.FullName);
            File.WriteAllText(Path.Combine(folder.FullName, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n");
            using TextEmbedder embedder = TextEmbedder.Load(folder.FullName, new() { Threads = 2 });
            string[] texts = ["", "a", "d c b a", string.Join(' ', Enumerable.Repeat("a b c", 100)), "b"];   // the fourth is cut at what the model reads
            ReadOnlyMemory<float>[] together = embedder.Embed(texts, cancellation: TestContext.Current.CancellationToken);
            for (int i = 0; i < texts.Length; i++) Assert.Equal(embedder.Embed(texts[i], cancellation: TestContext.Current.CancellationToken).ToArray(), together[i].ToArray());
            Assert.All(together, vector => Assert.DoesNotContain(float.NaN, vector.ToArray()));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Dictionary<string, float[]> Outputs<T>(IReading<T> reading, TinyModel tiny, EncoderModel<T> model, PaddedTokens tokens) where T : class
    {
        PackedTokens packed = model.Pack(tokens);
        ILosses<T> ops = reading.Open();
        Dictionary<string, float[]> values = [];
        using (IScope<T> scope = ops.Scope("call"))
        {
            T hidden = model.Encoder.Forward(ops, packed.Batch);
            values["last_hidden_state"] = reading.Values(hidden);
            foreach (TaskOutput<T> output in new TaskRun<T>(model, tiny.About, packed, new()).Outputs(ops, hidden)) values[output.Name] = reading.Values(output.Value);
        }
        reading.Close(ops);
        return values;
    }

    /// <summary>2e-5 of the largest: sums of float32 in another order than the reference's, through four layers of weights that are larger than trained ones.</summary>
    private static void ExpectNear(string name, float[] want, float[] got)
    {
        double worst = want.Zip(got, (a, b) => Math.Abs((double)a - b)).Max(), largest = want.Max(MathF.Abs);
        Assert.True(want.Length == got.Length && worst <= 2e-5 * largest, $"{name}: {worst:e2} of {largest:e2}");
    }
}
