using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Cli;

/// <summary><c>cloze embed</c>, started as a user starts it.</summary>
public class EmbedCommandTests
{
    private static readonly string[] s_two = ["How are you?", "The cat sat on the mat."];

    [Fact]
    public async Task Embed_WritesOneLineATextInInputOrder()
    {
        float[][] vectors = await Vectors(["embed", .. s_two]);
        Assert.Equal(2, vectors.Length);
        Assert.All(vectors, vector => Assert.Equal(384, vector.Length));
        Assert.Equal(vectors[1], (await Vectors(["embed", s_two[1]]))[0]);
        Assert.Equal(1, vectors[0].Sum(value => (double)value * value), 1e-5);
    }

    [Fact]
    public async Task Embed_NumbersReadBackToTheSameFloat()
    {
        ClozeProcess.Result result = (await ClozeProcess.RunAsync("embed", "a")).Succeeded();
        Assert.NotEqual(0xEF, result.Bytes[0]);
        string[] numbers = result.Output[(result.Output.IndexOf('[') + 1)..result.Output.IndexOf(']')].Split(',');
        Assert.All(numbers, number => Assert.Equal(number, float.Parse(number, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task Embed_AnEmptyLineIsTheEmptyText_AndALeadingByteOrderMarkIsNoText()
    {
        byte[] input = [0xEF, 0xBB, 0xBF, .. "one\r\n\ntwo"u8];
        float[][] vectors = Parse((await ClozeProcess.RunAsync(["embed", "--input", "-"], input)).Succeeded());
        float[][] expected = await Vectors(["embed", "one", "", "two"]);
        Assert.Equal(expected, vectors);
    }

    [Fact]
    public async Task Embed_JsonLinesHoldTextAndALoneSurrogateIsTheReplacementCharacter()
    {
        string[] lines = ["{\"id\":1,\"text\":\"one \\ud800 two\"}", "{\"text\":\"tab\\tand \\u0022quote\\u0022\",\"x\":[1,{\"text\":\"no\"}]}"];
        float[][] vectors = Parse((await ClozeProcess.RunAsync(["embed", "--input", "-", "--format", "jsonl"], string.Join('\n', lines))).Succeeded());
        Assert.Equal(await Vectors(["embed", "one \uFFFD two", "tab\tand \"quote\""]), vectors);
    }

    [Theory]
    [InlineData("{\"txt\":\"a\"}", "has no \"text\"")]
    [InlineData("{\"text\":1}", "a string is needed")]
    [InlineData("[1]", "an object")]
    [InlineData("{\"text\":", "not valid JSON")]
    public async Task Embed_ABrokenJsonLineIsNamed(string line, string reason) =>
        (await ClozeProcess.RunAsync(["embed", "--input", "-", "--format", "jsonl"], "{\"text\":\"a\"}\n" + line + "\n")).Refused(1, "stdin:2", reason);

    [Fact]
    public async Task Embed_InvalidUtf8IsReplacedCountedAndReported()
    {
        byte[] input = [.. "good\nb"u8, 0xFF, .. "d\n"u8];
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["embed", "--input", "-"], input)).Succeeded();
        Assert.Contains("stdin: 1 line held invalid UTF-8", result.Error, StringComparison.Ordinal);
        Assert.Equal(await Vectors(["embed", "good", "b\uFFFDd"]), Parse(result));
    }

    [Fact]
    public async Task Embed_StrictRefusesInvalidUtf8AndNamesThePlace()
    {
        byte[] input = [.. "good\nb"u8, 0xFF, .. "d\n"u8];
        (await ClozeProcess.RunAsync(["embed", "--input", "-", "--strict"], input)).Refused(1, "stdin:2", "byte 2", "0xFF");
        (await ClozeProcess.RunAsync(["tokenize", "--strict"], [0xFF])).Refused(1, "stdin:1", "byte 1", "0xFF");
    }

    [Fact]
    public async Task Embed_ReadsALineOfTenMegabytesAndSaysThatItWasCut()
    {
        string text = string.Concat(Enumerable.Repeat("word and another ", 10 * 1024 * 1024 / 17));
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["embed", "--input", "-"], text)).Succeeded();
        Assert.Contains("1 text longer than 256 tokens was cut", result.Error, StringComparison.Ordinal);
        Assert.Equal(await Vectors(["embed", text[..4000]]), Parse(result));
    }

    [Fact]
    public async Task Embed_AnEmptyInputGivesNothing()
    {
        ClozeProcess.Result result = (await ClozeProcess.RunAsync(["embed", "--input", "-"], "")).Succeeded();
        Assert.Empty(result.Bytes);
    }

    [Theory]
    [InlineData(".npy")]
    [InlineData(".safetensors")]
    [InlineData(".jsonl")]
    public async Task Embed_FilesHoldTheSameNumbers(string extension)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "vectors" + extension);
        Assert.Empty((await ClozeProcess.RunAsync(["embed", "--output", path, .. s_two])).Succeeded().Bytes);
        byte[] file = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        float[][] expected = await Vectors(["embed", .. s_two]);
        if (extension == ".jsonl")
        {
            Assert.Equal(expected, Parse(new(0, file, "")));
            return;
        }
        int header = extension == ".npy" ? 10 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8)) : 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        string text = Encoding.ASCII.GetString(file, 0, header);
        if (extension == ".npy")
        {
            Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], file[..8]);
            Assert.Contains("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 384), }", text, StringComparison.Ordinal);
            Assert.Equal(0, header % 64);
        }
        else
        {
            JsonElement tensor = JsonDocument.Parse(text[8..]).RootElement.GetProperty("embeddings");
            Assert.Equal("""{"dtype":"F32","shape":[2,384],"data_offsets":[0,3072]}""", tensor.GetRawText());
        }
        float[] all = [.. file[header..].Chunk(4).Select(four => BinaryPrimitives.ReadSingleLittleEndian(four))];
        Assert.Equal(expected.SelectMany(vector => vector), all);
    }

    [Fact]
    public async Task Embed_AnOutputThatCannotBeWrittenIsSaidAndNothingIsLeft()
    {
        using TemporaryFolder folder = new();
        (await ClozeProcess.RunAsync("embed", "a", "--output", Path.Combine(folder.Path, "no", "v.npy"))).Refused(1, "v.npy", "cannot be written");
        if (!OperatingSystem.IsWindows()) (await ClozeProcess.RunAsync("embed", "a", "--output", "/dev/none.npy")).Refused(1, "/dev/none.npy cannot be written");
        Directory.CreateDirectory(Path.Combine(folder.Path, "is.npy"));
        (await ClozeProcess.RunAsync("embed", "a", "--output", Path.Combine(folder.Path, "is.npy"))).Refused(1, "is a folder");
        string failed = Path.Combine(folder.Path, "v.npy");
        (await ClozeProcess.RunAsync(["embed", "--input", "-", "--strict", "--output", failed], [0xFF])).Refused(1, "not valid UTF-8");
        Assert.Equal(["is.npy"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Embed_WritesToAFullDeviceAreSaid()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        Command.Result result = await Command.RunAsync("/bin/sh", ["-c", "exec \"$0\" embed a > /dev/full", ClozeProcess.Executable]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("stdout cannot be written", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--output", "vectors.txt", ".npy, .jsonl, .safetensors")]
    [InlineData("--pooling", "middle", "weightedmean")]
    [InlineData("--batch-tokens", "0", "at least 1")]
    [InlineData("--dimensions", "0", "at least 1")]
    [InlineData("--format", "xml", "text or jsonl")]
    [InlineData("--threads", "0", "from 1 to 1024; 0 are asked for")]
    [InlineData("--threads", "2000", "from 1 to 1024; 2000 are asked for.\ncloze: Try:")]
    [InlineData("--threads", "many", "'many' for option '--threads' as a whole number.")]
    [InlineData("--batch-tokens", "99999999999", "'99999999999' for option '--batch-tokens' as a whole number.")]
    [InlineData("--nope", "1", "--nope")]
    [InlineData("--input", "x.txt", "one of them")]
    public async Task Embed_WrongUsageIsExitCodeTwo(string option, string value, string words) =>
        (await ClozeProcess.RunAsync(["embed", "a", option, value])).Refused(2, words, "--help");

    [Fact]
    public async Task Embed_AMissingInputOrModelIsNamed()
    {
        (await ClozeProcess.RunAsync("embed", "--input", "nowhere.txt")).Refused(1, "nowhere.txt", "no such file");
        (await ClozeProcess.RunAsync("embed", "--input", "docs")).Refused(1, "docs", "folder");
        (await ClozeProcess.RunAsync("embed", "a", "--model", "nowhere")).Refused(1, "--model nowhere", "no such folder");
        (await ClozeProcess.RunAsync(["embed", "a"], [], null, ("CLOZE_MODEL", "nowhere"))).Refused(1, "CLOZE_MODEL nowhere", "no such folder");
    }

    [Fact]
    public async Task Embed_TheModelIsNeverOneOfTheWorkingDirectory()
    {
        using TemporaryFolder folder = new();
        folder.Write("models/all-MiniLM-L6-v2/config.json", "not a model");
        (await ClozeProcess.RunAsync(["embed", "a"], [], folder.Path)).Succeeded();
    }

    [Theory]
    [InlineData("tokenizer.json", null, "tokenizer")]
    [InlineData("model.safetensors", null, "model.safetensors")]
    [InlineData("model.safetensors", "", "model.safetensors")]
    [InlineData("model.safetensors", "broken", "model.safetensors")]
    [InlineData("config.json", null, "config.json")]
    [InlineData("config.json", "{", "config.json")]
    [InlineData("modules.json", "[]", "lists no module")]
    [InlineData("1_Pooling/config.json", "{\"pooling_mode\":\"attention\"}", "attention")]
    public async Task Embed_ABrokenModelIsRefusedInOneMessage(string file, string? content, string words)
    {
        using TemporaryFolder folder = CopyOfDefaultModel();
        string path = Path.Combine(folder.Path, file);
        File.Delete(path);
        if (file == "tokenizer.json") File.Delete(Path.Combine(folder.Path, "vocab.txt"));
        if (content is not null) await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
        (await ClozeProcess.RunAsync("embed", "a", "--model", folder.Path)).Refused(1, words);
    }

    [Fact]
    public async Task Embed_WeightsOfAnotherShapeAreAllNamed()
    {
        using TemporaryFolder folder = CopyOfDefaultModel();
        string path = Path.Combine(folder.Path, "config.json"), config = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(path, config.Replace("\"intermediate_size\": 1536", "\"intermediate_size\": 1024", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        (await ClozeProcess.RunAsync("embed", "a", "--model", folder.Path)).Refused(1, "encoder.layer.0.intermediate.dense.weight",
            "encoder.layer.5.output.dense.weight", "1024");
    }

    [Fact]
    public async Task Embed_TruncatedWeightsAreRefused()
    {
        using TemporaryFolder folder = CopyOfDefaultModel();
        using (FileStream file = new(Path.Combine(folder.Path, "model.safetensors"), FileMode.Open)) file.SetLength(file.Length - 1000);
        (await ClozeProcess.RunAsync("embed", "a", "--model", folder.Path)).Refused(1, "model.safetensors");
    }

    [Fact]
    public async Task Embed_VerboseShowsTheStackTraceAndWhereTheTimeGoes()
    {
        ClozeProcess.Result broken = await ClozeProcess.RunAsync("embed", "--input", "nowhere.txt", "--verbose");
        Assert.Contains("   at ", broken.Error, StringComparison.Ordinal);
        ClozeProcess.Result result = (await ClozeProcess.RunAsync("embed", "a", "--verbose")).Succeeded();
        Assert.Matches(@"First result after \d+ ms: runtime \d+, command line \d+, model \(tokenizer \d+ beside weights \d+\) \d+, first pass \d+\.",
            result.Error);
    }

    internal static TemporaryFolder CopyOfDefaultModel()
    {
        TemporaryFolder folder = new();
        string source = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");
        foreach (string path in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(folder.Path, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
        return folder;
    }

    internal static async Task<float[][]> Vectors(string[] arguments) => Parse((await ClozeProcess.RunAsync(arguments)).Succeeded());

    internal static float[][] Parse(ClozeProcess.Result result) =>
        [.. result.Json.Select(line => line.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray())];
}
