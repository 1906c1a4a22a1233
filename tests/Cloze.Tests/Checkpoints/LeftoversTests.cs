using Cloze.Checkpoints;
using Cloze.Tests.Repository;
namespace Cloze.Tests.Checkpoints;

/// <summary>What killed processes have left is removed by the next one that writes there; what is being written is not.</summary>
public class LeftoversTests
{
    [Fact]
    public void AtomicFile_RemovesWhatNobodyWritesAnyMore()
    {
        using TemporaryFolder folder = new();
        string target = Path.Combine(folder.Path, "x.npy");
        foreach (string name in (string[])[".x.npy.abc.tmp", ".x.npy.abc.old", ".x.abc.tmp", ".x.npy.more.abc.tmp", "x.npy.tmp"]) folder.Write(name, "left");
        AtomicFile.Write(target, outer =>
        {
            AtomicFile.Write(target, inner => inner.WriteByte(1)); // while another one writes the same
            outer.WriteByte(2);
        });
        Assert.Equal([2], File.ReadAllBytes(target));
        Assert.Equal([".x.abc.tmp", ".x.npy.abc.old", ".x.npy.more.abc.tmp", "x.npy", "x.npy.tmp"], Names(folder));
    }

    [Fact]
    public void OutputFolder_RemovesWhatNobodyWritesAnyMore()
    {
        using TemporaryFolder folder = new();
        string target = Path.Combine(folder.Path, "out");
        folder.Write(".out.dead.lock", "");
        folder.Write(".out.dead.tmp/config.json", "{}");
        folder.Write(".out.other.tmp/config.json", "{}"); // no lock: not ours
        using (OutputFolder first = OutputFolder.Create(target, force: false))
        {
            first.Write("a", stream => stream.WriteByte(1));
            using (OutputFolder second = OutputFolder.Create(target, force: false)) second.Write("b", stream => stream.WriteByte(2)); // not committed
            first.Commit();
        }
        Assert.Equal([".out.other.tmp", "out"], Names(folder));
        Assert.Equal([1], File.ReadAllBytes(Path.Combine(target, "a")));
    }

    /// <summary>Killed between the two renames of a replacement, and after them.</summary>
    [Fact]
    public void OutputFolder_GivesAFolderThatWasNotReplacedItsNameBack()
    {
        using TemporaryFolder folder = new();
        string target = Path.Combine(folder.Path, "out");
        folder.Write(".out.dead.lock", "");
        folder.Write(".out.dead.tmp/config.json", "{}");
        folder.Write(".out.dead.old/config.json", "{ }");
        Assert.Throws<IOException>(() => OutputFolder.Create(target, force: false));
        Assert.Equal(["out"], Names(folder));
        Assert.Equal("{ }", File.ReadAllText(Path.Combine(target, "config.json")));

        folder.Write(".out.late.lock", "");
        folder.Write(".out.late.old/config.json", "{  }");
        Assert.Throws<IOException>(() => OutputFolder.Create(target, force: false));
        Assert.Equal(["out"], Names(folder));
        Assert.Equal("{ }", File.ReadAllText(Path.Combine(target, "config.json")));
    }

    [Fact]
    public void AnOutputWithoutAName_IsRefused()
    {
        Assert.Contains("empty", Assert.Throws<IOException>(() => AtomicFile.Write("", _ => { })).Message, StringComparison.Ordinal);
        Assert.Contains("empty", Assert.Throws<IOException>(() => OutputFolder.Create("", force: false)).Message, StringComparison.Ordinal);
    }

    private static string?[] Names(TemporaryFolder folder) =>
        [.. Directory.GetFileSystemEntries(folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
