using System.Text;
using System.Text.Json;
using CsCheck;
namespace Cloze.Tests.Checkpoints;

/// <summary>What is wrong with JSON is said in words of our own: where, what stands there, what could.</summary>
public class JsonFaultTests
{
    [Theory]
    [InlineData("", "is empty; JSON is needed")]
    [InlineData(" \n", "holds white space only; JSON is needed")]
    [InlineData("{", "is not valid JSON: it ends at line 1, column 2; a name in quotation marks or '}' is needed")]
    [InlineData("{\n \"a\": }", "is not valid JSON: line 2, column 7 holds '}'; a value is needed")]
    [InlineData("{\"ä𝄞\": }", "is not valid JSON: line 1, column 8 holds '}'; a value is needed")]
    [InlineData("{\"a\":NaN}", "is not valid JSON: line 1, column 6 holds 'NaN'; a value is needed")]
    [InlineData("{\"a\":-Infinity}", "is not valid JSON: line 1, column 7 holds 'Infinity'; a digit is needed")]
    [InlineData("{\"a\":01}", "is not valid JSON: line 1, column 7 holds '1'; ',' or '}' is needed")]
    [InlineData("{\"a\":1.}", "is not valid JSON: line 1, column 8 holds '}'; a digit is needed")]
    [InlineData("{\"a\":1,}", "is not valid JSON: line 1, column 8 holds '}'; a name in quotation marks is needed")]
    [InlineData("[1,]", "is not valid JSON: line 1, column 4 holds ']'; a value is needed")]
    [InlineData("[1 2]", "is not valid JSON: line 1, column 4 holds '2'; ',' or ']' is needed")]
    [InlineData("{a:1}", "is not valid JSON: line 1, column 2 holds 'a'; a name in quotation marks or '}' is needed")]
    [InlineData("{\"a\" 1}", "is not valid JSON: line 1, column 6 holds '1'; ':' is needed")]
    [InlineData("{} {}", "is not valid JSON: line 1, column 4 holds '{'; the end is needed")]
    [InlineData("[\"a\tb\"]", "is not valid JSON: line 1, column 4 holds '\\u0009'; an escape (\\n, \\t, \\u0000 …) in its place is needed")]
    [InlineData("[\"\\x\"]", "is not valid JSON: line 1, column 4 holds 'x'; one of \" \\ / b f n r t u after a \\ is needed")]
    [InlineData("[\"a]", "is not valid JSON: it ends at line 1, column 5; a quotation mark that ends the text is needed")]
    [InlineData("// x\n{}", "is not valid JSON: line 1, column 1 holds '/'; a value is needed")]
    [InlineData("[\"\\ud800\"]", "holds a text with half of a surrogate pair (\\ud800 … \\udfff)")]
    public void Of_SaysWhereWhatStandsAndWhatCould(string text, string expected) => Assert.Equal(expected, JsonFault.Of(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Of_NamesOtherEncodings()
    {
        Assert.Equal("is UTF-16; JSON in UTF-8 is needed", JsonFault.Of([.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("{}")]));
        Assert.Equal("is not valid UTF-8 at line 1, column 2", JsonFault.Of([(byte)'"', 0xFF, (byte)'"']));
        Assert.Equal("is not valid UTF-8 at line 2, column 4", JsonFault.Of([(byte)'{', (byte)'\n', .. "äöü"u8, 0xC3, (byte)'"']));
        Assert.Equal("holds lists and objects within one another more than 64 deep at line 1, column 65; at most 64 are read",
            JsonFault.Of(Encoding.ASCII.GetBytes(new string('[', 70))));
    }

    /// <summary>It finds a fault where the framework's reader does, and none where it does not.</summary>
    [Fact]
    public void Of_AgreesWithTheReader() => Gen.Char["{}[]:,\"\\u0019.eE+-tfn ab\n"].Array[0, 12].Sample(letters =>
    {
        byte[] text = Encoding.ASCII.GetBytes($"[{new string(letters)}]");
        Assert.Equal(Reads(text), JsonFault.Of(text).StartsWith("holds a text with half", StringComparison.Ordinal));

        static bool Reads(byte[] text)
        {
            Utf8JsonReader reader = new(text);
            try
            {
                while (reader.Read()) { }
                return true;
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }, iter: 20_000);
}
