using System.Text.Json;
using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Trained models with recorded outputs: a padded batch with all hidden states, and texts alone, within 1e-5 of the largest value.</summary>
public class RealWeightsTests
{
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData("rxnmapper-albert")]
    [InlineData("sapiens-vh-roberta")]
    public void APaddedBatch_GivesWhatWasRecorded(string model)
    {
        Shared.RequireOrSkip();
        using CpuReading reading = new();
        GoldenCase golden = new(Folder(model));
        new GoldenRun<CpuTensor>(reading, golden).Run();
        Assert.Empty(golden.Faults());
    }

    [Theory]
    [InlineData("rxnmapper-albert")]
    [InlineData("sapiens-vh-roberta")]
    public void Texts_GiveWhatWasRecorded(string name)
    {
        Shared.RequireOrSkip();
        using CpuReading reading = new();
        Assert.Empty(Faults(reading, name));
    }

    private static List<string> Faults<T>(IReading<T> reading, string name) where T : class
    {
        using Checkpoint file = Checkpoint.Open(Folder(name));
        object settings = file.Architecture.Configure(file.Config, file);
        Weights<T> weights = new(file, reading.Factory);
        EncoderModel<T> model = file.Architecture.Build(settings, ModelTask.MaskedLm, labels: 2, weights);
        Pooler<T>? pooler = file.Architecture.BuildPooler(settings, weights);
        List<string> faults = [];
        foreach (string line in File.ReadLines(Path.Combine(Folder(name), "texts.jsonl")))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement text = json.RootElement;
            int[] ids = [.. text.GetProperty("input_ids").EnumerateArray().Select(id => id.GetInt32())];
            TokenBatch batch = model.Pack(new(1, ids.Length, ids)).Batch;
            ILosses<T> ops = reading.Open();
            T hidden = model.Encoder.Forward(ops, batch);
            float[] logits = reading.Values(((MaskedLm<T>)model.Head!).Head.Forward(ops, hidden));
            float[][] rows = [.. logits.Chunk(logits.Length / ids.Length)];
            float largest = logits.Max(MathF.Abs);
            if (text.TryGetProperty("argmax", out JsonElement best))
                Assert.Equal(best.EnumerateArray().Select(id => id.GetInt32()), rows.Select(row => Array.IndexOf(row, row.Max())));
            Compare("logits", logits, largest);
            Compare("max_logit", [.. rows.Select(row => row.Max())], largest);
            Compare("logsumexp", [.. rows.Select(row => (float)Math.Log(row.Sum(x => Math.Exp(x))))], largest);
            if (pooler is not null) Compare("pooler_output", reading.Values(pooler.Forward(ops, hidden, batch)), 1);
            reading.Close(ops);

            void Compare(string output, float[] got, float scale)
            {
                if (!text.TryGetProperty(output, out JsonElement recorded)) return;
                float[] want = [.. recorded.EnumerateArray().SelectMany(row => row.ValueKind == JsonValueKind.Array ? Floats(row) : [row.GetSingle()])];
                Assert.Equal(want.Length, got.Length);
                double worst = want.Zip(got, (a, b) => Math.Abs((double)a - b)).Max();
                if (worst > Tolerance * scale) faults.Add($"text {text.GetProperty("id")}, {output}: {worst:e2} of {scale:e2}");
            }
        }
        return faults;
    }

    private static string Folder(string model) => Shared.Path("data", "models", model);

    private static float[] Floats(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetSingle())];
}
