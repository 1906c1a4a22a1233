namespace Cloze.Tokenizers;

/// <summary>Runs of word characters and runs of what is neither word nor white space: <c>\w+|[^\w\s]+</c>.</summary>
/// <remarks>tokenizers pre_tokenizers/whitespace.rs. \w is that of Unicode 16.0, with U+200C and U+200D, without ² ³ ¹ ¼ ½ ¾.</remarks>
internal sealed class WhitespacePreTokenizer : IPreTokenizer
{
    private enum Kind { Space, Word, Other }

    public bool IsLocalAtSpaces => true;

    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        int start = 0;
        Kind kind = Kind.Space;
        for (int i = 0; i < text.Length;)
        {
            int at = i;
            Kind next = KindOf(UnicodeData.Next(text, ref i));
            if (next == kind) continue;
            if (kind != Kind.Space) splits.Add(start, at);
            (start, kind) = (at, next);
        }
        if (kind != Kind.Space) splits.Add(start, text.Length);
    }

    private static Kind KindOf(int codePoint) => UnicodeData.IsWord(codePoint) ? Kind.Word : UnicodeData.IsWhiteSpace(codePoint) ? Kind.Space : Kind.Other;
}
