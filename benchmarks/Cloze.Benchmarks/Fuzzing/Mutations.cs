using System.Buffers.Binary;
using System.Globalization;
using System.Text;
namespace Cloze.Fuzzing;

/// <summary>Makes a broken file of a good one: by a seed, so that every mutant can be made again.</summary>
/// <remarks>
/// One to six changes, mostly one or two: bits, bytes, little-endian numbers and decimal numbers that readers trip over, blocks that are doubled, moved, dropped or taken from
/// another seed, and ends that are cut.
/// </remarks>
/// <param name="seeds">All files that blocks are taken from.</param>
/// <param name="good">Those that can be read as they are: most mutants are made of these, so that some stay readable.</param>
internal sealed class Mutations(IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> good, int seed)
{
    private const int MostChanges = 6, MostBlock = 64;
    private static readonly long[] s_numbers =
    [
        0, 1, -1, 2, 7, 127, 128, 255, 256, 32767, 32768, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, 1L << 62, long.MaxValue, long.MinValue,
    ];
    private static readonly string[] s_words =
    [
        "null", "true", "[]", "{}", "\"\"", "-0", "1e999", "0.5", "99999999999999999999", "\\ud800", "\"a\":1,", "[[[[", "}}", "]", ",", ":", "\"", "\\", "\0", "\n",
    ];
    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        IReadOnlyList<byte[]> from = good.Count > 0 && _random.Next(4) > 0 ? good : seeds;
        List<byte> bytes = [.. from[_random.Next(from.Count)]];
        for (int changes = 1; changes <= MostChanges; changes++)
        {
            Change(bytes);
            if (_random.Next(2) == 0) break;
        }
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        if (bytes.Count == 0) bytes.Add((byte)_random.Next(256));
        int at = _random.Next(bytes.Count);
        switch (_random.Next(11))
        {
            case 0: bytes[at] ^= (byte)(1 << _random.Next(8)); break;
            case 1: bytes[at] = (byte)_random.Next(256); break;
            case 2: bytes.Insert(at, (byte)_random.Next(256)); break;
            case 3: bytes.RemoveRange(at, Length(bytes, at)); break;
            case 4: bytes.InsertRange(_random.Next(bytes.Count), bytes.GetRange(at, Length(bytes, at))); break;
            case 5: Overwrite(bytes, at, bytes.GetRange(_random.Next(bytes.Count), 1)); break;
            case 6: Overwrite(bytes, at, Number()); break;
            case 7: ReplaceDecimal(bytes, at); break;
            case 8: bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_words[_random.Next(s_words.Length)])); break;
            case 9:
                byte[] other = seeds[_random.Next(seeds.Count)];
                int from = _random.Next(other.Length);
                bytes.InsertRange(at, other[from..Math.Min(other.Length, from + _random.Next(1, MostBlock))]);
                break;
            default:
                if (_random.Next(4) == 0) bytes.RemoveRange(at, bytes.Count - at);
                else bytes.AddRange(bytes.GetRange(at, Length(bytes, at)));
                break;
        }
    }

    private int Length(List<byte> bytes, int at) => Math.Min(bytes.Count - at, _random.Next(1, MostBlock));

    private byte[] Number()
    {
        byte[] number = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, s_numbers[_random.Next(s_numbers.Length)]);
        return number[..(1 << _random.Next(1, 4))];
    }

    private static void Overwrite(List<byte> bytes, int at, IReadOnlyList<byte> with)
    {
        for (int i = 0; i < with.Count && at + i < bytes.Count; i++) bytes[at + i] = with[i];
    }

    /// <summary>The next number in plain digits becomes another one.</summary>
    private void ReplaceDecimal(List<byte> bytes, int at)
    {
        int start = bytes.FindIndex(at, static b => b is >= (byte)'0' and <= (byte)'9');
        if (start < 0) return;
        int end = start;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9') end++;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(s_numbers[_random.Next(s_numbers.Length)].ToString(CultureInfo.InvariantCulture)));
    }
}
