using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Cloze.Tokenizers;

/// <summary>The vocabulary of a tokenizer.json, taken out of the file straight from its bytes, several times faster than by a JSON reader.</summary>
/// <param name="Pool">Texts, and <see cref="Vocabulary.PoolSlack"/> units behind them.</param>
/// <param name="Entries">One for each field of the object, in the file's order.</param>
/// <param name="Rest">The file with <c>{}</c> in the place of the vocabulary, and <c>[]</c> in that of the merges.</param>
/// <param name="Merges">The merges where they follow the vocabulary; null: they do not.</param>
/// <param name="Tables">Of vocabulary and merges, on their way; null: they are small, or nobody asked for them.</param>
internal sealed record VocabularyScan(char[] Pool, VocabularyEntry[] Entries, byte[] Rest, MergesScan? Merges = null, TablesAhead? Tables = null)
{
    /// <summary>Null: the file holds no vocabulary that is an object of texts and whole numbers, or something that only a JSON reader should judge.</summary>
    /// <param name="json">The file.</param>
    /// <param name="start">Where its text begins.</param>
    /// <param name="path">Its name, for errors.</param>
    /// <exception cref="JsonException">The file is no JSON before the vocabulary.</exception>
    public static VocabularyScan? Take(byte[] json, int start, string path)
    {
        int open = Find(json, start);
        if (open < 0 || At(json, open, out int end) is not { } scan) return null;
        TablesAhead? tables = scan.Entries.Length >= TablesAhead.WorthAThread ? new(scan.Pool, scan.Entries) : null;
        MergesScan? merges = MergesScan.Take(json, end);
        if (merges is not null) tables?.Add(merges, path);
        byte[] rest = merges is null
            ? Joined(json.AsSpan(start, open - start), "{}"u8, json.AsSpan(end))
            : Joined(json.AsSpan(start, open - start), "{}"u8, json.AsSpan(end, merges.Start - end), "[]"u8, json.AsSpan(merges.End));
        return scan with { Rest = rest, Merges = merges, Tables = tables };
    }

    private static byte[] Joined(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, ReadOnlySpan<byte> d = default, ReadOnlySpan<byte> e = default)
    {
        byte[] all = new byte[a.Length + b.Length + c.Length + d.Length + e.Length];
        Span<byte> rest = all;
        a.CopyTo(rest);
        b.CopyTo(rest = rest[a.Length..]);
        c.CopyTo(rest = rest[b.Length..]);
        d.CopyTo(rest = rest[c.Length..]);
        e.CopyTo(rest[d.Length..]);
        return all;
    }

    /// <summary>As <see cref="Take"/>, of a file that is nothing but such an object.</summary>
    public static VocabularyScan? TakeWhole(byte[] json, int start)
    {
        int open = Space(json, start);
        return Unit(json, open) == '{' && At(json, open, out int end) is { } scan && Space(json, end) == json.Length ? scan : null;
    }

    /// <summary>The object that opens at a place; null: something in it is unusual.</summary>
    /// <param name="end">Behind it.</param>
    private static VocabularyScan? At(byte[] json, int open, out int end)
    {
        char[] pool = GC.AllocateUninitializedArray<char>(json.Length - open + Vocabulary.PoolSlack); // no more units than bytes
        VocabularyEntry[] entries = new VocabularyEntry[(json.Length - open) / 12 + 16];
        end = Read(json, open + 1, pool, ref entries, out int count, out int length);
        if (end < 0) return null;
        Array.Resize(ref pool, length + Vocabulary.PoolSlack);
        Array.Resize(ref entries, count);
        return new(pool, entries, []);
    }

    /// <summary>Where the object at model.vocab opens; −1: there is none.</summary>
    private static int Find(byte[] json, int start)
    {
        Utf8JsonReader reader = new(json.AsSpan(start));
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isWanted = !reader.ValueIsEscaped && reader.ValueTextEquals(reader.CurrentDepth == 1 ? "model"u8 : "vocab"u8);
            reader.Read();
            if (!isWanted || reader.TokenType != JsonTokenType.StartObject) reader.Skip();
            else if (reader.CurrentDepth == 2) return start + (int)reader.TokenStartIndex;
        }
        return -1;
    }

    /// <summary>Reads fields up to the closing brace; returns the place behind it, or −1 where something is unusual.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read(ReadOnlySpan<byte> json, int at, Span<char> pool, ref VocabularyEntry[] entries, out int count, out int length)
    {
        (count, length) = (0, 0);
        while (true)
        {
            int start = length;
            at = Space(json, at);
            if (!Text(json, ref at, pool, ref length)) return -1;
            at = Space(json, at);
            if (Unit(json, at) != ':') return -1;
            at = Space(json, at + 1);
            int first = at;
            long id = 0;
            for (; Unit(json, at) - '0' is >= 0 and <= 9 and var digit && id <= int.MaxValue; at++) id = id * 10 + digit;
            if (at == first || id > int.MaxValue || at > first + 1 && json[first] == '0') return -1;

            if (count == entries.Length) Array.Resize(ref entries, count * 2);
            entries[count++] = new(start, length - start, (int)id);
            at = Space(json, at);
            int next = Unit(json, at++);
            if (next == '}') return at;
            if (next != ',') return -1;
        }
    }

    /// <summary>Appends a text to the pool; <paramref name="at"/> moves behind it. False: a JSON reader shall judge.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Text(ReadOnlySpan<byte> json, ref int at, Span<char> pool, ref int length)
    {
        if (Unit(json, at++) != '"') return false;
        for (; Unit(json, at) is var b && b != '"'; at++)
        {
            if (b is >= 0x20 and < 0x80 and not '\\') pool[length++] = (char)b;
            else if (!Unusual(json, ref at, pool, ref length)) return false;
        }
        at++;
        return true;
    }

    /// <summary>An escape or a character that is not ASCII; <paramref name="at"/> moves to its last byte. False: a JSON reader shall judge.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Unusual(ReadOnlySpan<byte> json, ref int at, Span<char> pool, ref int length)
    {
        if (Unit(json, at) != '\\')
        {
            if (Unit(json, at) < 0x80 || Rune.DecodeFromUtf8(json[at..], out Rune rune, out int bytes) != System.Buffers.OperationStatus.Done) return false;
            length += rune.EncodeToUtf16(pool[length..]);
            at += bytes - 1;
            return true;
        }
        int escaped = Unit(json, ++at);
        if (escaped == 'u')
        {
            int unit = 0;
            for (int i = 0; i < 4; i++)
            {
                int digit = Unit(json, ++at);
                if (!char.IsAsciiHexDigit((char)digit) || digit < 0) return false;
                unit = unit << 4 | (char.IsAsciiDigit((char)digit) ? digit - '0' : (digit | 0x20) - 'a' + 10);
            }
            if (char.IsSurrogate((char)unit)) return false;
            pool[length++] = (char)unit;
            return true;
        }
        int plain = escaped switch { '"' or '\\' or '/' => escaped, 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => -1 };
        if (plain < 0) return false;
        pool[length++] = (char)plain;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Space(ReadOnlySpan<byte> json, int at)
    {
        while (Unit(json, at) is ' ' or '\n' or '\r' or '\t') at++;
        return at;
    }

    /// <summary>The byte, or −1 behind the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Unit(ReadOnlySpan<byte> json, int at) => (uint)at < (uint)json.Length ? json[at] : -1;
}
