using System.Text.Json;
using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Pipelines;
using Cloze.Tests.Cli;
using Cloze.Tests.Models;
namespace Cloze.Tests.Pipelines;

/// <summary>Against whole calls of the reference's pipeline (goldens/pipelines).</summary>
public class FillMaskTests
{
    private static string Model => Shared.Path("goldens", "pipelines", "checkpoints", "bert-mlm");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Fill_MatchesTheRecordedCalls()
    {
        Shared.RequireOrSkip();
        using FillMask filler = FillMask.Load(Model);
        int compared = 0;
        foreach (string line in File.ReadLines(Shared.Path("goldens", "pipelines", "fill-mask.jsonl")))
        {
            JsonElement call = JsonDocument.Parse(line).RootElement, options = call.GetProperty("options"), input = call.GetProperty("input"),
                output = call.GetProperty("output");
            if (call.GetProperty("checkpoint").GetString() != "checkpoints/bert-mlm" || input.ValueKind != JsonValueKind.String) continue;
            if (options.TryGetProperty("targets", out _) || options.TryGetProperty("tokenizer_kwargs", out _)) continue;
            int top = options.TryGetProperty("top_k", out JsonElement asked) ? asked.GetInt32() : 5;
            IReadOnlyList<MaskFill>[] gaps = filler.Fill(input.GetString()!, top, cancellation: Cancellation);
            JsonElement[] expected = gaps.Length == 1 ? [output] : [.. output.EnumerateArray()];
            Assert.Equal(expected.Length, gaps.Length);
            for (int gap = 0; gap < gaps.Length; gap++)
            {
                foreach ((JsonElement want, MaskFill got) in expected[gap].EnumerateArray().Zip(gaps[gap]))
                {
                    Assert.Equal(want.GetProperty("token").GetInt32(), got.Id);
                    Assert.Equal(want.GetProperty("token_str").GetString(), got.Token);
                    Assert.Equal(want.GetProperty("sequence").GetString(), got.Sequence);
                    Assert.Equal(want.GetProperty("score").GetSingle(), got.Score, 1e-5f);
                }
                Assert.Equal(top, gaps[gap].Count);
            }
            compared++;
        }
        Assert.Equal(8, compared);
    }

    [Fact]
    public void Fill_RefusesWhatItCannotFill()
    {
        Shared.RequireOrSkip();
        using FillMask filler = FillMask.Load(Model);
        Assert.Contains("no [MASK]", Assert.Throws<ArgumentException>(() => filler.Fill("no gap", cancellation: Cancellation)).Message, StringComparison.Ordinal);
        Assert.Contains("the model reads", Assert.Throws<ArgumentException>(() => filler.Fill("[MASK] " + string.Concat(Enumerable.Repeat("word ",
            2000)), cancellation: Cancellation)).Message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => filler.Fill("a [MASK]", cancellation: new(canceled: true)));
        filler.Dispose();
        Assert.Throws<ObjectDisposedException>(() => filler.Fill("a [MASK]", cancellation: Cancellation));
    }

    [Fact]
    public void Load_RefusesAModelWithoutAMaskedLmHead() =>
        Assert.Contains("cls.predictions", Assert.Throws<CheckpointException>(() => FillMask.Load(Path.Combine(Shared.Repository, "models",
            "all-MiniLM-L6-v2"))).Message, StringComparison.Ordinal);

    /// <summary>A position table limits the length, and the message names the limit; what a model was trained with does not.</summary>
    [Theory]
    [InlineData("deberta-original", "emd-v3-generator", 32)]
    [InlineData("bert", "mlm", 40)]
    [InlineData("mosaicbert", "mlm-long-beyond-alibi-size", null)]
    public void Fill_ReadsAsManyTokensAsThereArePositions(string family, string name, int? most)
    {
        string recorded = GoldenCases.Folder(family, name);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("cloze-gaps-");
        try
        {
            foreach (string file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(recorded, file), Path.Combine(folder.FullName, file));
            File.WriteAllText(Path.Combine(folder.FullName, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n");
            using FillMask filler = FillMask.Load(folder.FullName, threads: 1);
            int fits = most ?? 3000;
            Assert.Single(filler.Fill(Text(fits), cancellation: Cancellation));
            if (most is null) return;
            Assert.Contains($"The text has {fits + 1} tokens; the model reads {fits}, for which it has positions. Give less text", Assert.Throws<ArgumentException>(() =>
                filler.Fill(Text(fits + 1), cancellation: Cancellation)).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        // with the first and the last, which the tokenizer adds
        static string Text(int tokens) => "[MASK]" + string.Concat(Enumerable.Repeat(" a", tokens - 3));
    }

    /// <summary>A class of the reference has no mask decoder; a gap goes through it all the same, as in a folder that names no class.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("\"architectures\":[\"DebertaV2ForMaskedLM\"],\"legacy\":true,")]
    public async Task Fill_GoesThroughTheMaskDecoder_WhereTheFileHoldsIt_AndTheCommandSaysSo(string className)
    {
        string recorded = GoldenCases.Folder("deberta-original", "emd-v3-generator");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("cloze-gaps-");
        try
        {
            string config = await File.ReadAllTextAsync(Path.Combine(recorded, "config.json"), Cancellation);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "config.json"), $"{{{className}{config.TrimStart()[1..]}", Cancellation);
            File.Copy(Path.Combine(recorded, "model.safetensors"), Path.Combine(folder.FullName, "model.safetensors"));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n", Cancellation);
            using FillMask filler = FillMask.Load(folder.FullName, threads: 1);
            IReadOnlyList<MaskFill> fills = Assert.Single(filler.Fill("a [MASK] b c", top: 4, cancellation: Cancellation));
            Assert.True(filler.UsesMaskDecoder);

            using LoadedModel original = LoadedModel.Load(recorded, ModelTask.MaskedLm, threads: 1);
            using CpuOps ops = original.NewCall();
            CpuTensor scores = ((IMaskedLm<CpuTensor>)original.Model.Head!).Forward(ops, original.Model.Pack(new(1, 6, [2, 5, 4, 6, 7, 3])).Batch,
                new(new([2]), new[] { 0, 1 }));
            int[] best = [.. scores.Row(0).ToArray().Index().OrderByDescending(score => score.Item).Take(4).Select(score => score.Index)];
            Assert.Equal(best, fills.Select(fill => fill.Id));

            ClozeProcess.Result said = await ClozeProcess.RunAsync("fill-mask", "--model", folder.FullName, "a [MASK] b c");
            Assert.Contains("enhanced mask decoder", said.Succeeded().Error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Command_WritesAWordALine()
    {
        Shared.RequireOrSkip();
        JsonElement[] lines = (await ClozeProcess.RunAsync("fill-mask", "--model", Model, "Paris is the [MASK] of France.", "--top", "3")).Succeeded().Json;
        Assert.Equal(3, lines.Length);
        Assert.Equal(["mask", "score", "token", "token_str", "sequence"], lines[0].EnumerateObject().Select(property => property.Name));
        (await ClozeProcess.RunAsync("fill-mask", "--model", Model, "Paris")).Refused(1, "no [MASK]");
        (await ClozeProcess.RunAsync("fill-mask", "Paris is the [MASK].")).Refused(2, "--model");
        (await ClozeProcess.RunAsync("fill-mask", "--model", Model, "[MASK]", "--top", "0")).Refused(2, "--top");
    }
}
