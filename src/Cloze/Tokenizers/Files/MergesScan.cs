using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>The merges of a tokenizer.json, taken straight from its bytes: a JSON reader is not warm yet when a file is loaded, and costs ten times as much.</summary>
/// <param name="Pool">Texts, one behind the other.</param>
/// <param name="Ends">Where each ends: left and right parts by turns.</param>
/// <param name="Count">Merges.</param>
/// <param name="Start">Where the list opens in the file.</param>
/// <param name="End">The place behind it.</param>
internal sealed record MergesScan(char[] Pool, int[] Ends, int Count, int Start, int End)
{
    /// <summary>Null: no list of merges follows, or it holds something that only a JSON reader should judge.</summary>
    /// <param name="json">The file.</param>
    /// <param name="at">The place behind the vocabulary.</param>
    public static MergesScan? Take(byte[] json, int at)
    {
        at = VocabularyScan.Space(json, at);
        if (VocabularyScan.Unit(json, at) != ',') return null;
        at = VocabularyScan.Space(json, at + 1);
        if (!json.AsSpan(at).StartsWith("\"merges\""u8)) return null;
        at = VocabularyScan.Space(json, at + "\"merges\"".Length);
        if (VocabularyScan.Unit(json, at) != ':') return null;
        at = VocabularyScan.Space(json, at + 1);
        if (VocabularyScan.Unit(json, at) != '[') return null;
        char[] pool = GC.AllocateUninitializedArray<char>(json.Length - at); // no more units than bytes
        int[] ends = new int[(json.Length - at) / 8 + 16];
        int end = Read(json, at + 1, pool, ref ends, out int count);
        return end < 0 ? null : new(pool, ends, count, at, end);
    }

    /// <summary>Reads merges up to the closing bracket; returns the place behind it, or −1 where something is unusual.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read(ReadOnlySpan<byte> json, int at, Span<char> pool, ref int[] ends, out int count)
    {
        int length = 0;
        for (count = 0; ; count++)
        {
            if (2 * count + 2 > ends.Length) Array.Resize(ref ends, ends.Length * 2);
            int start = length, left;
            at = VocabularyScan.Space(json, at);
            if (VocabularyScan.Unit(json, at) == '[')
            {
                at = VocabularyScan.Space(json, at + 1);
                if (!VocabularyScan.Text(json, ref at, pool, ref length)) return -1;
                left = length;
                at = VocabularyScan.Space(json, at);
                if (VocabularyScan.Unit(json, at) != ',') return -1;
                at = VocabularyScan.Space(json, at + 1);
                if (!VocabularyScan.Text(json, ref at, pool, ref length)) return -1;
                at = VocabularyScan.Space(json, at);
                if (VocabularyScan.Unit(json, at++) != ']') return -1;
            }
            else
            {
                if (!VocabularyScan.Text(json, ref at, pool, ref length)) return -1;
                Span<char> merge = pool[start..length];
                int space = merge.IndexOf(' ');
                if (space < 0 || merge[(space + 1)..].Contains(' ') || merge.StartsWith("#version")) return -1;
                merge[(space + 1)..].CopyTo(merge[space..]);
                length--;
                left = start + space;
            }
            ends[2 * count] = left;
            ends[2 * count + 1] = length;
            at = VocabularyScan.Space(json, at);
            int next = VocabularyScan.Unit(json, at++);
            if (next == ',') continue;
            count++;
            return next == ']' ? at : -1;
        }
    }
}
