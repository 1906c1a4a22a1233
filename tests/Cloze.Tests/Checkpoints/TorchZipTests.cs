using System.IO.Compression;
using Cloze.Checkpoints;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>Archives of torch.save as other programs write and pack them, and what stands in them instead of tensors.</summary>
public class TorchZipTests
{
    private static readonly float[] s_values = [1.5f, -2, 3, 4, 5, 6];

    [Theory]
    [InlineData("archive", CompressionLevel.NoCompression, false)]
    [InlineData("pytorch_model.v1", CompressionLevel.Optimal, false)]
    [InlineData("my model", CompressionLevel.NoCompression, true)]
    [InlineData("模型", CompressionLevel.SmallestSize, true)]
    public void Open_ReadsArchivesOfAnyNamePackedAndStreamed(string folder, CompressionLevel level, bool isStream)
    {
        using TemporaryFolder scratch = new();
        using WeightFiles file = Open(scratch, State(pickle => pickle.Tensor("0", s_values, 0, [2, 3], [3, 1])).Archive(folder, level, isStream));
        Assert.Equal(s_values, file.Tensors["x"].ReadFloats());
    }

    /// <summary>The key of a storage is a key in the archive, never a path.</summary>
    [Theory]
    [InlineData("../0")]
    [InlineData("/etc/passwd")]
    [InlineData("..\\..\\x")]
    [InlineData("ä")]
    public void Open_TakesTheKeyOfAStorageForAKey(string key)
    {
        using TemporaryFolder scratch = new();
        byte[] archive = State(pickle => pickle.Tensor(key, s_values, 0, [6], [1])).Archive();
        using (WeightFiles file = Open(scratch, archive)) Assert.Equal(s_values, file.Tensors["x"].ReadFloats());
        Assert.Equal(["x.bin"], Directory.EnumerateFileSystemEntries(scratch.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("mps:0")]
    [InlineData("cuda:0; touch PWNED")]
    [InlineData(null)]
    [InlineData("meta")] // the bytes are there, and torch.load(map_location="cpu") reads them
    public void Open_ReadsBytesThatAreThereWhereverTheyLay(string? location)
    {
        using TemporaryFolder scratch = new();
        using WeightFiles file = Open(scratch, State(pickle => pickle.Tensor("0", s_values, 0, [6], [1], location)).Archive());
        Assert.Equal(s_values, file.Tensors["x"].ReadFloats());
    }

    [Theory]
    [InlineData("meta", "storage 0 lay on the device meta, which holds no values. Nothing of it was run; load the model's weights, then save it again.")]
    [InlineData("cpu", "storage 0 is not in the archive. Nothing of it was run; it is broken: copy or download it again.")]
    public void Open_OfAStorageThatIsNotThere_SaysWhatToDo(string location, string message)
    {
        using TemporaryFolder scratch = new();
        Refused(scratch, State(pickle => pickle.Tensor("0", s_values, 0, [6], [1], location)).Archive(hasStorages: false), message);
    }

    [Theory]
    [InlineData("_rebuild_qtensor", "a quantized tensor")]
    [InlineData("_rebuild_sparse_tensor", "a sparse tensor")]
    [InlineData("_rebuild_meta_tensor_no_storage", "a tensor of the device meta, which has no values")]
    public void Open_OfATensorOfAnotherKind_SaysOfWhich(string function, string kind)
    {
        using TemporaryFolder scratch = new();
        byte[] archive = State(pickle => pickle.Global("torch._utils", function).Op(')').Op('R')).Archive();
        Refused(scratch, archive, $"torch._utils.{function} is called, which makes {kind}");
        Refused(scratch, archive, "save the model's state_dict() alone, by torch.save or as safetensors.");
    }

    /// <summary>Python takes the last one; a file that says two things is refused.</summary>
    [Fact]
    public void Open_OfATensorThatStandsTwice_IsRefused()
    {
        using TemporaryFolder scratch = new();
        HandmadePickle Twice(int first, int second) => new HandmadePickle(isArchive: true).Op('}').Text("x").Tensor("0", s_values, first, [2], [1]).Op('s')
            .Text("x").Tensor("0", s_values, second, [2], [1]).Op('s');
        Refused(scratch, Twice(0, 1).Archive(), "x stands twice in a dictionary");
        byte[] numbers = new HandmadePickle(isArchive: true).Op('}').Text("epoch").Number(1).Op('s').Text("epoch").Number(2).Op('s')
            .Text("x").Tensor("0", s_values, 0, [6], [1]).Op('s').Archive();
        using WeightFiles file = Open(scratch, numbers);
        Assert.Equal(["x"], file.Tensors.Keys);
    }

    [Fact]
    public void Open_SaysWhatIsThereInsteadOfTensors()
    {
        using TemporaryFolder scratch = new();
        HandmadePickle New() => new(isArchive: true);
        Refused(scratch, New().Op('}').Text("epoch").Number(3).Op('s').Text("lr").Number(1).Op('s').Archive(), "holds a dictionary of epoch, lr, but no tensor by a name in it");
        Refused(scratch, New().Op('}').Text("weights").Op('}').Text("x").Tensor("0", s_values, 0, [6], [1]).Op('s').Op('s').Archive(),
            "nor in dictionaries under state_dict, model_state_dict, model, module, state, at most 4 deep; tensors stand under weights: save the model's state_dict()");
        Refused(scratch, New().Op('N').Archive(), "holds None; a dictionary of names and tensors is needed: save");
        Refused(scratch, New().Op(']').Archive(), "holds a list;");
        Refused(scratch, New().Tensor("0", s_values, 0, [6], [1]).Archive(), "holds one tensor;");
        Refused(scratch, New().Op('\x80', 4).Op('\x95').Archive(), "it is written in protocol 4 of pickle (operation 0x95); torch.save's own, 2, is read");
    }

    [Theory]
    [InlineData(12)]
    [InlineData(14)]
    public void Open_OfAnArchivePackedOtherwise_SaysHowToPackIt(byte method)
    {
        using TemporaryFolder scratch = new();
        byte[] archive = State(pickle => pickle.Tensor("0", s_values, 0, [6], [1])).Archive();
        for (int i = 0; i < archive.Length - 12; i++)
        {
            if (archive.AsSpan(i).StartsWith("PK\x03\x04"u8)) archive[i + 8] = method;
            if (archive.AsSpan(i).StartsWith("PK\x01\x02"u8)) archive[i + 10] = method;
        }
        Refused(scratch, archive, $"is packed by method {method} of zip, which torch does not read either; stored and deflated files are read. Unpack the archive and pack it again");
    }

    [Theory]
    [InlineData("Hello", "begins neither with PK (a zip archive) nor with byte 0x80 (a pickle), as files of torch.save do. It is broken or of another format: copy or")]
    [InlineData("GGUF1234", "is a GGUF file (get the model's safetensors or .bin file), not a file of torch.save.")]
    [InlineData("12345678{\"a\":1}", "is a safetensors file under another name (let it end in .safetensors)")]
    public void Open_OfAnotherFile_SaysWhatItIs(string content, string message)
    {
        using TemporaryFolder scratch = new();
        Refused(scratch, System.Text.Encoding.ASCII.GetBytes(content), message);
    }

    private static HandmadePickle State(Action<HandmadePickle> value)
    {
        HandmadePickle pickle = new HandmadePickle(isArchive: true).Op('}').Text("x");
        value(pickle);
        return pickle.Op('s');
    }

    private static WeightFiles Open(TemporaryFolder scratch, byte[] bytes) => WeightFiles.OpenFile(scratch.Write("x.bin", bytes));

    private static void Refused(TemporaryFolder scratch, byte[] bytes, string message) =>
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Open(scratch, bytes).Dispose()).Message, StringComparison.Ordinal);
}
