using System.Runtime.InteropServices;
using System.Text;
using Cloze.Checkpoints;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

public class SafetensorsWriterTests
{
    [Fact]
    public void Write_GivesTheBytesOfTheFormat()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "x.safetensors");
        SafetensorsWriter.Write(path,
        [
            new("q", TensorType.I8, [1, 3], stream => stream.Write([1, 2, 3])),
            NewTensor.Of("b", [2], new float[] { 1, 2 }),
            NewTensor.Of("a ä", [], new float[] { 3 }),
        ]);
        byte[] bytes = File.ReadAllBytes(path);
        string header = "{\"__metadata__\":{\"format\":\"pt\"},\"a ä\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]},\"q\":{\"dtype\":\"I8\",\"shape\":[1,3],\"data_offsets\":[12,15]}}";
        int padded = (Encoding.UTF8.GetByteCount(header) + 7) / 8 * 8;
        byte[] expected = [.. BitConverter.GetBytes((long)padded), .. Encoding.UTF8.GetBytes(header),
            .. Enumerable.Repeat((byte)' ', padded - Encoding.UTF8.GetByteCount(header)), .. HandmadeFiles.Bytes(3, 1, 2), 1, 2, 3];
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public void Write_ReadsBackWithTheSameBits()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "x.safetensors");
        Random random = new(3);
        Dictionary<string, (long[] Shape, float[] Values)> tensors = [];
        for (int i = 0; i < 40; i++)
        {
            long[] shape = [.. Enumerable.Range(0, i % 4).Select(_ => (long)random.Next(0, 5))];
            float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
            random.NextBytes(MemoryMarshal.AsBytes(values.AsSpan())); // any bits: NaN and infinity too
            tensors[$"t{i}"] = (shape, values);
        }
        SafetensorsWriter.Write(path, tensors.Reverse().Select(tensor => NewTensor.Of(tensor.Key, tensor.Value.Shape, tensor.Value.Values)));
        using Safetensors file = Safetensors.Open(path);
        Assert.Equal(tensors.Count, file.Tensors.Count);
        foreach ((string name, (long[] shape, float[] values)) in tensors)
        {
            Assert.Equal(shape, file[name].Shape);
            Assert.Equal(MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), MemoryMarshal.AsBytes(file[name].ReadFloats().AsSpan()).ToArray());
        }
    }

    [Fact]
    public void Write_LeavesWhatStoodThereWhenItFailsHalfWay()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("x.safetensors", "before");
        NewTensor failing = new("b", TensorType.F32, [1000], stream =>
        {
            stream.Write(new byte[2000]);
            throw new InvalidOperationException("half-way");
        });
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, [NewTensor.Of("a", [1], new float[] { 1 }), failing]));
        Assert.Equal("before", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Write_RefusesATensorThatDoesNotFillItsShapeAndTwoOfOneName()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "x.safetensors");
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(path, [NewTensor.Of("a", [3], new float[] { 1 })]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path,
            [NewTensor.Of("a", [1], new float[] { 1 }), NewTensor.Of("a", [1], new float[] { 1 })]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [NewTensor.Of("__metadata__", [1], new float[] { 1 })]));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Write_NamesAPlaceThatCannotBeWritten()
    {
        using TemporaryFolder folder = new();
        NewTensor[] tensors = [NewTensor.Of("a", [1], new float[] { 1 })];
        string nowhere = Path.Combine(folder.Path, "no", "such", "x.safetensors");
        Assert.Equal($"{nowhere} cannot be written: its folder does not exist; make it, or name another place.",
            Assert.Throws<IOException>(() => SafetensorsWriter.Write(nowhere, tensors)).Message);
        string file = folder.Write("file", "text"), within = Path.Combine(file, "x.safetensors"), message = $"{within} cannot be written: {file} is a file; name a place in a folder.";
        Assert.Equal(message, Assert.Throws<IOException>(() => SafetensorsWriter.Write(within, tensors)).Message);
        Assert.Equal(message, Assert.Throws<IOException>(() => OutputFolder.Create(within, force: false)).Message);
        Assert.Contains("is a folder", Assert.Throws<IOException>(() => SafetensorsWriter.Write(folder.Path, tensors)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ToAPlaceThatTakesNothing_SaysWhy()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The places are those of Linux.");
        NewTensor[] tensors = [NewTensor.Of("a", [1 << 16], new float[1 << 16])];
        Assert.Equal("/dev/full cannot be written: the disk is full; make room, or name another place.",
            Assert.Throws<IOException>(() => SafetensorsWriter.Write("/dev/full", tensors)).Message);
        Assert.Equal("/proc/x cannot be written: nothing can be made in /proc; name a place on a disk.",
            Assert.Throws<IOException>(() => SafetensorsWriter.Write("/proc/x", tensors)).Message);
        Assert.Equal("/proc/x cannot be written: nothing can be made in /proc; name a place on a disk.",
            Assert.Throws<IOException>(() => OutputFolder.Create("/proc/x", force: false)).Message);
    }

    [Fact]
    public void Write_FollowsALinkAndKeepsIt()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        using TemporaryFolder folder = new();
        string target = folder.Write("real.safetensors", "before"), link = Path.Combine(folder.Path, "link.safetensors");
        File.CreateSymbolicLink(link, target);
        SafetensorsWriter.Write(link, [NewTensor.Of("a", [1], new float[] { 1 })]);
        Assert.NotNull(new FileInfo(link).LinkTarget);
        using Safetensors file = Safetensors.Open(target);
        Assert.Equal([1f], file["a"].ReadFloats());
    }
}
