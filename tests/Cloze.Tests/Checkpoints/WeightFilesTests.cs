using Cloze.Checkpoints;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

public class WeightFilesTests
{
    private const string Index = "model.safetensors.index.json";

    [Fact]
    public void Open_PutsShardsTogether()
    {
        using TemporaryFolder folder = new();
        WriteShards(folder, """{"metadata":{"total_size":1},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");
        using WeightFiles weights = WeightFiles.Open(folder.Path);
        Assert.Equal([1f], weights.Tensors["a"].ReadFloats());
        Assert.Equal([2f], weights.Tensors["b"].ReadFloats());
        Assert.Equal(["1.safetensors", "2.safetensors"], weights.Files.Select(Path.GetFileName));

        IDisposable held = weights.Hold();
        ReadOnlyMemory<float> floats = weights.Tensors["b"].Floats;
        weights.Dispose();
        Assert.True(floats.IsEmpty || floats.Span[0] == 2);
        held.Dispose();
        Assert.Throws<ObjectDisposedException>(() => weights.Hold());
    }

    [Theory]
    [InlineData("../2.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/2.safetensors")]
    [InlineData("..\\\\2.safetensors")]
    [InlineData("C:2.safetensors")]
    [InlineData("file:2.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("2.safe\\u0000tensors")]
    public void Open_FollowsNoShardOutOfTheFolder(string shard)
    {
        using TemporaryFolder folder = new();
        WriteShards(folder, $$$"""{"weight_map":{"a":"1.safetensors","b":"{{{shard}}}"}}""");
        folder.Write("sub/2.safetensors", HandmadeFiles.Safetensors([("b", "F32", [1], HandmadeFiles.Bytes(2))]));
        Assert.Contains("only files in the same folder", Assert.Throws<CheckpointException>(() => WeightFiles.Open(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"3.safetensors"}}""", "names 3.safetensors, which is not in the folder")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}""", "c is not in 2.safetensors, as the index says")]
    [InlineData("""{"weight_map":{"a":"2.safetensors","b":"1.safetensors"}}""", "Index and shards do not belong together")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors","a":"2.safetensors"}}""", "lists a twice")]
    [InlineData("""{"weight_map":{"a":1}}""", "no text for a")]
    [InlineData("""{"weight_map":["a"]}""", "not an object")]
    [InlineData("""{"weight_map":{}}""", "weight_map is empty")]
    [InlineData("""{"metadata":{}}""", "weight_map is missing")]
    [InlineData("""{"weight_map":{"a":"1.safetensors"},"weight_map":{}}""", "weight_map twice")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}""", "not valid JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("", "not valid JSON")]
    public void Open_RefusesAnIndexThatContradictsItselfOrItsShards(string index, string expected)
    {
        using TemporaryFolder folder = new();
        WriteShards(folder, index);
        CheckpointException refused = Assert.Throws<CheckpointException>(() => WeightFiles.Open(folder.Path));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Contains(Index, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_RefusesATensorThatStandsInTwoShards()
    {
        using TemporaryFolder folder = new();
        WriteShards(folder, """{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");
        folder.Write("2.safetensors", HandmadeFiles.Safetensors([("a", "F32", [1], HandmadeFiles.Bytes(3)), ("b", "F32", [1], HandmadeFiles.Bytes(2))]));
        Assert.Contains("again in", Assert.Throws<CheckpointException>(() => WeightFiles.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SaysWhatAFolderWithoutWeightsHas()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("none of model.safetensors, model.safetensors.index.json, pytorch_model.bin", Assert.Throws<CheckpointException>(() => WeightFiles.Open(folder.Path)).Message,
            StringComparison.Ordinal);
        string file = folder.Write("tf_model.h5", "x");
        Assert.Contains("tf_model.h5 only", Assert.Throws<CheckpointException>(() => WeightFiles.Open(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("is a file; a checkpoint folder is needed", Assert.Throws<CheckpointException>(() => WeightFiles.Open(file)).Message,
            StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<CheckpointException>(() => WeightFiles.Open(Path.Combine(folder.Path, "none"))).Message,
            StringComparison.Ordinal);
    }

    private static void WriteShards(TemporaryFolder folder, string index)
    {
        folder.Write("1.safetensors", HandmadeFiles.Safetensors([("a", "F32", [1], HandmadeFiles.Bytes(1))]));
        folder.Write("2.safetensors", HandmadeFiles.Safetensors([("b", "F32", [1], HandmadeFiles.Bytes(2))]));
        folder.Write(Index, index);
    }
}
