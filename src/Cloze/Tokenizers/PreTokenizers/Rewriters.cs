namespace Cloze.Tokenizers;

/// <summary>Puts a character before every pre-token that does not begin with it, once another has been replaced by it.</summary>
/// <remarks>tokenizers pre_tokenizers/metaspace.rs and byte_level.rs (add_prefix_space, where nothing is replaced). The new character takes the span of the one behind it.</remarks>
/// <param name="prefix">What is put before: ▁, or a space.</param>
/// <param name="replacesSpaces">Spaces become <paramref name="prefix"/> first.</param>
/// <param name="scheme">Before which pre-tokens.</param>
internal sealed class PrefixRewriter(char prefix, bool replacesSpaces, PrependScheme scheme) : ITextRewriter
{
    public bool IsLocalAtSpaces => true; // a part that begins with a space gets no prefix

    public bool Rewrite(AlignedText text, SplitList splits, AlignedBuffer target)
    {
        ReadOnlySpan<char> chars = text.Chars;
        bool isChanged = replacesSpaces && chars.Contains(' ');
        foreach (Split split in splits.Items) isChanged |= Needs(text, split);
        if (!isChanged) return false;

        target.Start(text);
        foreach (Split split in splits.Take())
        {
            int start = target.Length;
            if (Needs(text, split)) target.Append(prefix, text.Span(split.Start, char.IsHighSurrogate(chars[split.Start]) ? 2 : 1));
            target.Copy(text, split.Start, split.End);
            if (replacesSpaces) target.Written(start).Replace(' ', prefix);
            splits.Add(start, target.Length);
        }
        return true;
    }

    private bool Needs(AlignedText text, Split split)
    {
        char first = text.Chars[split.Start];
        if (first == prefix || replacesSpaces && first == ' ') return false;
        return scheme == PrependScheme.Always || scheme == PrependScheme.First && text.Original(split.Start, split.Start + 1).Start == 0;
    }
}

/// <summary><c>prepend_scheme</c> of Metaspace: before every pre-token, before the one at the start of the text, before none.</summary>
internal enum PrependScheme { Always, First, Never }

/// <summary>Writes pre-tokens in GPT-2's letters for bytes.</summary>
/// <remarks>tokenizers pre_tokenizers/byte_level.rs. Every letter takes the span of its character. A byte-level BPE model reads bytes itself and needs no letters.</remarks>
internal sealed class ByteLetters : ITextRewriter
{
    public bool IsLocalAtSpaces => true;

    public bool Rewrite(AlignedText text, SplitList splits, AlignedBuffer target)
    {
        target.Start(text);
        Span<byte> bytes = stackalloc byte[4];
        foreach (Split split in splits.Take())
        {
            int start = target.Length;
            for (int i = split.Start; i < split.End;)
            {
                int at = i;
                System.Text.Rune rune = new(UnicodeData.Next(text.Chars, ref i));
                uint span = text.Span(at, i - at);
                foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)]) target.Append(ByteAlphabet.LetterOf(value), span);
            }
            splits.Add(start, target.Length);
        }
        return true;
    }
}
