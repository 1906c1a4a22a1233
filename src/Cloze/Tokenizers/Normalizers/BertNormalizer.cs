using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Cloze.Tokenizers;

/// <summary>BERT's normalizer: control characters dropped, spaces around ideographs, accents stripped, lower case, in this order and in one pass.</summary>
/// <remarks>
/// tokenizers normalizers/bert.rs. Accents: NFD of Unicode 9.0 in canonical order, then marks of category Mn (8.0) are dropped; nothing is recomposed.
/// ASCII goes through a vector loop; other characters one by one.
/// </remarks>
/// <param name="cleanText"><c>clean_text</c>: drop control and format characters, make every white space U+0020.</param>
/// <param name="handleChineseChars"><c>handle_chinese_chars</c>: spaces around CJK ideographs.</param>
/// <param name="stripAccents"><c>strip_accents</c>; where the file says null it is the value of <c>lowercase</c>.</param>
/// <param name="lowercase"><c>lowercase</c>.</param>
internal sealed class BertNormalizer(bool cleanText, bool handleChineseChars, bool stripAccents, bool lowercase) : INormalizer
{
    public bool IsLocalAtSpaces => true;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        target.Start(source);
        ReadOnlySpan<char> text = source.Chars;
        uint last = 0; // span of the character before the cursor
        for (int i = 0; i < text.Length;)
        {
            if (IsPlain(text[i]))
            {
                FlushMarks(target, ref last);
                int count = CopyAscii(text[i..], target.Room(text.Length - i));
                target.Advance(source, i, count);
                i += count;
                last = source.Span(i - 1, 1);
                continue;
            }

            int at = i;
            int c = UnicodeData.Next(text, ref i);
            uint span = source.Span(at, i - at);
            CodePointFlags flags = UnicodeData.Flags(c);
            if (cleanText)
            {
                CodePointFlags clean = flags & CodePointFlags.CleanMask;
                if (clean == 0) continue;
                if (clean == CodePointFlags.CleanSpace) (c, flags) = (' ', UnicodeData.Flags(' '));
            }

            bool isIdeograph = handleChineseChars && (flags & CodePointFlags.Chinese) != 0;
            if (isIdeograph) Space(target, span, ref last);
            if (!stripAccents) Put(target, c, span);
            else if ((flags & CodePointFlags.Decomposes) != 0) Decompose(target, c, span, ref last);
            else Part(target, c, flags, span, isFirst: true, ref last);
            if (isIdeograph) Space(target, span, ref last);
        }
        FlushMarks(target, ref last);
        return true;
    }

    private void Space(AlignedBuffer target, uint span, ref uint last)
    {
        FlushMarks(target, ref last);
        target.Append(' ', span);
    }

    private void Decompose(AlignedBuffer target, int codePoint, uint span, ref uint last)
    {
        Span<char> buffer = stackalloc char[3];
        ReadOnlySpan<char> parts = UnicodeData.Decompose(codePoint, buffer);
        for (int i = 0; i < parts.Length;)
        {
            bool isFirst = i == 0;
            int c = UnicodeData.Next(parts, ref i);
            Part(target, c, UnicodeData.Flags(c), span, isFirst, ref last);
        }
    }

    /// <summary>A character that has no decomposition: a mark waits for the next starter, a starter lets the marks before it go.</summary>
    private void Part(AlignedBuffer target, int codePoint, CodePointFlags flags, uint span, bool isFirst, ref uint last)
    {
        if ((flags & CodePointFlags.Combines) != 0)
        {
            target.Marks.Add(codePoint, span, isFirst);
            return;
        }
        FlushMarks(target, ref last);
        last = span;
        if ((flags & CodePointFlags.NonspacingMark) == 0) Put(target, codePoint, span);
    }

    private void FlushMarks(AlignedBuffer target, ref uint last)
    {
        PendingMarks marks = target.Marks;
        if (marks.Count == 0) return;
        marks.Sort();
        int next = 0;
        foreach (PendingMarks.Mark mark in marks.Items)
        {
            if (mark.IsFirst) last = marks.Spans[next++];
            if ((UnicodeData.Flags(mark.CodePoint) & CodePointFlags.NonspacingMark) == 0) Put(target, mark.CodePoint, last);
        }
        marks.Clear();
    }

    private void Put(AlignedBuffer target, int codePoint, uint span)
    {
        int extra = 0;
        if (lowercase) codePoint = UnicodeData.ToLower(codePoint, out extra);
        target.Append(codePoint, span);
        if (extra != 0) target.Append(extra, span);
    }

    /// <summary>Printable ASCII, with clean_text also \t \n \r: one unit to one unit, and a starter in canonical order.</summary>
    private bool IsPlain(char c) => (uint)(c - 0x20) < 0x5F || cleanText && c is ('\t' or '\n' or '\r');

    /// <summary>Copies the leading printable ASCII (with clean_text also \t \n \r, as spaces), in lower case if asked; returns how much.</summary>
    private int CopyAscii(ReadOnlySpan<char> source, Span<char> target)
    {
        int i = 0;
        ref ushort from = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(source));
        ref ushort to = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(target));
        Vector256<ushort> upper = Vector256.Create(lowercase ? (ushort)26 : (ushort)0);
        for (; i <= source.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<ushort> v = Vector256.LoadUnsafe(ref from, (nuint)i);
            if (!Vector256.LessThanAll(v - Vector256.Create((ushort)0x20), Vector256.Create((ushort)0x5F))) break;
            Vector256<ushort> isUpper = Vector256.LessThan(v - Vector256.Create((ushort)'A'), upper);
            (v | (isUpper & Vector256.Create((ushort)0x20))).StoreUnsafe(ref to, (nuint)i);
        }
        for (; i < source.Length; i++)
        {
            char c = source[i];
            if ((uint)(c - 0x20) >= 0x5F)
            {
                if (!cleanText || c is not ('\t' or '\n' or '\r')) break;
                c = ' ';
            }
            target[i] = lowercase && char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;
        }
        return i;
    }
}
