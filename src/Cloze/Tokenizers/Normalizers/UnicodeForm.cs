namespace Cloze.Tokenizers;

/// <summary>NFC, NFD, NFKC or NFKD of Unicode 9.0.</summary>
/// <remarks>
/// Unicode Standard annex 15 and the crate unicode-normalization-alignments. Marks newer than 9.0 are starters there: they are not reordered, and they block
/// reordering and composition.
/// </remarks>
/// <param name="isCompatible">NFKC or NFKD.</param>
/// <param name="isComposed">NFC or NFKC.</param>
internal sealed class UnicodeForm(bool isCompatible, bool isComposed) : INormalizer
{
    public bool IsLocalAtSpaces => true;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        int unsettled = Unsettled(text, 0);
        if (unsettled == text.Length) return false;
        UnicodeComposer composer = new(new(source, target), target.Marks, isComposed);
        for (int i = 0; ; unsettled = Unsettled(text, i))
        {
            if (unsettled > i)
            {
                // what comes last may be composed anew, in parts, with what comes behind it
                bool isLastOpen = isComposed && unsettled < text.Length;
                i = isLastOpen ? unsettled - (char.IsLowSurrogate(text[unsettled - 1]) ? 2 : 1) : unsettled;
                composer.Copy(i);
                if (isLastOpen) Decompose(UnicodeData.Next(text, ref i), ref composer);
            }
            if (i == text.Length) break;
            Decompose(UnicodeData.Next(text, ref i), ref composer);
        }
        composer.Flush();
        return true;
    }

    /// <summary>The next character that the form changes, orders or composes with what comes before; the end of the text: there is none.</summary>
    private int Unsettled(ReadOnlySpan<char> text, int from)
    {
        while (from < text.Length)
        {
            int skip = text[from..].IndexOfAnyExceptInRange('\0', '\x7F');
            if (skip < 0) break;
            from += skip;
            int at = from;
            int c = UnicodeData.Next(text, ref from);
            bool isUnsettled = isComposed ? UnicodeData.IsUnsettledInNfc(c) : (UnicodeData.Flags(c) & (CodePointFlags.Decomposes | CodePointFlags.Combines)) != 0;
            if (isUnsettled || isCompatible && !UnicodeData.DecomposeCompatibly(c).IsEmpty) return at;
        }
        return text.Length;
    }

    private void Decompose(int codePoint, ref UnicodeComposer composer)
    {
        Span<char> buffer = stackalloc char[3];
        scoped ReadOnlySpan<char> parts = isCompatible ? UnicodeData.DecomposeCompatibly(codePoint) : default;
        if (parts.IsEmpty && (UnicodeData.Flags(codePoint) & CodePointFlags.Decomposes) != 0) parts = UnicodeData.Decompose(codePoint, buffer);
        if (parts.IsEmpty) composer.Add(codePoint, change: 0);
        for (int i = 0, change = 0; i < parts.Length; change = 1) composer.Add(UnicodeData.Next(parts, ref i), change);
    }
}

/// <summary>Takes decomposed characters, puts marks in canonical order, and composes where that is asked for.</summary>
/// <remarks>
/// The crate's decompose.rs and recompose.rs. A decomposition's first character has change 0 (it stands for the old one), the others 1 (insertions); a composite's
/// change is the sum of its parts' less one for each part that it took in, so it stands for all that they stood for.
/// </remarks>
internal ref struct UnicodeComposer(AlignedEdit edit, PendingMarks marks, bool isComposed)
{
    private AlignedEdit _edit = edit;
    private int _starter = -1; // waits for what it may be composed with; −1: none does
    private int _change;

    public void Add(int codePoint, int change)
    {
        if (UnicodeData.CombiningClass(codePoint) != 0)
        {
            marks.Add(codePoint, 0, isFirst: change == 0);
            return;
        }
        int left = ComposeMarks();
        if (left == 0 && _starter >= 0 && Composition.Of(_starter, codePoint) is >= 0 and int composite)
        {
            Take(composite, change);
            marks.Clear();
            return;
        }
        Flush(left);
        if (isComposed) (_starter, _change) = (codePoint, change);
        else _edit.Put(codePoint, change);
    }

    /// <summary>Copies characters up to <paramref name="end"/> that stand for themselves, and are not composed with what comes before or behind them.</summary>
    public void Copy(int end)
    {
        Flush();
        _edit.Copy(end);
    }

    /// <summary>Writes whatever waits.</summary>
    public void Flush() => Flush(ComposeMarks());

    private void Flush(int left)
    {
        if (_starter >= 0) _edit.Put(_starter, _change);
        _starter = -1;
        foreach (PendingMarks.Mark mark in marks.Items[..left]) _edit.Put(mark.CodePoint, mark.IsFirst ? 0 : 1);
        marks.Clear();
    }

    /// <summary>Sorts the marks and composes the starter with those that are not blocked; returns how many are left, in front.</summary>
    private int ComposeMarks()
    {
        if (marks.Count == 0) return 0;
        marks.Sort();
        if (_starter < 0) return marks.Count;
        int left = 0, lastClass = 0;
        for (int i = 0; i < marks.Count; i++)
        {
            PendingMarks.Mark mark = marks.Items[i];
            if (lastClass < mark.Class && Composition.Of(_starter, mark.CodePoint) is >= 0 and int composite)
            {
                Take(composite, mark.IsFirst ? 0 : 1);
                continue;
            }
            lastClass = mark.Class;
            marks.Move(i, left++);
        }
        return left;
    }

    private void Take(int composite, int change) => (_starter, _change) = (composite, _change + change - 1);
}
