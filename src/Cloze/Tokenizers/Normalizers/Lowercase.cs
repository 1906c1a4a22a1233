using System.Buffers;

namespace Cloze.Tokenizers;

/// <summary>Lower case code point by code point, without context (Σ gives σ everywhere).</summary>
/// <remarks>tokenizers normalizers/utils.rs. Unicode 17.0.</remarks>
internal sealed class Lowercase : INormalizer
{
    private static readonly SearchValues<char> s_changing = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    public bool IsLocalAtSpaces => true;

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        ReadOnlySpan<char> text = source.Chars;
        if (!text.ContainsAny(s_changing) && !text.ContainsAnyExceptInRange('\0', '\x7F')) return false;
        AlignedEdit edit = new(source, target);
        for (int i = 0; i < text.Length;)
        {
            int ascii = text[i..].IndexOfAnyExceptInRange('\0', '\x7F');
            int end = ascii < 0 ? text.Length : i + ascii;
            if (end > i)
            {
                int at = target.Length;
                edit.Copy(end);
                System.Text.Ascii.ToLowerInPlace(target.Written(at), out _);
                i = end;
                continue;
            }
            edit.Put(UnicodeData.ToLower(UnicodeData.Next(text, ref i), out int extra), 0);
            if (extra != 0) edit.Put(extra, 1);
        }
        return true;
    }
}
