namespace Cloze.Tokenizers;

/// <summary>Puts a text in the place of every match of a pattern; it has the span of the last character removed.</summary>
/// <remarks>tokenizers normalizers/replace.rs. The content is literal: no references to groups.</remarks>
internal sealed class Replace(ITextPattern pattern, string content) : INormalizer
{
    public bool IsLocalAtSpaces => false;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        if (source.Chars.IsEmpty) return false; // where the reference looks for nothing, not even for the empty text
        SplitList matches = target.Matches;
        matches.Clear();
        pattern.FindAll(source.Chars, matches);
        if (matches.Count == 0) return false;
        AlignedEdit edit = new(source, target);
        foreach (Split match in matches.Items)
        {
            edit.Copy(match.Start);
            edit.SkipTo(match.End);
            edit.Insert(content);
        }
        edit.Copy(source.Chars.Length);
        return true;
    }
}

/// <summary>Two or more spaces: the expression <c> {2,}</c> of all that transformers makes of SentencePiece files, without the machinery of expressions.</summary>
internal sealed class SpacesPattern : ITextPattern
{
    public const string Expression = " {2,}";

    public bool IsLocalAtSpaces => false; // a single space is in no match

    public void FindAll(ReadOnlySpan<char> text, SplitList matches)
    {
        for (int at = 0; text[at..].IndexOf("  ") is >= 0 and int skip;)
        {
            int start = at + skip;
            at = start + 2;
            while (at < text.Length && text[at] == ' ') at++;
            matches.Add(start, at);
        }
    }
}
