using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>GPT-2's cuts, by hand: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.</summary>
/// <remarks>
/// Radford et al. 2019, encoder.py; classes of Unicode 16.0. Every code point has one of four kinds, and a pre-token is a run of one kind with a space before it,
/// a contraction, or white space up to the last space before a word. A test compares it with <see cref="LinearRegex"/>.
/// </remarks>
internal sealed class Gpt2PreTokenizer : IPreTokenizer
{
    private const byte Space = 0, Letter = 1, Number = 2, Other = 3;

    /// <summary>The kind of each code point; equal blocks of 256 code points once.</summary>
    private static readonly byte[] s_kinds = Kinds(out s_blocks);
    private static readonly ushort[] s_blocks;

    public bool IsLocalAtSpaces => true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        byte[] kinds = s_kinds;
        for (int i = 0; i < text.Length;)
        {
            int start = i;
            char c = text[i];
            if (c == '\'' && Contraction(text, i) is > 0 and int length)
            {
                splits.Add(i, i += length);
                continue;
            }
            if (c == ' ' && i + 1 < text.Length) i++; // belongs to the word behind it, if there is one
            int kind = KindAt(kinds, text, i, out int units);
            if (kind == Space)
            {
                i = start + 1;
                int last = start; // the last white space so far
                while (i < text.Length && KindAt(kinds, text, i, out units) == Space) last = i++;
                if (i < text.Length && last > start) i = last; // what stands before a word is left to it
                splits.Add(start, i);
                continue;
            }
            i += units;
            while (i < text.Length && KindAt(kinds, text, i, out units) == kind) i += units;
            splits.Add(start, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int KindAt(byte[] kinds, ReadOnlySpan<char> text, int i, out int units)
    {
        char c = text[i];
        units = 1;
        if (c < 256) return kinds[c]; // the first block is the first
        int codePoint = c;
        if (char.IsHighSurrogate(c))
        {
            units = 2;
            codePoint = char.ConvertToUtf32(c, text[i + 1]);
        }
        return kinds[s_blocks[codePoint >> 8] << 8 | codePoint & 255];
    }

    /// <summary>Units of the contraction at an apostrophe; 0: there is none.</summary>
    private static int Contraction(ReadOnlySpan<char> text, int i)
    {
        char first = i + 1 < text.Length ? text[i + 1] : '\0', second = i + 2 < text.Length ? text[i + 2] : '\0';
        return (first, second) switch
        {
            ('s' or 't' or 'm' or 'd', _) => 2,
            ('r' or 'v', 'e') or ('l', 'l') => 3,
            _ => 0,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte[] Kinds(out ushort[] blocks)
    {
        byte[] kinds = new byte[0x32400]; // letters and numbers end before
        kinds.AsSpan().Fill(Other);
        CodePointRanges.Mark(UnicodeTables.RegexUppercaseLetter, kinds, Letter);
        CodePointRanges.Mark(UnicodeTables.RegexLowercaseLetter, kinds, Letter);
        CodePointRanges.Mark(UnicodeTables.RegexTitlecaseLetter, kinds, Letter);
        CodePointRanges.Mark(UnicodeTables.RegexModifierLetter, kinds, Letter);
        CodePointRanges.Mark(UnicodeTables.RegexOtherLetter, kinds, Letter);
        CodePointRanges.Mark(UnicodeTables.RegexNumber, kinds, Number);
        CodePointRanges.Mark(UnicodeTables.RegexSpace, kinds, Space);
        blocks = new ushort[CodePointSet.Limit >> 8];
        int count = 0; // distinct blocks, which move to the front
        for (int block = 0; block < kinds.Length >> 8; block++)
        {
            ReadOnlySpan<byte> values = kinds.AsSpan(block << 8, 256);
            int number = Known(kinds.AsSpan(0, count << 8), values);
            if (number == count) values.CopyTo(kinds.AsSpan(count++ << 8));
            blocks[block] = (ushort)number;
        }
        for (int block = kinds.Length >> 8; block < blocks.Length; block++) blocks[block] = blocks[0xE0]; // as private use: neither letters nor numbers
        return kinds.AsSpan(0, count << 8).ToArray();
    }

    /// <summary>The number of an equal block, or of the next one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Known(ReadOnlySpan<byte> blocks, ReadOnlySpan<byte> block)
    {
        int number = 0;
        while (number < blocks.Length >> 8 && !blocks.Slice(number << 8, 256).SequenceEqual(block)) number++;
        return number;
    }
}
