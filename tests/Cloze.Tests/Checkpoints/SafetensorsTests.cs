using Cloze.Checkpoints;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

public class SafetensorsTests
{
    private const string A = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]";

    [Theory]
    [InlineData("[]", 0, "begin with '{'")]
    [InlineData(" {}", 0, "begin with '{'")]
    [InlineData("{}", 4, "4 bytes after the last tensor")]
    [InlineData("{\"a\":{" + A + "}", 8, "not valid JSON")]
    [InlineData("{\"a\":{" + A + "}}}", 8, "not valid JSON")]
    [InlineData("{\"a\":{" + A + "},}", 8, "not valid JSON")]
    [InlineData("{\"a\":{" + A + "}}//", 8, "not valid JSON")]
    [InlineData("{\"a\":{" + A + "}}\0", 8, "not valid JSON")]
    [InlineData("{\"\\ud800\":{" + A + "}}", 8, "not valid Unicode")]
    [InlineData("{\"a\":{" + A + "},\"\\u0061\":{" + A + "}}", 8, "a stands twice")]
    [InlineData("{\"a\":{" + A + ",\"dtype\":\"F32\"}}", 8, "has dtype twice")]
    [InlineData("{\"a\":[\"F32\",[2],[0,8]]}", 8, "a is a list")]
    [InlineData("{\"a\":null}", 0, "a is null")]
    [InlineData("{\"__metadata__\":null}", 0, "__metadata__ is null")]
    [InlineData("{\"__metadata__\":{\"x\":1}}", 0, "a number under x")]
    [InlineData("{\"__metadata__\":{\"x\":\"\",\"x\":\"\"}}", 0, "x twice")]
    [InlineData("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "a has no dtype")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "a has no shape")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "a has no data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype f32, which is not supported")]
    [InlineData("{\"a\":{\"dtype\":\"F4\",\"shape\":[16],\"data_offsets\":[0,8]}}", 8, "dtype F4, which is not supported")]
    [InlineData("{\"a\":{\"dtype\":5,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "a number as dtype")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2e0],\"data_offsets\":[0,8]}}", 8, "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-0],\"data_offsets\":[0,0]}}", 0, "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8, "whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808,0],\"data_offsets\":[0,0]}}", 0, "whole numbers below 2^63")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,0],\"data_offsets\":[0,0]}}", 0, "larger than any file")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[3000000000],\"data_offsets\":[0,8]}}", 8, "[3000000000] has 12000000000 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483647,2147483647,2147483647],\"data_offsets\":[0,8]}}", 8, "larger than any file")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "has 12 bytes, but its data_offsets are [0,8]")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "data_offsets are [8,0]")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,16]}}", 8, "not two whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[18446744073709551608,18446744073709551616]}}", 8, "not two whole numbers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16, "there is a hole before it")]
    [InlineData("{\"a\":{" + A + "},\"b\":{" + A + "}}", 8, "it overlaps another tensor")]
    [InlineData("{\"a\":{" + A + "}}", 7, "cut short")]
    [InlineData("{\"a\":{" + A + "}}", 9, "1 bytes after the last tensor")]
    [InlineData("{\"a\":{" + A + "},\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}", 8, "overlaps")]
    public void Open_RefusesWhatBreaksARuleAndNamesThePlace(string header, int dataBytes, string expected)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("x.safetensors", HandmadeFiles.Safetensors(header, dataBytes));

        CheckpointException refused = Assert.Throws<CheckpointException>(() => Safetensors.Open(path));

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("1234567", "has 7 bytes")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer")]
    [InlineData("<!DOCTYPE html>", "HTML page")]
    [InlineData("PK\u0003\u0004 and so on", "zip file")]
    public void Open_SaysWhatAFileReallyIs(string content, string expected)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("model.safetensors", content);
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => Safetensors.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_RefusesAFolderAndAMissingFileByName()
    {
        using TemporaryFolder folder = new();
        Assert.Equal($"{folder.Path} is a folder; a weights file is needed.", Assert.Throws<CheckpointException>(() => Safetensors.Open(folder.Path)).Message);
        string missing = Path.Combine(folder.Path, "none");
        Assert.Equal($"{missing} does not exist.", Assert.Throws<CheckpointException>(() => Safetensors.Open(missing)).Message);
    }

    [Fact]
    public void Open_ReadsAHeaderPaddedWithSpacesAndFieldsInAnyOrder()
    {
        using TemporaryFolder folder = new();
        string header = "{\"b\":{\"data_offsets\":[8,12],\"shape\":[],\"dtype\":\"F32\",\"later\":[1,{}]},"
            + "\"__metadata__\":{\"format\":\"pt\"},\"a\":{" + A + "}}  \n ";
        using Safetensors file = Safetensors.Open(folder.Write("x.safetensors", HandmadeFiles.Safetensors(header, HandmadeFiles.Bytes(1, 2, 3))));
        Assert.Equal([1f, 2], file["a"].ReadFloats());
        Assert.Equal([3f], file["b"].ReadFloats());
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Empty(file["b"].Shape);
    }

    /// <summary>The reference counts in 64 bits, the product in the order of the dimensions.</summary>
    [Theory]
    [InlineData(0L, 3_000_000_000L)]
    [InlineData(2_147_483_648L, 0L)]
    [InlineData(0L, 4_611_686_018_427_387_904L, 4L)]
    [InlineData(4_611_686_018_427_387_904L, 3L, 0L)]
    public void Open_ReadsATensorWithoutElementsWhateverItsOtherDimensions(params long[] shape)
    {
        using TemporaryFolder folder = new();
        string header = $"{{\"a\":{{{A}}},\"e\":{{\"dtype\":\"F64\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[8,8]}}}}", copied = Path.Combine(folder.Path, "copy.safetensors");
        using Safetensors file = Safetensors.Open(folder.Write("x.safetensors", HandmadeFiles.Safetensors(header, HandmadeFiles.Bytes(1, 2))));
        FileTensor empty = file["e"];
        Assert.Equal(shape, empty.Shape);
        Assert.Equal(0, empty.Elements);
        Assert.Empty(empty.ReadFloats());
        SafetensorsWriter.Write(copied, [new NewTensor("e", empty.Type, empty.Shape, empty.CopyTo)]);
        using Safetensors copy = Safetensors.Open(copied);
        Assert.Equal(shape, copy["e"].Shape);
    }

    [Fact]
    public void Open_AllocatesInProportionToTheFileWhateverTheHeaderClaims()
    {
        using TemporaryFolder folder = new();
        byte[] small = HandmadeFiles.Safetensors("{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483647,2147483647],\"data_offsets\":[0,36893488130239234056]}}", 8);
        byte[] longHeader = [.. BitConverter.GetBytes(100_000_000L), (byte)'{', .. new byte[90]];
        foreach (byte[] bytes in (byte[][])[small, longHeader])
        {
            string path = folder.Write("x.safetensors", bytes);
            Assert.Throws<CheckpointException>(() => Safetensors.Open(path)); // once, so that what is loaded once does not count
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<CheckpointException>(() => Safetensors.Open(path));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        }
    }

    /// <summary>Whatever a byte of a valid file is changed to: it opens, or is refused by the one exception.</summary>
    [Fact]
    public void Open_NeverFailsInAnotherWayOnADamagedHeader()
    {
        using TemporaryFolder folder = new();
        byte[] valid = HandmadeFiles.Safetensors("{\"__metadata__\":{\"format\":\"pt\"},\"a\":{" + A + "},"
            + "\"bc\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[8,12]}}", 12);
        Random random = new(11);
        string interesting = "{}[]\",:0129eE+-.\\u \n\0\u00ff";
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            byte[] damaged = [.. valid];
            for (int change = random.Next(1, 4); change > 0; change--)
                damaged[random.Next(damaged.Length - 12)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)interesting[random.Next(interesting.Length)];
            if (random.Next(8) == 0) damaged = damaged[..random.Next(damaged.Length)];
            string path = folder.Write("x.safetensors", damaged);
            try
            {
                using Safetensors file = Safetensors.Open(path);
                foreach (FileTensor tensor in file.Tensors.Values) tensor.ReadFloats();
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 750, 1500);
    }

    [Fact]
    public void Read_WidensEveryTypeExactly()
    {
        using TemporaryFolder folder = new();
        (string, string, int[], byte[])[] tensors =
        [
            ("unaligned", "U8", [1], [255]),
            ("F64", "F64", [3], [.. new double[] { 1 + Math.Pow(2, -24), -0.0, 1e300 }.SelectMany(BitConverter.GetBytes)]),
            ("F32", "F32", [2], HandmadeFiles.Bytes(1.5f, float.Epsilon)),
            ("F16", "F16", [3], [0x00, 0x3C, 0x01, 0x00, 0x00, 0xFC]), // 1, 2^-24, -infinity
            ("BF16", "BF16", [2], [0x80, 0x3F, 0x01, 0xC0]), // 1, -(2 + 2^-6)
            ("F8_E4M3", "F8_E4M3", [4], [0x38, 0x01, 0x7E, 0xFF]), // 1, 2^-9, 448, NaN
            ("F8_E5M2", "F8_E5M2", [4], [0x3C, 0x01, 0x7B, 0x7C]), // 1, 2^-16, 57344, infinity
            ("I64", "I64", [2], [.. new long[] { -3, (1L << 24) + 1 }.SelectMany(BitConverter.GetBytes)]),
            ("U64", "U64", [1], [.. BitConverter.GetBytes(ulong.MaxValue)]),
            ("I32", "I32", [1], [.. BitConverter.GetBytes(int.MinValue)]),
            ("U32", "U32", [1], [.. BitConverter.GetBytes(uint.MaxValue)]),
            ("I16", "I16", [1], [0x00, 0x80]),
            ("U16", "U16", [1], [0xFF, 0xFF]),
            ("I8", "I8", [2], [0x80, 0x7F]),
            ("BOOL", "BOOL", [3], [0, 1, 2]),
        ];
        using Safetensors file = Safetensors.Open(folder.Write("x.safetensors", HandmadeFiles.Safetensors(tensors)));
        Assert.Equal([255f], file["unaligned"].ReadFloats());
        Assert.Equal([1f, -0f, float.PositiveInfinity], file["F64"].ReadFloats());
        Assert.Equal([1.5f, float.Epsilon], file["F32"].ReadFloats());
        Assert.True(file["F32"].Floats.IsEmpty); // at an odd address it is not used in place
        Assert.Equal([1f, MathF.ScaleB(1, -24), float.NegativeInfinity], file["F16"].ReadFloats());
        Assert.Equal([1f, -(2 + MathF.ScaleB(1, -6))], file["BF16"].ReadFloats());
        Assert.Equal([1f, MathF.ScaleB(1, -9), 448, float.NaN], file["F8_E4M3"].ReadFloats());
        Assert.Equal([1f, MathF.ScaleB(1, -16), 57344, float.PositiveInfinity], file["F8_E5M2"].ReadFloats());
        Assert.Equal([-3f, 1 << 24], file["I64"].ReadFloats());
        Assert.Equal([MathF.ScaleB(1, 64)], file["U64"].ReadFloats());
        Assert.Equal([-MathF.ScaleB(1, 31)], file["I32"].ReadFloats());
        Assert.Equal([MathF.ScaleB(1, 32)], file["U32"].ReadFloats());
        Assert.Equal([-32768f], file["I16"].ReadFloats());
        Assert.Equal([65535f], file["U16"].ReadFloats());
        Assert.Equal([-128f, 127], file["I8"].ReadFloats());
        Assert.Equal([0f, 1, 1], file["BOOL"].ReadFloats());
        Assert.Equal([-3, (1 << 24) + 1], file["I64"].ReadIntegers());
        Assert.Contains("32 bits", Assert.Throws<CheckpointException>(() => file["U64"].ReadIntegers()).Message, StringComparison.Ordinal);
        Assert.Contains("not of whole numbers", Assert.Throws<CheckpointException>(() => file["F32"].ReadIntegers()).Message, StringComparison.Ordinal);
        Assert.Contains("no tensor 'not there'", Assert.Throws<CheckpointException>(() => file["not there"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TakesAnyPartOfALongTensor()
    {
        using TemporaryFolder folder = new();
        byte[] values = new byte[5000 * 2];
        for (int i = 0; i < 5000; i++) BitConverter.TryWriteBytes(values.AsSpan(2 * i), (Half)i);
        using Safetensors file = Safetensors.Open(folder.Write("x.safetensors", HandmadeFiles.Safetensors([("x", "F16", [5000], values)])));
        float[] part = new float[1500];
        file["x"].Read(700, part);
        for (int i = 0; i < part.Length; i++) Assert.Equal((float)(Half)(700 + i), part[i]);
        Assert.Throws<ArgumentOutOfRangeException>(() => file["x"].Read(3501, part));
    }
}
