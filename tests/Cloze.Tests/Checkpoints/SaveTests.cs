using Cloze.Checkpoints;
using Cloze.Cli.Commands;
using Cloze.Models;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>What is saved is what was loaded: for every architecture, from every format, in one file and in shards.</summary>
public class SaveTests
{
    private static readonly string s_data = Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Data");

    /// <summary>A case of each family that is committed.</summary>
    public static TheoryData<string> Models => [.. Directory.GetDirectories(Path.Combine(s_data, "models")).Select(family =>
        Path.GetRelativePath(s_data, Directory.GetDirectories(family).Where(folder => File.Exists(Path.Combine(folder, "config.json"))
            && WeightFiles.Exist(folder)).Order(StringComparer.Ordinal).First()))];

    [Theory]
    [MemberData(nameof(Models))]
    public void Save_AndOpenAgain_GivesTheSameBitsInOneFileAndInShards(string name)
    {
        string model = Path.Combine(s_data, name);
        using TemporaryFolder folder = new();
        string saved = Path.Combine(folder.Path, "saved"), sharded = Path.Combine(folder.Path, "sharded"), again = Path.Combine(folder.Path, "again");
        Dictionary<string, string> before = Hashes(model, checkpoint => checkpoint.Save(saved, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(before, Hashes(saved, checkpoint => checkpoint.Save(sharded, new() { ShardBytes = 20_000 }, cancellation: TestContext.Current.CancellationToken)));
        Assert.True(File.Exists(Path.Combine(sharded, WeightFiles.IndexName)));
        Assert.False(File.Exists(Path.Combine(sharded, WeightFiles.SingleName)));
        Assert.Equal(before, Hashes(sharded, checkpoint => checkpoint.Save(again, cancellation: TestContext.Current.CancellationToken)));
        foreach (string file in Directory.GetFiles(saved, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(saved, file)))
            Assert.Equal(File.ReadAllBytes(Path.Combine(saved, file)), File.ReadAllBytes(Path.Combine(again, file)));
        if (!Path.GetFileName(Path.GetDirectoryName(model)!).EndsWith("-original", StringComparison.Ordinal))
            Assert.Equal(File.ReadAllBytes(Path.Combine(model, "config.json")), File.ReadAllBytes(Path.Combine(saved, "config.json")));
    }

    [Fact]
    public void Save_OfAWrappedBin_GivesTheReferencesNamesAndTheRecordedValues()
    {
        CheckpointGoldens.Entry entry = CheckpointGoldens.Committed.Of("folder").Single(entry => entry.Name == "good/bin-composer");
        using TemporaryFolder folder = new();
        string saved = Path.Combine(folder.Path, "saved");
        Conversion.Convert(entry.Path, saved, new(), cancellation: TestContext.Current.CancellationToken);
        using Safetensors file = Safetensors.Open(Path.Combine(saved, WeightFiles.SingleName));
        Dictionary<string, CheckpointGoldens.Expected> expected = entry.Table("model")!;
        foreach ((string name, FileTensor tensor) in file.Tensors)
            if (expected.TryGetValue(name, out CheckpointGoldens.Expected? recorded)) Assert.Equal(recorded.Sha256, TensorHash.Sha256(tensor));
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(saved).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(file.Tensors.Keys, name => name.StartsWith("model.", StringComparison.Ordinal));
        Assert.Superset(expected.Keys.Where(name => !name.StartsWith("cls.predictions.decoder", StringComparison.Ordinal)).ToHashSet(), file.Tensors.Keys.ToHashSet());
    }

    /// <summary>The names and the configuration of the reference, and the same bits out of the model.</summary>
    [Fact]
    public void Save_OfAFlexBert_IsAModernBertOfTheReference()
    {
        string model = Directory.GetDirectories(Path.Combine(s_data, "models", "modernbert-original")).Order(StringComparer.Ordinal)
            .First(folder => File.ReadAllText(Path.Combine(folder, "config.json")).Contains("bert_layer", StringComparison.Ordinal));
        using TemporaryFolder folder = new();
        string saved = Path.Combine(folder.Path, "saved");
        Conversion.Convert(model, saved, new(), cancellation: TestContext.Current.CancellationToken);
        using (Checkpoint checkpoint = Checkpoint.Open(saved))
        {
            Assert.IsType<ModernBertArchitecture>(checkpoint.Architecture);
            Assert.Contains("model.layers.0.attn.Wqkv.weight", checkpoint.Weights.Tensors.Keys);
            Assert.Contains("model.embeddings.tok_embeddings.weight", checkpoint.Weights.Tensors.Keys);
            Assert.DoesNotContain(checkpoint.Weights.Tensors.Keys, name => name.Contains("encoder.layers", StringComparison.Ordinal));
        }
        Assert.Equal(Outputs(model), Outputs(saved));

        Dictionary<string, string> Outputs(string from)
        {
            string result = Path.Combine(folder.Path, "result.safetensors");
            ForwardCommand.Run(from, task: null, keepsStates: true, Path.Combine(model, "reference.safetensors"), result, threads: 1);
            using Safetensors file = Safetensors.Open(result);
            return file.Tensors.Values.ToDictionary(tensor => tensor.Name, TensorHash.Sha256);
        }
    }

    [Fact]
    public void Save_RefusesToOverwriteAndToWriteIntoItself()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        string model = Path.Combine(folder.Path, "model");
        using Checkpoint checkpoint = Checkpoint.Open(model);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Assert.Throws<IOException>(() => checkpoint.Save(model, cancellation: cancellation));
        Assert.Throws<IOException>(() => checkpoint.Save(Path.Combine(model, "inner"), cancellation: cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => checkpoint.Save(Path.Combine(folder.Path, "other"), new() { ShardBytes = 0 }, cancellation: cancellation));
    }

    /// <summary>Parameters under the names that the model asks for, as a digest of their values.</summary>
    private static Dictionary<string, string> Hashes(string folder, Action<Checkpoint> then)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        object settings = checkpoint.Architecture.Configure(checkpoint.Config, checkpoint);
        LoadReport report = CheckpointTests.Report(checkpoint, StoredTask.Of(checkpoint, settings));
        report.ThrowIfFaulty();
        Dictionary<string, string> hashes = report.Read.ToDictionary(tensor => tensor.Request.Name, tensor => TensorHash.Sha256(tensor.Stored));
        then(checkpoint);
        return hashes;
    }
}
