using System.Diagnostics;
using Cloze.Tests.Repository;
using Cloze.Tokenizers;
namespace Cloze.Tests.Tokenizers;

/// <summary>What stands under the name of a tokenizer's file, and is none.</summary>
public sealed class TokenizerBytesTests
{
    [Fact]
    public void Load_SaysThatALinkLeadsNowhere()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "tokenizer.json"), nowhere = Path.Combine(folder.Path, "nowhere");
        File.CreateSymbolicLink(path, nowhere);
        Assert.Equal($"{path} is a link to {nowhere}, which does not exist. Put the file itself there.", Refusal(folder.Path));
    }

    [Fact]
    public void Load_SaysThatLinksLeadInACircle()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "tokenizer.json");
        File.CreateSymbolicLink(path, path);
        Assert.Equal($"{path} is a link of a circle of links. Put the file itself there.", Refusal(folder.Path));
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.txt")]
    public void Load_SaysThatThereIsAPipe(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs pipes with names in folders");
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, name);
        using (Process made = Process.Start("mkfifo", [path])!) made.WaitForExit();
        Assert.Equal($"{path} is a pipe or a device, no regular file. Put a file there.", Refusal(folder.Path));
    }

    [Fact]
    public void Load_SaysThatJsonIsNestedTooDeep()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("tokenizer.json", $"{{\"version\":{new string('[', 5000)}{new string(']', 5000)}}}");
        Assert.Equal($"{path} holds lists and objects within one another more than 64 deep at line 1, column 75; at most 64 are read. "
            + "No tokenizer needs that; fetch the file again.", Refusal(folder.Path));
    }

    private static string Refusal(string folder) => Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder)).Message;
}
