using Cloze.Checkpoints;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

public class MappedFileTests
{
    private static readonly byte[] s_file = HandmadeFiles.Safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}".PadRight(56),
        HandmadeFiles.Bytes(3, 4));

    [Fact]
    public void Floats_LieInTheMappingWithoutACopy()
    {
        using TemporaryFolder folder = new();
        using Safetensors file = Safetensors.Open(folder.Write("x.safetensors", s_file));
        Assert.Equal(0, Allocation.Least(() => _ = file["a"].Floats.Span));
        Assert.Equal([3f, 4], file["a"].Floats.ToArray());
    }

    [Fact]
    public void Dispose_WaitsForWhoeverHoldsTheFile()
    {
        using TemporaryFolder folder = new();
        Safetensors file = Safetensors.Open(folder.Write("x.safetensors", s_file));
        ReadOnlyMemory<float> values = file["a"].Floats;
        IDisposable held = file.Hold();

        file.Dispose();

        Assert.Equal([3f, 4], values.ToArray()); // a call that runs reads on
        Assert.Throws<ObjectDisposedException>(() => file.Hold()); // nobody else comes in
        Assert.Throws<ObjectDisposedException>(() => file["a"].ReadFloats());
        held.Dispose();
        held.Dispose(); // twice is once
        Assert.Throws<ObjectDisposedException>(() => values.Span.Length);
    }

    [Fact]
    public async Task Dispose_IsSafeWhileManyThreadsRead()
    {
        using TemporaryFolder folder = new();
        float[] values = new float[100_000];
        Array.Fill(values, 2);
        string path = folder.Write("x.safetensors", HandmadeFiles.Safetensors([("a", "F32", [values.Length], HandmadeFiles.Bytes(values))]));
        for (int round = 0; round < 20; round++)
        {
            Safetensors file = Safetensors.Open(path);
            using Barrier start = new(3);
            Task<int>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                start.SignalAndWait();
                int reads = 0;
                try
                {
                    for (; ; reads++) Assert.All(file["a"].ReadFloats().Take(10), value => Assert.Equal(2, value));
                }
                catch (ObjectDisposedException)
                {
                    return reads;
                }
            }))];
            start.SignalAndWait(TestContext.Current.CancellationToken);
            file.Dispose();
            await Task.WhenAll(readers);
        }
    }

    [Fact]
    public void Read_NoticesAFileThatBecameShorter()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("x.safetensors", s_file);
        using Safetensors file = Safetensors.Open(path);
        try
        {
            using FileStream other = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            other.SetLength(20);
        }
        catch (IOException) // the system guards files that are open
        {
            return;
        }
        Assert.Contains("somebody writes to it in place", Assert.Throws<CheckpointException>(() => file["a"].ReadFloats()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_KeepsItsValuesWhenTheFileIsReplaced()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("x.safetensors", s_file);
        using Safetensors file = Safetensors.Open(path);
        SafetensorsWriter.Write(path, [NewTensor.Of("a", [1], new float[] { 9 })]);
        Assert.Equal([3f, 4], file["a"].ReadFloats());
        using Safetensors replaced = Safetensors.Open(path);
        Assert.Equal([9f], replaced["a"].ReadFloats());
    }
}
