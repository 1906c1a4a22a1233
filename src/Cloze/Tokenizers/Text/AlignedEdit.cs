namespace Cloze.Tokenizers;

/// <summary>Writes a new text from left to right while a cursor walks over the old one: the reference's stream of (character, change).</summary>
/// <remarks>
/// tokenizers tokenizer/normalizer.rs, transform_range. A character with change 0 stands for the one at the cursor; with change −n it also stands for n more; a
/// character with change 1 is inserted and takes the span of the character before the cursor.
/// </remarks>
internal ref struct AlignedEdit
{
    private readonly AlignedText _source;
    private readonly AlignedBuffer _target;
    private int _lastChange;

    public AlignedEdit(AlignedText source, AlignedBuffer target)
    {
        _source = source;
        _target = target;
        target.Start(source);
    }

    /// <summary>The first unit of the old text that nothing stands for yet.</summary>
    public int Cursor { get; private set; }

    /// <summary>Copies the old text from the cursor to <paramref name="end"/>.</summary>
    public void Copy(int end)
    {
        if (end <= Cursor) return;
        _target.Copy(_source, Cursor, end);
        (Cursor, _lastChange) = (end, 0);
    }

    /// <summary>Writes a code point with the reference's change.</summary>
    public void Put(int codePoint, int change)
    {
        if (change > 0) _target.Append(codePoint, SpanBefore());
        else _target.Append(codePoint, SpanAt());
        if (change <= 0) Skip(1 - change);
        _lastChange = change;
    }

    /// <summary>Writes a text in place of nothing, or of what was skipped just before.</summary>
    public void Insert(ReadOnlySpan<char> text)
    {
        uint span = SpanBefore();
        for (int i = 0; i < text.Length;) _target.Append(UnicodeData.Next(text, ref i), span);
        _lastChange = 1;
    }

    /// <summary>The last character written stands for <paramref name="count"/> code points more. Where none was written nothing happens, as in the reference.</summary>
    public void Absorb(int count)
    {
        if (_target.Length == 0) return;
        if (_lastChange > 0) _target.MoveLast(SpanAt()); // an inserted character takes the place of the first of them
        _lastChange -= count;
        Skip(count);
    }

    /// <summary>Leaves out the old text up to <paramref name="position"/>.</summary>
    public void SkipTo(int position) => Cursor = position;

    private void Skip(int codePoints)
    {
        ReadOnlySpan<char> text = _source.Chars;
        for (; codePoints > 0 && Cursor < text.Length; codePoints--) Cursor += char.IsHighSurrogate(text[Cursor]) ? 2 : 1;
    }

    private readonly uint SpanAt()
    {
        ReadOnlySpan<char> text = _source.Chars;
        return Cursor < text.Length ? _source.Span(Cursor, char.IsHighSurrogate(text[Cursor]) ? 2 : 1) : (uint)_source.Origin << 2;
    }

    private readonly uint SpanBefore()
    {
        if (Cursor == 0) return (uint)_source.Origin << 2;
        int units = char.IsLowSurrogate(_source.Chars[Cursor - 1]) ? 2 : 1;
        return _source.Span(Cursor - units, units);
    }
}
