using System.Globalization;
using Cloze.Cpu;
namespace Cloze.Tests.Cpu;

/// <summary>What the system sees of blocks.</summary>
[Collection(nameof(AloneTests))]
public class BlockTests
{
    [Fact]
    public void AFreedBlockOfPages_IsNoLongerResident()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The resident size of this process is read from /proc.");
        const int Count = 24, Floats = 700_000;
        List<Block> blocks = [];
        long before = Resident();
        for (int i = 0; i < Count; i++)
        {
            blocks.Add(new(Floats + 10_000 * i));
            unsafe
            {
                new Span<float>(blocks[i].Data, Floats).Fill(1);
            }
        }
        long most = Resident();
        for (int i = 0; i < Count; i += 2) blocks[i].Dispose();   // holes between those that stay
        long half = Resident();
        foreach (Block block in blocks) block.Dispose();
        long all = (long)Count * Floats * sizeof(float);
        Assert.True(most - before > 0.8 * all, $"{most - before} of {all}");
        Assert.True(most - half > 0.4 * all, $"{most - half} of {all / 2}");

        static long Resident() => long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
            .Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024;
    }
}
