namespace Cloze.Tokenizers;

/// <summary>Cuts before every ▁ (or what stands for it).</summary>
/// <remarks>tokenizers pre_tokenizers/metaspace.rs, MergedWithNext.</remarks>
internal sealed class MetaspacePreTokenizer(char replacement) : IPreTokenizer
{
    public bool IsLocalAtSpaces => true; // spaces have become replacements

    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        for (int start = 0; start < text.Length;)
        {
            int next = text[(start + 1)..].IndexOf(replacement);
            int end = next < 0 ? text.Length : start + 1 + next;
            splits.Add(start, end);
            start = end;
        }
    }
}

/// <summary>White space separates and is dropped.</summary>
/// <remarks>tokenizers pre_tokenizers/whitespace.rs.</remarks>
internal sealed class WhitespaceSplitPreTokenizer : IPreTokenizer
{
    public bool IsLocalAtSpaces => true;

    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++) // white space lies in the Basic Multilingual Plane
        {
            if (!UnicodeData.IsWhiteSpace(text[i])) continue;
            if (i > start) splits.Add(start, i);
            start = i + 1;
        }
        if (start < text.Length) splits.Add(start, text.Length);
    }
}

/// <summary>Pre-tokens of so many code points; the last may be shorter.</summary>
/// <remarks>tokenizers pre_tokenizers/fixed_length.rs.</remarks>
internal sealed class FixedLengthPreTokenizer(int length) : IPreTokenizer
{
    public bool IsLocalAtSpaces => false;

    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        for (int i = 0; i < text.Length;)
        {
            int start = i;
            for (int count = 0; count < length && i < text.Length; count++) UnicodeData.Next(text, ref i);
            splits.Add(start, i);
        }
    }
}

/// <summary>Cuts where the script changes; what has none, or is of any, never cuts. Kana count as Han.</summary>
/// <remarks>tokenizers pre_tokenizers/unicode_scripts, Unicode 9.0. What stands before the first character that has a script is dropped, as in the reference.</remarks>
internal sealed class UnicodeScriptsPreTokenizer : IPreTokenizer
{
    private readonly (CodePointRange Range, byte Script)[] _scripts = CodePointRanges.Scripts();

    public bool IsLocalAtSpaces => false;

    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        int last = 0, start = -1;
        for (int i = 0; i < text.Length;)
        {
            int at = i;
            int script = ScriptOf(UnicodeData.Next(text, ref i));
            if (script == 0 || script == last) continue;
            if (start >= 0) splits.Add(start, at);
            (start, last) = (at, script);
        }
        if (start >= 0) splits.Add(start, text.Length);
    }

    /// <summary>0: any.</summary>
    private int ScriptOf(int codePoint)
    {
        int low = 0, high = _scripts.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            CodePointRange range = _scripts[middle].Range;
            if (codePoint < range.First) high = middle - 1;
            else if (codePoint > range.Last) low = middle + 1;
            else return _scripts[middle].Script;
        }
        return 0;
    }
}
