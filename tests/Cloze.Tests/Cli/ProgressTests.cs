using Cloze.Cli.Output;
namespace Cloze.Tests.Cli;

public class ProgressTests
{
    [Fact]
    public void Line_ShowsRateAndRemainingTime() =>
        Assert.Equal("[############            ]  50 %  1200 texts  600 texts/s  0:02 left", Progress.Line(1200, 0.5, TimeSpan.FromSeconds(2), "texts"));

    [Fact]
    public void Line_WithoutAnEndShowsTheRate() => Assert.Equal("90 pieces  45 pieces/s", Progress.Line(90, null, TimeSpan.FromSeconds(2), "pieces"));

    [Fact]
    public void Line_MinutesAreCountedOn() => Assert.EndsWith("99:00 left", Progress.Line(1, 0.01, TimeSpan.FromMinutes(1), "texts"), StringComparison.Ordinal);

    [Theory]
    [InlineData("plain", 10, "plain")]
    [InlineData("plain", 4, "pla…")]
    [InlineData("猫坐在", 5, "猫坐…")]
    [InlineData("a\tb\u001b[1m", 10, "a b [1m")]
    public void Cut_CountsCellsOfTheScreen(string text, int width, string shown) => Assert.Equal(shown, TerminalText.Cut(text, width));

    [Fact]
    public void Table_PutsNumbersToTheRightAndCutsTheLastColumn()
    {
        TextTable table = new("n", "text");
        table.Add("1", "short");
        table.Add("10", "a text that is longer than the screen");
        using StringWriter screen = new() { NewLine = "\n" };
        table.Write(screen, screenWidth: 20);
        Assert.Equal(" n  text\n 1  short\n10  a text that is…\n", screen.ToString());
    }
}
