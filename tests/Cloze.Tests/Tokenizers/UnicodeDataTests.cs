using System.Globalization;
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
                || Lower(c) != Mapped(columns[5], own))
                Assert.Fail($"U+{c:X4}: flags {flags}, lower case {Lower(c)}; recorded: {row}");
            rows++;
        }
        Assert.Equal(1_112_064, rows);
    }

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
