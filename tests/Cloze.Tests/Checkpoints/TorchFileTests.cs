using Cloze.Checkpoints;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>Files of torch.save, byte by byte; recorded ones are in <see cref="CheckpointGoldenTests"/>.</summary>
public class TorchFileTests
{
    private static readonly float[] s_values = [.. Enumerable.Range(0, 24).Select(i => i * 1.5f - 7)];

    [Theory]
    [InlineData(new[] { 2, 3, 4 }, new[] { 12, 4, 1 }, 0)]
    [InlineData(new[] { 4, 3, 2 }, new[] { 1, 4, 12 }, 0)]
    [InlineData(new[] { 2, 2 }, new[] { 5, 3 }, 7)]
    [InlineData(new[] { 3, 1, 2 }, new[] { 0, 99, 2 }, 4)]
    [InlineData(new[] { 23 }, new[] { 1 }, 1)]
    [InlineData(new int[0], new int[0], 23)]
    public void Read_GivesTheElementsThatStridesSayFromEveryStart(int[] size, int[] stride, int offset)
    {
        float[] expected = [.. Offsets(size, stride, offset).Select(at => s_values[at])];
        using TemporaryFolder folder = new();
        using WeightFiles file = Open(folder, State(pickle => pickle.Tensor("a", s_values, offset, size, stride)));
        FileTensor tensor = file.Tensors["x"];
        Assert.Equal(Array.ConvertAll(size, length => (long)length), tensor.Shape);
        Assert.Equal(expected, tensor.ReadFloats());
        for (int start = 0; start < expected.Length; start++)
        {
            float[] part = new float[Math.Min(3, expected.Length - start)];
            tensor.Read(start, part);
            Assert.Equal(expected[start..(start + part.Length)], part);
        }
    }

    [Theory]
    [InlineData(new long[] { 0, 3_000_000_000 }, true)]
    [InlineData(new long[] { 3_000_000_000, 0 }, true)]
    [InlineData(new long[] { 4_611_686_018_427_387_904, 4, 0 }, false)]
    [InlineData(new long[] { 3_000_000_000 }, false)]
    public void Open_CountsIn64Bits(long[] size, bool isRead)
    {
        using TemporaryFolder folder = new();
        byte[] bytes = State(pickle => pickle.Tensor("a", s_values, 0, size, [.. size.Select(_ => 1)]));
        if (!isRead)
        {
            Refused(folder, bytes);
            return;
        }
        using WeightFiles file = Open(folder, bytes);
        Assert.Equal(size, file.Tensors["x"].Shape);
        Assert.Empty(file.Tensors["x"].ReadFloats());
    }

    /// <summary>Two tensors of one storage, at places that a mapped float may and may not have.</summary>
    [Fact]
    public void Floats_LieInTheFileWhereTheyAreRowMajor()
    {
        using TemporaryFolder folder = new();
        byte[] bytes = State(pickle => pickle.Tensor("a", s_values, 4, [2, 5], [5, 1]));
        using WeightFiles file = Open(folder, bytes);
        FileTensor tensor = file.Tensors["x"];
        bool isAligned = (bytes.Length - sizeof(float) * (s_values.Length - 4)) % sizeof(float) == 0;
        Assert.Equal(isAligned, !tensor.Floats.IsEmpty);
        Assert.Equal(s_values[4..14], tensor.ReadFloats());
    }

    [Theory]
    [InlineData("state_dict")]
    [InlineData("state", "model")]
    [InlineData("model_state_dict", "module", "state", "model")]
    public void Open_UnwrapsWhatTrainingProgramsSave(params string[] wrappers)
    {
        HandmadePickle pickle = new();
        foreach (string wrapper in wrappers) pickle.Op('}').Text("epoch").Number(3).Op('s').Text(wrapper);
        pickle.Op('}').Text("x").Tensor("a", s_values, 0, [24], [1]).Op('s');
        foreach (string _ in wrappers) pickle.Op('s');
        using TemporaryFolder folder = new();
        using WeightFiles file = Open(folder, pickle.File());
        Assert.Equal(["x"], file.Tensors.Keys);
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("posix", "systemStorage")]
    [InlineData("builtins", "getattr")]
    [InlineData("torch._utils", "_rebuild_tensor_v2.__globals__")]
    [InlineData("torch.", "FloatStorage")]
    [InlineData("collections", "ordereddict")]
    public void Open_RefusesAForbiddenNameThatNobodyCalls(string module, string name)
    {
        using TemporaryFolder folder = new();
        byte[] bytes = new HandmadePickle().Op('}').Text("x").Tensor("a", s_values, 0, [24], [1]).Op('s').Text("y").Global(module, name).Op('s').File();
        string message = Refused(folder, bytes);
        Assert.Contains($"{module}.{name}", message, StringComparison.Ordinal);
        Assert.Contains("Nothing of it was run", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 5, 5 }, new[] { 5, 1 }, 0, "reaches beyond its storage")]
    [InlineData(new[] { 2, 3 }, new[] { 3, -1 }, 9, "stride 1")]
    [InlineData(new[] { -1 }, new[] { 1 }, 0, "size 0")]
    [InlineData(new[] { 2 }, new[] { 1 }, -1, "offset")]
    [InlineData(new[] { 2, 2 }, new[] { 1 }, 0, "as many strides")]
    [InlineData(new[] { int.MaxValue, int.MaxValue, int.MaxValue }, new[] { 0, 0, 0 }, 0, "out of proportion")]
    [InlineData(new[] { 1 << 20, 1 << 20 }, new[] { 0, 0 }, 0, "out of proportion")]
    [InlineData(new[] { int.MaxValue, int.MaxValue, int.MaxValue }, new[] { int.MaxValue, int.MaxValue, int.MaxValue }, 0, "reaches beyond its storage")]
    public void Open_RefusesAViewThatIsNone(int[] size, int[] stride, int offset, string what)
    {
        using TemporaryFolder folder = new();
        Assert.Contains(what, Refused(folder, State(pickle => pickle.Tensor("a", s_values, offset, size, stride))), StringComparison.Ordinal);
    }

    /// <summary>Every byte of a file matters, or changes nothing that is read: no length, no opcode makes anything else of it than a refusal.</summary>
    [Fact]
    public void Open_CutAnywhere_IsRefused()
    {
        using TemporaryFolder folder = new();
        byte[] bytes = State(pickle => pickle.Tensor("a", s_values, 0, [24], [1]));
        for (int length = 0; length < bytes.Length; length++) Refused(folder, bytes[..length]);
    }

    /// <summary>A list in a list, without end: neither reading nor leaving it goes deep.</summary>
    [Fact]
    public void Open_DoesNotGoDeep()
    {
        const int depth = 200_000;
        HandmadePickle pickle = new HandmadePickle().Op('}').Text("x").Tensor("a", s_values, 0, [24], [1]).Op('s').Text("deep");
        for (int i = 0; i < depth; i++) pickle.Op(']');
        for (int i = 1; i < depth; i++) pickle.Op('a');
        pickle.Op('s').Text("tuple").Op(')');
        for (int i = 0; i < depth; i++) pickle.Op('\x85');
        using TemporaryFolder folder = new();
        using WeightFiles file = Open(folder, pickle.Op('s').File());
        Assert.Equal(["x"], file.Tensors.Keys);
    }

    [Fact]
    public void Open_AMillionValuesTooMany_IsRefused()
    {
        HandmadePickle pickle = new();
        for (int i = 0; i < 2_100_000; i++) pickle.Op('N');
        using TemporaryFolder folder = new();
        Assert.Contains("more than 2097152 values", Refused(folder, pickle.File()), StringComparison.Ordinal);
    }

    /// <summary>A list in the memo, made into something over and over: without a bound every few bytes copy all of it.</summary>
    [Theory]
    [InlineData("torch", "Size")]
    [InlineData("__builtin__", "set")]
    public void Open_AContainerThatIsCopiedAgainAndAgain_IsRefused(string module, string name)
    {
        const byte List = 0, Function = 1;
        HandmadePickle pickle = new HandmadePickle().Op(']').Op('q', List).Op('(');
        for (int i = 0; i < 1000; i++) pickle.Op('N');
        pickle.Op('e').Global(module, name).Op('q', Function);
        for (int i = 0; i < 1000; i++) pickle.Op('h', Function).Op('h', List).Op('\x85').Op('R');
        using TemporaryFolder folder = new();
        Assert.Contains("copied again and again", Refused(folder, pickle.Op('}').File()), StringComparison.Ordinal);
    }

    private static byte[] State(Action<HandmadePickle> tensor)
    {
        HandmadePickle pickle = new HandmadePickle().Op('}').Text("x");
        tensor(pickle);
        return pickle.Op('s').File();
    }

    private static WeightFiles Open(TemporaryFolder folder, byte[] bytes) => WeightFiles.OpenFile(folder.Write("pytorch_model.bin", bytes));

    private static string Refused(TemporaryFolder folder, byte[] bytes)
    {
        string path = folder.Write("pytorch_model.bin", bytes);
        string message = Assert.Throws<CheckpointException>(() => WeightFiles.OpenFile(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        return message;
    }

    private static IEnumerable<int> Offsets(int[] size, int[] stride, int offset)
    {
        if (size.Length == 0) return [offset];
        return Enumerable.Range(0, size[0]).SelectMany(i => Offsets(size[1..], stride[1..], offset + i * stride[0]));
    }
}
