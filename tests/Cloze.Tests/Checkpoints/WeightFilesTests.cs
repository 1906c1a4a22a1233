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
    [InlineData("""{"weight_map":{"a":1}}""", "holds a number for a")]
    [InlineData("""{"weight_map":["a"]}""", "weight_map is a list; an object")]
    [InlineData("""{"weight_map":{}}""", "weight_map is empty")]
    [InlineData("""{"metadata":{}}""", "weight_map is missing")]
    [InlineData("""{"weight_map":{"a":"1.safetensors"},"weight_map":{}}""", "weight_map twice")]
    [InlineData("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}""", "not valid JSON")]
    [InlineData("[]", "holds a list; a JSON object with weight_map is needed")]
    [InlineData("", "is empty; JSON is needed")]
    [InlineData("""{"weight_map":{"a":"\ud800"}}""", "half of a surrogate pair")]
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

    [Theory]
    [InlineData("inside.bin", true)]
    [InlineData("sub/../inside.bin", true)]
    [InlineData("../outside.safetensors", false)]
    [InlineData("sub/leaving", false)] // a link to a link that leaves
    public void Open_FollowsALinkOfAShardWithinTheFolderOnly(string target, bool isInside)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "makes links");
        using TemporaryFolder folder = new();
        byte[] shard = HandmadeFiles.Safetensors([("b", "F32", [1], HandmadeFiles.Bytes(2))]);
        foreach (string name in (string[])["model/inside.bin", "model/sub/x", "outside.safetensors"]) folder.Write(name, shard);
        folder.Write("model/1.safetensors", HandmadeFiles.Safetensors([("a", "F32", [1], HandmadeFiles.Bytes(1))]));
        folder.Write($"model/{Index}", """{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");
        string model = Path.Combine(folder.Path, "model");
        File.CreateSymbolicLink(Path.Combine(model, "sub", "leaving"), "../../outside.safetensors");
        File.CreateSymbolicLink(Path.Combine(model, "2.safetensors"), target);
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "alias"), model); // the folder itself may be reached by a link
        foreach (string path in (string[])[model, Path.Combine(folder.Path, "alias")])
        {
            if (isInside) WeightFiles.Open(path).Dispose();
            else Assert.Contains("2.safetensors, a link that leaves the folder", Assert.Throws<CheckpointException>(() => WeightFiles.Open(path)).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A snapshot is all links, to blobs beside it, and those may be links to a store that models share.</summary>
    [Theory]
    [InlineData("../../blobs/b", true)]
    [InlineData("../../blobs/shared", true)]
    [InlineData("../../../models--acme--other/blobs/b", false)]
    public void Open_FollowsTheLinksOfASnapshotIntoItsCache(string target, bool isInside)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "makes links");
        using TemporaryFolder folder = new();
        byte[] shard = HandmadeFiles.Safetensors([("b", "F32", [1], HandmadeFiles.Bytes(2))]);
        foreach (string name in (string[])["models--acme--tiny/blobs/b", "models--acme--other/blobs/b", "store/b"]) folder.Write(name, shard);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "models--acme--tiny", "blobs", "shared"), "../../store/b");
        string snapshot = Path.GetDirectoryName(folder.Write($"models--acme--tiny/snapshots/1234/{Index}", """{"weight_map":{"b":"2.safetensors"}}"""))!;
        File.CreateSymbolicLink(Path.Combine(snapshot, "2.safetensors"), target);
        if (isInside) WeightFiles.Open(snapshot).Dispose();
        else Assert.Contains("a link that leaves the folder", Assert.Throws<CheckpointException>(() => WeightFiles.Open(snapshot)).Message, StringComparison.Ordinal);
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
