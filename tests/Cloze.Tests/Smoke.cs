namespace Cloze.Tests;

public class Smoke
{
    [Fact]
    public void Runs() => Assert.NotNull(typeof(Cloze.Ops.Rows));
}
