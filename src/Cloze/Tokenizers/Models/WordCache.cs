using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Cloze.Tokenizers;

/// <summary>Tokens of words seen lately: one line of 64 bytes for a word of at most 16 characters and 7 tokens, directly mapped. For one thread.</summary>
/// <remarks>
/// Keys are the characters themselves, so a hit is never wrong. Nothing is allocated after the table, which has at most 2^16 lines (4 MB), and no more than four for
/// each entry of the vocabulary. GPT-2 on English: 92 % of the words.
/// </remarks>
internal sealed class WordCache
{
    public const int MaxTokens = 7;
    private const int MostBits = 16, LeastBits = 6;

    private Line[] _lines = [];
    private int _shift;
    private ITokenModel? _owner;

    [InlineArray(MaxTokens)]
    internal struct TokenIds7 { private int _first; }

    [InlineArray(MaxTokens)]
    internal struct Places7 { private byte _first; }

    /// <summary>A word and its tokens.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct Line
    {
        public ulong Low, High;
        public ushort Tag; // 0: free
        public byte Count;
        public TokenIds7 Ids;
        public Places7 Starts, Ends;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly bool Is(in Key key) => Low == key.Low && High == key.High && Tag == key.Tag;
    }

    /// <summary>A word in 18 bytes, without loss.</summary>
    internal struct Key
    {
        public ulong Low, High;
        public ushort Tag;
    }

    /// <summary>The cache serves one model at a time.</summary>
    public void Serve(ITokenModel model)
    {
        if (ReferenceEquals(_owner, model)) return;
        int bits = Math.Clamp(BitOperations.Log2((uint)model.Count | 1) + 2, LeastBits, MostBits);
        (_lines, _shift, _owner) = (new Line[1 << bits], 64 - bits, model);
    }

    /// <summary>False: the word has no key (more than 16 characters, or more than 8 that are not all Latin-1).</summary>
    /// <remarks>A ▁ at the start becomes a bit of the tag, so that it takes no room.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPack(ReadOnlySpan<char> word, out Key key)
    {
        ref ushort p = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(word));
        int n = word.Length, tag = n + 1;
        if (n > 0 && p == '\u2581')
        {
            tag = n | 64;
            n--;
            p = ref Unsafe.Add(ref p, 1);
        }
        key.Tag = (ushort)tag;
        key.Low = key.High = 0;
        if (n < 4)
        {
            if (n > 0) key.Low = p | (ulong)Unsafe.Add(ref p, n >> 1) << 16 | (ulong)Unsafe.Add(ref p, n - 1) << 32;
            return true;
        }
        if (n <= 8)
        {
            key.Low = Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<ushort, byte>(ref p));
            key.High = Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<ushort, byte>(ref Unsafe.Add(ref p, n - 4)));
            return true;
        }
        if (n > 16) return false;
        Vector128<ushort> head = Vector128.LoadUnsafe(ref p), tail = Vector128.LoadUnsafe(ref p, (nuint)(n - 8));
        Vector128<ulong> bytes = Vector128.Narrow(head, tail).AsUInt64();
        (key.Low, key.High) = (bytes.ToScalar(), bytes.GetElement(1));
        return ((head | tail) & Vector128.Create((ushort)0xFF00)) == Vector128<ushort>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Line Find(in Key key)
    {
        ulong hash = (key.Low ^ BitOperations.RotateLeft(key.High, 29) * 0x9E3779B97F4A7C15 ^ key.Tag) * 0xD6E8FEB86659FD93;
        return ref _lines[(int)(hash >> _shift)];
    }

    /// <summary>Remembers the tokens that the sink has from number <paramref name="first"/> on, if a line holds them; none has a text of its own.</summary>
    public static void Store(ref Line line, in Key key, TokenSink sink, int first)
    {
        int count = sink.Count - first;
        if (count is 0 or > MaxTokens || sink.LastSurface >= first) return;
        (line.Low, line.High, line.Tag, line.Count) = (key.Low, key.High, key.Tag, (byte)count);
        for (int k = 0; k < count; k++)
        {
            TokenOffset offset = sink.Offsets[first + k];
            line.Ids[k] = sink.Ids[first + k];
            line.Starts[k] = (byte)(offset.Start - sink.WordStart);
            line.Ends[k] = (byte)(offset.End - sink.WordStart);
        }
    }
}
