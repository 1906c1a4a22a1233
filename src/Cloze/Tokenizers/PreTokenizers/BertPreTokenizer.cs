using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Cloze.Tokenizers;

/// <summary>White space separates and is dropped; every punctuation character stands alone.</summary>
/// <remarks>
/// tokenizers pre_tokenizers/bert.rs. ASCII $ + &lt; = &gt; ^ ` | ~ count as punctuation; category P is that of Unicode 8.0.
/// 32 units of ASCII become two bit masks; other characters go one by one.
/// </remarks>
internal sealed class BertPreTokenizer : IPreTokenizer
{
    private const int BlockLength = 32;

    public bool IsLocalAtSpaces => true;

    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        int start = 0, i = 0;
        while (text.Length - i >= BlockLength)
        {
            int end = i + BlockLength;
            if (Classify(text.Slice(i, BlockLength), out uint ends, out uint punctuation))
            {
                Cut(i, ref start, ends, punctuation, splits);
                i = end;
            }
            else
            {
                while (i < end) Step(text, ref i, ref start, splits);
            }
        }

        if (i < text.Length)
        {
            Span<char> tail = stackalloc char[BlockLength];
            tail.Fill(' ');
            text[i..].CopyTo(tail);
            if (Classify(tail, out uint ends, out uint punctuation))
            {
                Cut(i, ref start, ends, punctuation, splits);
                return; // the spaces behind the text closed the last word
            }
        }

        while (i < text.Length) Step(text, ref i, ref start, splits);
        if (start < text.Length) splits.Add(start, text.Length);
    }

    /// <summary>
    /// 32 units of printable ASCII as bits: what ends a word (space or punctuation), and what is punctuation. False: other characters are among
    /// them.
    /// </summary>
    private static bool Classify(ReadOnlySpan<char> block, out uint ends, out uint punctuation)
    {
        ref ushort from = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(block));
        Vector256<byte> v = Vector256.NarrowWithSaturation(Vector256.LoadUnsafe(ref from), Vector256.LoadUnsafe(ref from, 16));
        (ends, punctuation) = (0, 0);
        if (!Vector256.LessThanAll(v - Vector256.Create((byte)0x20), Vector256.Create((byte)0x5F))) return false;
        Vector256<byte> isWord = Vector256.LessThan((v | Vector256.Create((byte)0x20)) - Vector256.Create((byte)'a'), Vector256.Create((byte)26))
            | Vector256.LessThan(v - Vector256.Create((byte)'0'), Vector256.Create((byte)10));
        ends = ~isWord.ExtractMostSignificantBits();
        punctuation = ends & Vector256.GreaterThan(v, Vector256.Create((byte)0x20)).ExtractMostSignificantBits();
        return true;
    }

    /// <summary>Writes the splits that end in a block; no branch depends on where words end.</summary>
    private static void Cut(int at, ref int start, uint ends, uint punctuation, SplitList splits)
    {
        Span<Split> room = splits.Room(BlockLength * 2 + 2);
        int count = 0, first = start;
        for (; ends != 0; ends &= ends - 1)
        {
            int bit = BitOperations.TrailingZeroCount(ends), end = at + bit;
            room[count] = new(first, end);
            count += end > first ? 1 : 0;
            first = end + 1;
            room[count] = new(end, first);
            count += (int)(punctuation >> bit & 1);
        }
        start = first;
        splits.Advance(count);
    }

    /// <summary>One code point at <paramref name="i"/>, which moves behind it.</summary>
    private static void Step(ReadOnlySpan<char> text, ref int i, ref int start, SplitList splits)
    {
        int at = i;
        CodePointFlags kind = UnicodeData.Flags(UnicodeData.Next(text, ref i)) & CodePointFlags.KindMask;
        if (kind == 0) return;
        if (at > start) splits.Add(start, at);
        if (kind == CodePointFlags.Punctuation) splits.Add(at, i);
        start = i;
    }
}
