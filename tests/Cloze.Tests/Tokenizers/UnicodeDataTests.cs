using System.Globalization;
using System.Text.Json;
using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>The generated tables against the recorded behaviour of the reference, code point by code point.</summary>
public sealed class UnicodeDataTests
{
    [Fact]
    public void Tables_SayWhatTheReferenceDoesForEveryCodePoint()
    {
        Shared.RequireOrSkip();
        Span<char> buffer = stackalloc char[3];
        int rows = 0;
        foreach (string row in System.Text.Encoding.ASCII.GetString(TokenizerGoldens.ReadBytes(Shared.Path("data", "unicode", "code-points.tsv.gz"))).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] columns = row.Split('\t');
            int c = int.Parse(columns[0], CultureInfo.InvariantCulture);
            CodePointFlags flags = UnicodeData.Flags(c);
            string own = char.ConvertFromUtf32(c);
            string stripped = Mapped(columns[4], own), decomposed = Mapped(columns[8], own);
            if ((int)(flags & CodePointFlags.CleanMask) != int.Parse(columns[1], CultureInfo.InvariantCulture)
                || (flags & CodePointFlags.Chinese) != 0 != (columns[2] == "1")
                || (int)(flags & CodePointFlags.KindMask) >> 3 != int.Parse(columns[3], CultureInfo.InvariantCulture) - 1
                || (flags & CodePointFlags.Decomposes) != 0 != (decomposed != own)
                || (flags & CodePointFlags.Decomposes) == 0 && (flags & CodePointFlags.NonspacingMark) != 0 != (stripped.Length == 0)
                || (flags & CodePointFlags.Decomposes) != 0 && UnicodeData.Decompose(c, buffer).ToString() != decomposed
                || Lower(c) != Mapped(columns[5], own)
                || UnicodeData.IsMark(c) != (columns[6] == "1")
                || (UnicodeData.DecomposeCompatibly(c) is { IsEmpty: false } compatible ? compatible.ToString() : decomposed) != Mapped(columns[7], own))
                Assert.Fail($"U+{c:X4}: flags {flags}, lower case {Lower(c)}; recorded: {row}");
            rows++;
        }
        Assert.Equal(1_112_064, rows);
    }

    [Fact]
    public void Ranges_AreTheRecordedClasses()
    {
        Shared.RequireOrSkip();
        JsonElement recorded = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("goldens", "tokenizers", "unicode", "classes.json"))).RootElement;
        foreach (string name in (string[])["L", "Lu", "Ll", "Lt", "Lm", "Lo", "N", "P", "S", "M", "Han"])
            Assert.Equal(Ranges(recorded.GetProperty("ranges").GetProperty($@"regex \p{{{name}}}")), CodePointRanges.OfExpressionClass(name));
        foreach (string name in (string[])["s", "w", "d"])
            Assert.Equal(Ranges(recorded.GetProperty("ranges").GetProperty($@"regex \{name}")), CodePointRanges.OfExpressionClass(name));
        Assert.Equal(Ranges(recorded.GetProperty("ranges").GetProperty("Digits")), CodePointRanges.Unpack(UnicodeTables.Numeric));
        Assert.Null(CodePointRanges.OfExpressionClass("Sc"));

        JsonElement scripts = recorded.GetProperty("UnicodeScripts");
        Assert.Equal(
            scripts.EnumerateObject().Skip(1).Select(group => Ranges(group.Value)), // the first is no script: it never splits
            CodePointRanges.Scripts().GroupBy(found => found.Script).OrderBy(group => group.Key).Select(group => group.Select(found => found.Range).ToArray()));
    }

    private static CodePointRange[] Ranges(JsonElement texts) => [.. texts.EnumerateArray().Select(text => text.GetString()!.Split('-')).Select(ends => new CodePointRange(Hex(ends[0]), Hex(ends[^1])))];

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Lower(int c)
    {
        string lower = char.ConvertFromUtf32(UnicodeData.ToLower(c, out int extra));
        return extra == 0 ? lower : lower + char.ConvertFromUtf32(extra);
    }

    private static string Mapped(string column, string own) => column switch
    {
        "" => own,
        "-" => "",
        _ => string.Concat(column.Split(' ').Select(hex => char.ConvertFromUtf32(int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))),
    };
}
