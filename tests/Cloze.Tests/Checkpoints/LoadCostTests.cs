namespace Cloze.Tests.Checkpoints;

/// <summary>The built command stays within <see cref="LoadCost"/> on the files that ask for most.</summary>
public class LoadCostTests
{
    private const int Attempts = 3;   // a busy machine may slow one down, a slow reader slows all

    /// <param name="exitCode">1: the file is refused; 0: it is shown, in a folder with what does not fit.</param>
    [Theory]
    [InlineData("checkpoints/safetensors-hostile/quadratic-names.safetensors", 1)]
    [InlineData("checkpoints/safetensors-hostile/nested-100000-unclosed.safetensors", 1)]
    [InlineData("checkpoints/safetensors-hostile/shape-too-big.safetensors", 1)]
    [InlineData("checkpoints/safetensors-hostile/zero-size-huge-offset.safetensors", 1)]
    [InlineData("checkpoints/safetensors-hostile/length-big-endian.safetensors", 1)]
    [InlineData("quantized/bert-base-channel", 0)]
    [InlineData("quantized/refused-scale-shape", 0)]
    public async Task Inspect_TakesLittleTimeAndMemory(string name, int exitCode)
    {
        Shared.RequireOrSkip();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The high-water mark of a process is read from /proc.");
        string path = Shared.Path(["goldens", .. name.Split('/')]);
        string? excess = null;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            (int found, excess) = await LoadCost.OfCommandAsync("inspect", path, "--tensors", "--json");
            Assert.Equal(exitCode, found);
            if (excess is null) return;
        }
        Assert.Fail($"{name} {excess}");
    }
}
