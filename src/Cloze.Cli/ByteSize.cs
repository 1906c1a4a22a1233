using System.Globalization;
namespace Cloze.Cli;

/// <summary>A number of bytes as people write it: 5000000, 500MB, 2GB (powers of ten), 1GiB (powers of two).</summary>
internal static class ByteSize
{
    private static readonly (string Unit, long Bytes)[] s_units =
        [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1)];

    /// <returns>Null: it is none, or not from 1 byte to 1000 GB.</returns>
    public static long? Parse(string text)
    {
        (string unit, long bytes) = s_units.First(known => text.EndsWith(known.Unit, StringComparison.OrdinalIgnoreCase));
        return long.TryParse(text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && number > 0 && number <= 1_000_000_000_000 / bytes ? number * bytes : null;
    }
}
