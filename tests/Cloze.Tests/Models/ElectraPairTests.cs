using System.Text.Json;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>ELECTRA's generator and discriminator together against the recorded losses of a joint training, whose first step moves nothing.</summary>
public class ElectraPairTests
{
    private static readonly string s_folder = Shared.Path("goldens", "training", "trajectories", "electra-joint");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Losses_AreTheRecordedOnes(int step)
    {
        Assert.SkipUnless(Directory.Exists(s_folder), $"The recorded training is not there: {s_folder}.");
        using CpuReading cpu = new();
        Run(new ReferenceReading(), step);
        Run(cpu, step);
    }

    private static void Run<T>(IReading<T> reading, int step) where T : class
    {
        ElectraPretrainingConfig config = new(Config("generator"), Config("discriminator")) { RtdLambda = 50 };     // as recorded
        Weights<T> weights = new(new Pair(), reading.Factory);
        ReplacedTokenPretraining<T> pair = ElectraHeads.Pretraining(config, weights);
        weights.ThrowIfFaulty(s_folder);
        GoldenTensors batches = new(Path.Combine(s_folder, "batches.safetensors"));
        int[] shape = batches["input_ids"].Shape;
        PaddedTokens masked = new(shape[1], shape[2], Step("input_ids")) { Mask = Step("attention_mask"), Types = Step("token_type_ids") };
        PairRun<T> run = new(new(pair.Generator.Encoder, pair), pair, masked, Step("discriminator_input_ids"), Step("labels"));
        int[] mask = Step("attention_mask");
        Assert.Equal(Step("discriminator_labels").Where((_, place) => mask[place] != 0).Select(label => (float)label), run.Replaced);

        ILosses<T> ops = reading.Open();
        Dictionary<string, float> losses = run.Outputs(ops, owner: null).Where(output => output.Rows == OutputRows.None)
            .ToDictionary(output => output.Name, output => reading.Values(output.Value)[0]);
        reading.Close(ops);
        using JsonDocument about = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, "case.json")));
        JsonElement want = about.RootElement.GetProperty("steps")[step], parts = want.GetProperty("parts");
        Near(parts.GetProperty("generator_loss").GetDouble(), losses["generator_loss"]);
        Near(parts.GetProperty("discriminator_loss").GetDouble(), losses["discriminator_loss"]);
        Near(want.GetProperty("loss_float64").GetDouble(), losses["loss"]);

        int[] Step(string name) => batches[name].Integers()[(step * shape[1] * shape[2])..((step + 1) * shape[1] * shape[2])];
    }

    private static void Near(double want, double got) => Assert.InRange(Math.Abs(got - want), 0, 1e-5 * want);

    private static ElectraConfig Config(string network)
    {
        string path = Path.Combine(s_folder, network, "config.json");
        return ElectraConfig.Read(ConfigFields.Parse(File.ReadAllBytes(path), path));
    }

    /// <summary>Both folders as one file.</summary>
    private sealed class Pair : ITensorSource
    {
        private readonly Dictionary<string, GoldenTensors> _networks =
            new[] { "generator", "discriminator" }.ToDictionary(network => network, network => new GoldenTensors(Path.Combine(s_folder, network, "model.safetensors")));

        public StoredTensor? Find(TensorRequest request)
        {
            string[] parts = request.Name.Split('.', 2);
            return _networks[parts[0]].Find(parts[1]) is { } found ? new(request.Name, [.. found.Shape], found.Floats) : null;
        }
    }
}
