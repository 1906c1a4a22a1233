using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Pipelines;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

public class ConversionTests
{
    [Fact]
    public void Int8_StoresEveryLinearAndEmbeddingAsTheRuleSaysAndAllElseAsItWas()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        float[] words = bert.Tensors["bert.embeddings.word_embeddings.weight"].Values;
        words.AsSpan(0, TinyBert.Hidden).Clear(); // a row of zeros
        new float[] { 127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -127, 126.5f }.CopyTo(words, TinyBert.Hidden); // scale 1: halves go to even
        bert.Write(folder);

        ConversionResult result = Converted(folder.Model(), folder.Output(), WeightFormat.Int8);

        Assert.Equal(bert.Tensors.Count, result.Tensors);
        Assert.Equal(bert.Matrices.Count(), result.Quantized);
        using Safetensors file = Safetensors.Open(Path.Combine(folder.Output(), "model.safetensors"));
        Assert.Equal(bert.Tensors.Keys.Concat(bert.Matrices.Select(name => name + "_scale")).Order(StringComparer.Ordinal),
            file.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 2, 2, 0, -2, -127, 126], file["bert.embeddings.word_embeddings.weight"].ReadIntegers()[..16]);
        Assert.Equal([1f, 1], file["bert.embeddings.word_embeddings.weight_scale"].ReadFloats()[..2]);
        foreach ((string name, (int[] shape, float[] values)) in bert.Tensors)
        {
            Assert.Equal(Array.ConvertAll(shape, size => (long)size), file[name].Shape);
            if (shape.Length == 1)
            {
                Assert.Equal(TensorType.F32, file[name].Type);
                Assert.Equal(values, file[name].ReadFloats());
                continue;
            }
            FileTensor scales = file[name + "_scale"];
            Assert.Equal((TensorType.I8, TensorType.F32), (file[name].Type, scales.Type));
            Assert.Equal([shape[0], 1], scales.Shape);
            int[] q = file[name].ReadIntegers();
            for (int i = 0; i < q.Length; i++)
            {
                float[] row = values[(i / shape[1] * shape[1])..((i / shape[1] + 1) * shape[1])];
                float most = row.Max(Math.Abs), scale = most == 0 ? 1 : (float)((double)most / 127);
                Assert.Equal(scale, scales.ReadFloats()[i / shape[1]]);
                float quotient = (float)((double)values[i] / scale);
                Assert.Equal((int)Math.Round((double)quotient, MidpointRounding.ToEven), q[i]);
            }
        }
    }

    [Fact]
    public void Int8_GivesExactlyTheNumbersOfTheFloatFolderThatHoldsQTimesScale()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        Converted(folder.Model(), folder.Output(), WeightFormat.Int8);
        Dictionary<string, (string Name, string Type, int[] Shape, byte[] Bytes)> floats = [];
        using (Safetensors file = Safetensors.Open(Path.Combine(folder.Output(), "model.safetensors")))
        {
            foreach (FileTensor tensor in file.Tensors.Values.Where(tensor => !tensor.Name.EndsWith("_scale", StringComparison.Ordinal)))
            {
                float[] values = tensor.ReadFloats();
                if (file.Find(tensor.Name + "_scale") is { } scale)
                    for (int i = 0; i < values.Length; i++) values[i] *= scale.ReadFloats()[i / tensor.Shape[1]];
                floats[tensor.Name] = (tensor.Name, "F32", [.. tensor.Shape.Select(size => (int)size)], HandmadeFiles.Bytes(values));
            }
        }
        folder.Write("floats/config.json", TinyBert.Config());
        folder.Write("floats/model.safetensors", HandmadeFiles.Safetensors(floats.Values));

        Assert.Equal(Scores(Path.Combine(folder.Path, "floats")), Scores(folder.Output()));

        // and that folder is what converting back gives
        Converted(folder.Output(), Path.Combine(folder.Path, "back"), WeightFormat.F32);
        using Safetensors back = Safetensors.Open(Path.Combine(folder.Path, "back", "model.safetensors"));
        Assert.Equal(floats.Count, back.Tensors.Count);
        foreach ((string name, _, _, byte[] bytes) in floats.Values) Assert.Equal(bytes, HandmadeFiles.Bytes(back[name].ReadFloats()));
        Assert.DoesNotContain("quantization_config", File.ReadAllText(Path.Combine(folder.Path, "back", "config.json")), StringComparison.Ordinal);
        Assert.Equal(Scores(folder.Output()), Scores(Path.Combine(folder.Path, "back")));
    }

    [Fact]
    public void Int8_TreatsADecoderThatIsStoredAgainAsItsTable()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        bert.Tensors["cls.predictions.decoder.weight"] = bert.Tensors["bert.embeddings.word_embeddings.weight"];
        bert.Write(folder);
        Converted(folder.Model(), folder.Output(), WeightFormat.Int8);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Output());
        LoadReport report = CheckpointTests.Report(checkpoint, ModelTask.MaskedLm);
        report.ThrowIfFaulty();
        Assert.DoesNotContain(report.Read, read => read.Request.Name == "cls.predictions.decoder.weight"); // still tied
        Assert.Equal(TensorType.I8, checkpoint.Weights.Tensors["cls.predictions.decoder.weight"].Type);
    }

    [Theory]
    [InlineData(WeightFormat.F16, TensorType.F16, "float16")]
    [InlineData(WeightFormat.BF16, TensorType.BF16, "bfloat16")]
    [InlineData(WeightFormat.F32, TensorType.F32, "float32")]
    public void Floats_AreRoundedToNearestEvenAndTheConfigurationSaysSo(WeightFormat format, TensorType type, string name)
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        float[] values = bert.Tensors["bert.embeddings.LayerNorm.weight"].Values;
        (float bf16Half, float f16Half) = (MathF.ScaleB(1, -8), MathF.ScaleB(1, -11)); // half of a step at 1
        new float[] { 1 + bf16Half, 1 + 3 * bf16Half, 1 + f16Half, 1 + 3 * f16Half, float.NaN, float.NegativeInfinity, 1e-8f, -0f }.CopyTo(values, 0);
        bert.Write(folder, config: TinyBert.Config(",\n  \"torch_dtype\": \"float64\""));
        Converted(folder.Model(), folder.Output(), format);
        using Safetensors file = Safetensors.Open(Path.Combine(folder.Output(), "model.safetensors"));
        Assert.All(file.Tensors.Values, tensor => Assert.Equal(type, tensor.Type));
        float[] expected = format switch
        {
            WeightFormat.BF16 => [1, 1 + 4 * bf16Half, 1, 1, float.NaN, float.NegativeInfinity, BitConverter.UInt32BitsToSingle(0x322C0000), -0f],
            WeightFormat.F16 => [values[0], values[1], 1, 1 + 4 * f16Half, float.NaN, float.NegativeInfinity, 0, -0f],
            _ => values,
        };
        Assert.Equal(expected, file["bert.embeddings.LayerNorm.weight"].ReadFloats());
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder.Output(), "config.json")));
        Assert.Equal(name, config.RootElement.GetProperty("torch_dtype").GetString());
        Assert.Equal(11, config.RootElement.GetProperty("vocab_size").GetInt32());
    }

    [Fact]
    public void Convert_GivesTheSameBytesAgain()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        folder.Write("model/README.md", "# A model");
        Converted(folder.Model(), folder.Output(), WeightFormat.Int8);
        Converted(folder.Model(), Path.Combine(folder.Path, "again"), WeightFormat.Int8);
        foreach (string file in Directory.GetFiles(folder.Output()))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder.Path, "again", Path.GetFileName(file))));
    }

    [Fact]
    public void Convert_CopiesEveryOtherFileAndTellsTheCard()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        string card = "---\nlicense: mit\n---\n# A model\r\nwith two kinds of line ends";
        folder.Write("model/README.md", card);
        folder.Write("model/vocab.txt", "[PAD]\r\n[UNK]\n");
        folder.Write("model/1_Pooling/config.json", "{}");
        folder.Write("model/2_Dense/model.safetensors", "of another module");
        folder.Write("model/pytorch_model.bin", "the same weights again");
        folder.Write("model/model.fp16.safetensors", "the same weights again");
        folder.Write("model/centroids.safetensors", "of somebody else");
        folder.Write("model/onnx/model.onnx", "the same weights again");
        folder.Write("model/.git/HEAD", "ref");

        ConversionResult result = Converted(folder.Model(), folder.Output(), WeightFormat.Int8);

        Assert.Equal(["model.fp16.safetensors", "onnx/model.onnx", "pytorch_model.bin"], result.LeftOut.Select(file => file.Replace('\\', '/')));
        IEnumerable<string> files = Directory.GetFiles(folder.Output(), "*", SearchOption.AllDirectories);
        Assert.Equal(["1_Pooling/config.json", "2_Dense/model.safetensors", "README.md", "centroids.safetensors", "config.json", "model.safetensors", "vocab.txt"],
            files.Select(file => Path.GetRelativePath(folder.Output(), file).Replace('\\', '/')).Order(StringComparer.Ordinal));
        foreach (string file in (string[])["vocab.txt", "1_Pooling/config.json", "2_Dense/model.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Model(), file)), File.ReadAllBytes(Path.Combine(folder.Output(), file)));
        string written = File.ReadAllText(Path.Combine(folder.Output(), "README.md"));
        Assert.StartsWith(card, written, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder.Model(), "model.safetensors")))), written,
            StringComparison.Ordinal);
        Assert.Contains($"Cloze {Conversion.Version}", written, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+(-[\w.]+)?$", Conversion.Version);
    }

    [Fact]
    public void Convert_MakesOneFileOfShards()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        folder.Write("model/config.json", TinyBert.Config());
        string[] names = [.. bert.Tensors.Keys];
        foreach (int shard in (int[])[0, 1])
            folder.Write($"model/{shard}.safetensors", HandmadeFiles.Safetensors(names.Where((_, i) => i % 2 == shard).Select(name =>
                (name, "F32", bert.Tensors[name].Shape, HandmadeFiles.Bytes(bert.Tensors[name].Values)))));
        folder.Write("model/model.safetensors.index.json",
            JsonSerializer.Serialize(new { weight_map = names.Index().ToDictionary(name => name.Item, name => $"{name.Index % 2}.safetensors") }));
        ConversionResult result = Converted(folder.Model(), folder.Output(), WeightFormat.F32);
        Assert.Empty(result.LeftOut);
        Assert.Equal(["README.md", "config.json", "model.safetensors"],
            Directory.GetFiles(folder.Output()).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using Safetensors file = Safetensors.Open(Path.Combine(folder.Output(), "model.safetensors"));
        Assert.All(bert.Tensors, tensor => Assert.Equal(tensor.Value.Values, file[tensor.Key].ReadFloats()));
    }

    [Fact]
    public void Convert_RefusesWhatAFormatCannotStore()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        bert.Tensors["bert.embeddings.word_embeddings.weight"].Values[3] = float.NaN;
        bert.Tensors["bert.embeddings.LayerNorm.bias"].Values[1] = 70000;
        bert.Write(folder);
        Assert.Contains("word_embeddings.weight holds NaN, which int8 cannot store", Refused(WeightFormat.Int8), StringComparison.Ordinal);
        Assert.Contains("LayerNorm.bias holds 70000 at element 1, which f16 cannot store", Refused(WeightFormat.F16), StringComparison.Ordinal);
        bert.Tensors["bert.embeddings.LayerNorm.bias"].Values[1] = float.MaxValue;
        bert.Write(folder);
        Assert.Contains("which bf16 cannot store", Refused(WeightFormat.BF16), StringComparison.Ordinal);
        Assert.Equal(["model"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName)); // nothing half-written

        string Refused(WeightFormat format) => Assert.Throws<CheckpointException>(() => Converted(folder.Model(), folder.Output(), format)).Message;
    }

    [Fact]
    public void Convert_TakesFilesForOthersThatOnlyBeginAsWeightsDo()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        foreach (string name in (string[])["model", "pytorch_model", "models.txt", "model.txt"]) folder.Write($"model/{name}", name);
        Assert.Empty(Converted(folder.Model(), folder.Output(), WeightFormat.F32).LeftOut);
        Assert.Equal("pytorch_model", File.ReadAllText(Path.Combine(folder.Output(), "pytorch_model")));
        Assert.Equal("models.txt", File.ReadAllText(Path.Combine(folder.Output(), "models.txt")));
    }

    [Fact]
    public void Convert_RefusesToConvertToItselfOrIntoItself()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        foreach (string output in (string[])[folder.Model(), folder.Model() + Path.DirectorySeparatorChar, Path.Combine(folder.Model(), "x"), folder.Path])
            Assert.Contains("lie in each other", Assert.Throws<IOException>(() => Converted(folder.Model(), output, WeightFormat.F32, force: true)).Message,
                StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("precious.txt")]
    [InlineData(".git/HEAD")]
    [InlineData("1_Pooling/results/table.csv")]
    public void Convert_RefusesToReplaceAFolderWithWhatNoCheckpointConsistsOf(string file)
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        Converted(folder.Model(), folder.Output(), WeightFormat.F16);
        string kept = folder.Write(Path.Combine("output", file), "precious");
        string message = Assert.Throws<IOException>(() => Converted(folder.Model(), folder.Output(), WeightFormat.F32, force: true)).Message;
        Assert.Contains("holds what no checkpoint consists of", message, StringComparison.Ordinal);
        Assert.Contains(file.Split('/')[^1], message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(kept));
    }

    [Fact]
    public void Convert_DoesNotEnterALinkInTheFolderToReplace()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        Converted(folder.Model(), folder.Output(), WeightFormat.F16);
        Directory.CreateSymbolicLink(Path.Combine(folder.Output(), "1_Pooling"), "..");
        string message = Assert.Throws<IOException>(() => Converted(folder.Model(), folder.Output(), WeightFormat.F32, force: true)).Message;
        Assert.Contains("holds what no checkpoint consists of (1_Pooling)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Convert_ReplacesWhatItWroteItself()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        folder.Write("model/notes.txt", "of the model");
        folder.Write("model/onnx/settings.ini", "of the model");
        folder.Write("model/1_Pooling/config.json", "{}");
        Converted(folder.Model(), folder.Output(), WeightFormat.F16);
        Converted(folder.Model(), folder.Output(), WeightFormat.F32, force: true);
        Assert.Equal("of the model", File.ReadAllText(Path.Combine(folder.Output(), "onnx", "settings.ini")));
    }

    [Fact]
    public void Convert_ReplacesACheckpointOnlyWhenForcedAndNothingElseEver()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        folder.Write("output/config.json", "{}");
        folder.Write("output/model.safetensors", "");
        folder.Write("output/vocab.txt", "old");
        Assert.Contains("exists; --force replaces it", Assert.Throws<IOException>(() => Converted(folder.Model(), folder.Output(), WeightFormat.F32)).Message,
            StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Path.Combine(folder.Output(), "vocab.txt")));
        Converted(folder.Model(), folder.Output(), WeightFormat.F32, force: true);
        Assert.False(File.Exists(Path.Combine(folder.Output(), "vocab.txt")));
        Assert.Equal(["model", "output"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        folder.Write("home/letter.txt", "dear");
        string home = Path.Combine(folder.Path, "home");
        Assert.Contains("holds other things than a checkpoint",
            Assert.Throws<IOException>(() => Converted(folder.Model(), home, WeightFormat.F32, force: true)).Message, StringComparison.Ordinal);
        string file = Path.Combine(home, "letter.txt");
        string other = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(folder.Output())!, "project")).FullName;
        File.WriteAllText(Path.Combine(other, "config.json"), "{}");
        File.WriteAllText(Path.Combine(other, "thesis.txt"), "precious");
        Assert.Contains("other things than a checkpoint",
            Assert.Throws<IOException>(() => Converted(folder.Model(), other, WeightFormat.F32, force: true)).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(other, "thesis.txt")));
        Assert.Contains("is a file", Assert.Throws<IOException>(() => Converted(folder.Model(), file, WeightFormat.F32, force: true)).Message,
            StringComparison.Ordinal);
        Assert.Equal("dear", File.ReadAllText(file));
    }

    /// <summary>int8 that is there already is copied, whatever made it; its scales are no tensors of their own.</summary>
    [Theory]
    [InlineData(WeightFormat.Int8)]
    [InlineData(null)]
    public void Convert_OfAnInt8FolderKeepsIt(WeightFormat? format)
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        bert.Write(folder);
        ConversionResult first = Converted(folder.Model(), folder.Output(), WeightFormat.Int8);
        string again = Path.Combine(folder.Path, "again");
        ConversionResult second = Conversion.Convert(folder.Output(), again, new() { Weights = format }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((bert.Tensors.Count, bert.Matrices.Count()), (first.Tensors, first.Quantized));
        Assert.Equal((first.Tensors, first.Quantized, first.Bytes), (second.Tensors, second.Quantized, second.Bytes));
        foreach (string name in (string[])["model.safetensors", "config.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Output(), name)), File.ReadAllBytes(Path.Combine(again, name)));
    }

    [Fact]
    public async Task Convert_CopiesNoPipeAndNoLinkThatLeavesTheFolder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "makes pipes and links");
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        string model = folder.Model();
        folder.Write("outside.txt", "outside");
        folder.Write("model/empty.txt", "");
        folder.Write("model/inside.txt", "inside");
        File.CreateSymbolicLink(Path.Combine(model, "good.txt"), "inside.txt");
        Converted(model, folder.Output(), WeightFormat.F16);
        Assert.Equal(("", "inside"), (File.ReadAllText(Path.Combine(folder.Output(), "empty.txt")), File.ReadAllText(Path.Combine(folder.Output(), "good.txt"))));

        string bad = Path.Combine(model, "bad.txt"), other = folder.Output() + "2";
        File.CreateSymbolicLink(bad, "../outside.txt");
        Assert.Contains("bad.txt is a link that leaves the folder", Assert.Throws<CheckpointException>(() => Converted(model, other, WeightFormat.F16)).Message, StringComparison.Ordinal);
        File.Delete(bad);
        File.CreateSymbolicLink(bad, "/dev/zero");
        Assert.Throws<CheckpointException>(() => Converted(model, other, WeightFormat.F16));
        File.Delete(bad);
        await Command.RunAsync("/usr/bin/mkfifo", ["bad.txt"], model);
        Assert.Contains("bad.txt is a pipe or a device", Assert.Throws<CheckpointException>(() => Converted(model, other, WeightFormat.F16)).Message, StringComparison.Ordinal);
        Assert.Equal(["model", "output", "outside.txt"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Convert_LeavesNothingWhenItIsInterrupted()
    {
        using TemporaryFolder folder = new();
        new TinyBert().Write(folder);
        using CancellationTokenSource cancellation = new();
        Assert.Throws<OperationCanceledException>(() =>
            Conversion.Convert(folder.Model(), folder.Output(), new() { Weights = WeightFormat.F32 }, progress: share => { if (share > 0.5) cancellation.Cancel(); },
                cancellation: cancellation.Token));
        Assert.Equal(["model"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Convert_RefusesAFolderThatIsNotWholeBeforeItWrites()
    {
        using TemporaryFolder folder = new();
        TinyBert bert = new();
        bert.Tensors.Remove("bert.embeddings.LayerNorm.bias");
        bert.Write(folder);
        Assert.Contains("bert.embeddings.LayerNorm.bias [8] is missing",
            Assert.Throws<CheckpointException>(() => Converted(folder.Model(), folder.Output(), WeightFormat.Int8)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Output()));
    }

    /// <summary>The committed model is what the command makes of the published one.</summary>
    [Fact]
    public void Int8_OfAllMiniLmIsTheCommittedModelByteForByte()
    {
        Shared.RequireOrSkip();
        string committed = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2"), original = Shared.Path("data", "models", "all-MiniLM-L6-v2");
        using TemporaryFolder folder = new();
        Converted(original, folder.Output(), WeightFormat.Int8);
        foreach (string file in Directory.GetFiles(folder.Output(), "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder.Output(), file);
            byte[] made = File.ReadAllBytes(file), kept = File.ReadAllBytes(Path.Combine(committed, name));
            if (name == "README.md") // what follows names a version
                Assert.StartsWith(File.ReadAllText(Path.Combine(original, name)), File.ReadAllText(Path.Combine(committed, name)), StringComparison.Ordinal);
            else Assert.True(made.AsSpan().SequenceEqual(kept), name);
        }
    }

    /// <summary>The committed model's numbers follow from its own bytes, without the original.</summary>
    [Fact]
    public void CommittedModel_IsInt8WithinItsRangeAndNamesItsSource()
    {
        string folder = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");
        using Safetensors file = Safetensors.Open(Path.Combine(folder, "model.safetensors"));
        FileTensor[] matrices = [.. file.Tensors.Values.Where(tensor => tensor.Type == TensorType.I8)];
        Assert.Equal(3 + 6 * 6 + 1, matrices.Length); // embeddings, layers, pooler
        foreach (FileTensor matrix in matrices)
        {
            int[] q = matrix.ReadIntegers();
            float[] scales = file[matrix.Name + "_scale"].ReadFloats();
            int columns = (int)matrix.Shape[1];
            for (int row = 0; row < matrix.Shape[0]; row++)
            {
                int most = q.AsSpan(row * columns, columns).ToArray().Max(Math.Abs);
                Assert.True(most == 127 || most == 0 && scales[row] == 1, $"{matrix.Name} row {row}: {most}, scale {scales[row]}");
            }
        }
        Assert.Contains("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", File.ReadAllText(Path.Combine(folder, "README.md")),
            StringComparison.Ordinal);
        Assert.Contains("Apache License", File.ReadAllText(Path.Combine(folder, "LICENSE")), StringComparison.Ordinal);
        Assert.Contains("Sentence Transformers authors", File.ReadAllText(Path.Combine(folder, "NOTICE")), StringComparison.Ordinal);
    }

    private static ConversionResult Converted(string model, string output, WeightFormat format, bool force = false) =>
        Conversion.Convert(model, output, new() { Weights = format, Force = force }, cancellation: TestContext.Current.CancellationToken);

    /// <summary>Bits of the scores of all words at all places of two sequences.</summary>
    private static int[] Scores(string folder)
    {
        using LoadedModel model = LoadedModel.Load(folder, ModelTask.MaskedLm);
        PackedTokens packed = model.Model.Pack(new(2, 4, [1, 2, 3, 4, 5, 6, 10, 0]) { Mask = [1, 1, 1, 1, 1, 1, 1, 0] });
        using CpuOps ops = model.NewCall();
        CpuTensor scores = ((IMaskedLm<CpuTensor>)model.Model.Head!).Forward(ops, packed.Batch, packed.Where(_ => true));
        return MemoryMarshal.Cast<float, int>(scores.ToArray()).ToArray();
    }
}

file static class Places
{
    extension(TemporaryFolder folder)
    {
        public string Model() => Path.Combine(folder.Path, "model");
        public string Output() => Path.Combine(folder.Path, "output");
    }
}
