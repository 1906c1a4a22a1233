namespace Cloze.Tokenizers;

/// <summary>Sets of code points that the generated tables hold as packed ranges, written out.</summary>
internal static class CodePointRanges
{
    /// <summary>A class as expressions name it (<c>L</c>, <c>Lu</c>, <c>N</c>, <c>Han</c>, <c>s</c> for \s …); null: there is no pinned table of that name.</summary>
    public static CodePointRange[]? OfExpressionClass(string name) => name switch
    {
        "L" => Letters(),
        "Lu" => Unpack(UnicodeTables.RegexUppercaseLetter),
        "Ll" => Unpack(UnicodeTables.RegexLowercaseLetter),
        "Lt" => Unpack(UnicodeTables.RegexTitlecaseLetter),
        "Lm" => Unpack(UnicodeTables.RegexModifierLetter),
        "Lo" => Unpack(UnicodeTables.RegexOtherLetter),
        "N" => Unpack(UnicodeTables.RegexNumber),
        "P" => Unpack(UnicodeTables.RegexPunctuation),
        "S" => Unpack(UnicodeTables.RegexSymbol),
        "M" => Unpack(UnicodeTables.RegexAnyMark),
        "Han" => Unpack(UnicodeTables.RegexHan),
        "s" => Unpack(UnicodeTables.RegexSpace),
        "w" => Unpack(UnicodeTables.RegexWordCharacter),
        "d" => Unpack(UnicodeTables.RegexDigit),
        _ => null,
    };

    /// <summary>Packed ranges (tools/make_unicode_tables.py) as ranges in ascending order.</summary>
    public static CodePointRange[] Unpack(ReadOnlySpan<byte> packed)
    {
        List<CodePointRange> ranges = [];
        int end = 0;
        for (int at = 0; at < packed.Length;)
        {
            int first = end + Number(packed, ref at);
            end = first + Number(packed, ref at) + 1;
            ranges.Add(new(first, end - 1));
        }
        return ranges.ToArray();
    }

    /// <summary>Sets what belongs to the code points of packed ranges.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    public static void Mark(ReadOnlySpan<byte> packed, Span<byte> values, byte value)
    {
        int end = 0;
        for (int at = 0; at < packed.Length;)
        {
            int first = end + Number(packed, ref at);
            end = first + Number(packed, ref at) + 1;
            values[first..end].Fill(value);
        }
    }

    /// <summary>Ranges of the scripts that UnicodeScripts knows, in ascending order, each with the number of its script, from 1 on.</summary>
    public static (CodePointRange Range, byte Script)[] Scripts()
    {
        ReadOnlySpan<byte> packed = UnicodeTables.Scripts;
        List<(CodePointRange, byte)> ranges = [];
        int end = 0;
        for (int at = 0; at < packed.Length;)
        {
            int first = end + Number(packed, ref at);
            end = first + Number(packed, ref at) + 1;
            ranges.Add((new(first, end - 1), packed[at++]));
        }
        return ranges.ToArray();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    private static int Number(ReadOnlySpan<byte> packed, ref int at)
    {
        int number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = packed[at++];
            number |= (next & 127) << shift;
            if (next < 128) return number;
        }
    }

    /// <summary>The five kinds of letters together; neighbouring ranges become one.</summary>
    private static CodePointRange[] Letters()
    {
        List<CodePointRange> ranges = [];
        foreach (string kind in (ReadOnlySpan<string>)["Lu", "Ll", "Lt", "Lm", "Lo"]) ranges.AddRange(OfExpressionClass(kind)!);
        return [.. CodePointSet.Of(ranges).Ranges()];
    }
}

/// <summary>Code points from <paramref name="First"/> to <paramref name="Last"/>, both inside.</summary>
internal readonly record struct CodePointRange(int First, int Last);
