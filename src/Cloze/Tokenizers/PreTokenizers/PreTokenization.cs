namespace Cloze.Tokenizers;

/// <summary>All steps from normalized text to pre-tokens, nested sequences laid flat. Immutable, shared between threads.</summary>
internal sealed class PreTokenization(IReadOnlyList<IPreTokenizerStep> steps)
{
    private readonly IPreTokenizerStep[] _steps = [.. steps];

    /// <summary>The first step that cuts allows it, and those before it; what follows sees one pre-token at a time.</summary>
    public bool IsLocalAtSpaces
    {
        get
        {
            foreach (IPreTokenizerStep step in _steps)
            {
                if (!step.IsLocalAtSpaces) return false;
                if (step is IPreTokenizer) return true;
            }
            return false;
        }
    }

    /// <summary>The text as the last rewriting step left it; its pre-tokens are in <see cref="Workspace.Splits"/>.</summary>
    public AlignedText Run(AlignedText text, Workspace work)
    {
        SplitList splits = work.Splits;
        splits.Clear();
        if (text.Chars.IsEmpty) return text;
        bool isWhole = true; // one pre-token, which is all of the text
        foreach (IPreTokenizerStep step in _steps)
        {
            if (step is IPreTokenizer cutter)
            {
                if (isWhole) cutter.Split(text.Chars, splits);
                else Split(cutter, text.Chars, splits);
                isWhole = false;
                continue;
            }
            if (isWhole) splits.Add(0, text.Chars.Length);
            isWhole = false;
            if (((ITextRewriter)step).Rewrite(text, splits, work.Spare)) text = work.TakeSpare();
        }
        if (isWhole) splits.Add(0, text.Chars.Length);
        return text;
    }

    private static void Split(IPreTokenizer cutter, ReadOnlySpan<char> text, SplitList splits)
    {
        foreach (Split split in splits.Take())
        {
            int first = splits.Count;
            cutter.Split(text[split.Start..split.End], splits);
            splits.Move(first, split.Start);
        }
    }
}
