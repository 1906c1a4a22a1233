using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>The code points cut into classes that no set of an expression tells apart; the class of each by two reads. Immutable.</summary>
internal sealed class CodePointClasses
{
    private const int MaxClasses = 200;

    private readonly byte[] _ascii = new byte[128];
    private readonly ushort[] _block = new ushort[CodePointSet.Limit >> 8];
    private readonly byte[] _classes;
    private readonly bool[][] _members = [];

    /// <exception cref="PatternException">They need more than 200 classes.</exception>
    public CodePointClasses(PatternProgram program, string pattern)
    {
        int[] cuts = [.. program.Sets.SelectMany(set => set.Bounds.ToArray()).Append(0).Where(bound => bound < CodePointSet.Limit).Distinct().Order()];
        Dictionary<string, byte> classOf = [];
        List<bool[]> members = [];
        List<(int First, byte Class)> runs = [];
        foreach (int first in cuts)
        {
            bool[] isIn = [.. program.Sets.Select(set => set.Contains(first))];
            string key = string.Create(isIn.Length, isIn, static (chars, bits) =>
            {
                for (int i = 0; i < chars.Length; i++) chars[i] = bits[i] ? '1' : '0';
            });
            if (!classOf.TryGetValue(key, out byte number))
            {
                if (members.Count == MaxClasses) throw new PatternException(pattern, 0, $"more than {MaxClasses} classes of characters that it tells apart");
                classOf[key] = number = (byte)members.Count;
                members.Add(isIn);
            }
            runs.Add((first, number));
        }
        _members = [.. members];
        _classes = Blocks(runs);
        for (int c = 0; c < _ascii.Length; c++) _ascii[c] = Of(c);
    }

    /// <summary>How many there are; this number itself stands for "no character".</summary>
    public int Count => _members.Length;

    public bool IsIn(int number, int set) => number < Count && _members[number][set];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Of(int codePoint) => _classes[_block[codePoint >> 8] << 8 | codePoint & 255];

    /// <summary>The class of the code point that ends at unit <paramref name="i"/>, and how many units it has. The text has no lone surrogate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int EndingAt(ReadOnlySpan<char> text, int i, out int units)
    {
        char c = text[i];
        units = 1;
        byte[] ascii = _ascii;
        if (c < ascii.Length) return ascii[c];
        if (!char.IsLowSurrogate(c)) return Of(c);
        units = 2;
        return Of(char.ConvertToUtf32(text[i - 1], c));
    }

    /// <summary>Blocks of 256 code points, equal ones once.</summary>
    private byte[] Blocks(List<(int First, byte Class)> runs)
    {
        List<byte> blocks = [];
        Dictionary<string, ushort> known = [];
        byte[] block = new byte[256];
        char[] key = new char[256];
        int run = 0;
        for (int at = 0; at < _block.Length; at++)
        {
            bool isWithinOneRun = at > 0 && runs[run].First <= at - 1 << 8 && (run + 1 == runs.Count || runs[run + 1].First >= at + 1 << 8);
            if (isWithinOneRun) // and the block before it, too
            {
                _block[at] = _block[at - 1];
                continue;
            }
            for (int k = 0; k < block.Length; k++)
            {
                while (run + 1 < runs.Count && runs[run + 1].First <= (at << 8 | k)) run++;
                block[k] = runs[run].Class;
                key[k] = (char)block[k];
            }
            string text = new(key);
            if (!known.TryGetValue(text, out ushort number))
            {
                known[text] = number = (ushort)known.Count;
                blocks.AddRange(block);
            }
            _block[at] = number;
        }
        return [.. blocks];
    }
}
