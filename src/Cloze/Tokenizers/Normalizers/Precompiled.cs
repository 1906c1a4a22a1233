using System.Text;

namespace Cloze.Tokenizers;

/// <summary>Applies a SentencePiece character map as the reference does, which is not as SentencePiece does.</summary>
/// <remarks>
/// tokenizers normalizers/precompiled.rs: a grapheme cluster of fewer than 6 bytes is replaced whole by the shortest hit; in other clusters each character counts alone. A
/// deletion is counted with the last character written, so one before anything was written moves all spans behind it.
/// </remarks>
internal sealed class Precompiled(Charsmap map) : INormalizer
{
    private const int ShortCluster = 6; // bytes

    public bool IsLocalAtSpaces => false;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        int plain = map.PlainRun(text);
        if (plain == text.Length) return false;
        AlignedEdit edit = new(source, target);
        Span<byte> utf8 = stackalloc byte[ShortCluster - 1];
        int done = 0; // what comes before it is written
        bool isChanged = false;
        for (int i = Math.Max(0, plain - 1); i < text.Length;)
        {
            int length = GraphemeClusters.Length(text, i), bytes = 0;
            bool isShort = length < ShortCluster && System.Text.Encoding.UTF8.TryGetBytes(text.Slice(i, length), utf8, out bytes);
            if (isShort && map.Find(utf8[..bytes], out ReadOnlySpan<byte> replacement))
            {
                Copy(ref edit, text, done, i);
                Put(ref edit, text.Slice(i, length), replacement);
                (done, isChanged) = (i + length, true);
            }
            else if (length > 1)
            {
                isChanged |= Singly(ref edit, text, i, i + length, ref done);
            }
            i += length;
            plain = map.PlainRun(text[i..]);
            i += i + plain == text.Length ? plain : Math.Max(0, plain - 1); // the last may have a mark behind it
        }
        if (!isChanged) return false;
        Copy(ref edit, text, done, text.Length);
        return true;
    }

    /// <summary>Each character of a cluster on its own.</summary>
    private bool Singly(ref AlignedEdit edit, ReadOnlySpan<char> text, int start, int end, ref int done)
    {
        Span<byte> utf8 = stackalloc byte[4];
        bool isChanged = false;
        for (int i = start; i < end;)
        {
            int at = i;
            int bytes = new Rune(UnicodeData.Next(text, ref i)).EncodeToUtf8(utf8);
            if (!map.Find(utf8[..bytes], out ReadOnlySpan<byte> replacement)) continue;
            Copy(ref edit, text, done, at);
            Put(ref edit, text[at..i], replacement);
            (done, isChanged) = (i, true);
        }
        return isChanged;
    }

    /// <summary>Writes characters as they are; they stand for what is at the cursor, which deletions at the start leave behind.</summary>
    private static void Copy(ref AlignedEdit edit, ReadOnlySpan<char> text, int start, int end)
    {
        if (edit.Cursor == start) edit.Copy(end);
        else
            while (start < end) edit.Put(UnicodeData.Next(text, ref start), 0);
    }

    private static void Put(ref AlignedEdit edit, ReadOnlySpan<char> old, ReadOnlySpan<byte> replacement)
    {
        int left = 0; // characters of the old text that nothing stands for yet
        foreach (char c in old) left += char.IsLowSurrogate(c) ? 0 : 1;
        while (!replacement.IsEmpty)
        {
            Rune.DecodeFromUtf8(replacement, out Rune rune, out int bytes);
            edit.Put(rune.Value, left > 0 ? 0 : 1);
            left--;
            replacement = replacement[bytes..];
        }
        if (left > 0) edit.Absorb(left);
    }
}
