using System.Buffers;
using System.Text;

namespace Cloze.Tokenizers;

/// <summary>Reads the parts of an expression that stand for one code point: literals, escapes, properties, brackets.</summary>
/// <remarks>Oniguruma doc/RE. Properties come from pinned tables; one without a table is refused by name.</remarks>
internal sealed class ClassReader(PatternText text)
{
    private const string HexDigits = "0123456789abcdefABCDEF";

    public bool IgnoresCase { get; set; }

    /// <summary>From a backslash on: a class such as \d or \p{L}; null and a code point for an escaped character.</summary>
    public CodePointSet? Escaped(CodePointSet word, out int literal)
    {
        text.At++;
        literal = -1;
        if (text.IsAtEnd) throw text.Refuse("a backslash at its end");
        char c = text.Next;
        if (!char.IsAsciiLetterOrDigit(c))
        {
            literal = text.TakeCodePoint();
            return null;
        }
        text.At++;
        switch (c)
        {
            case 's': return ExpressionClasses.WhiteSpace;
            case 'S': return ExpressionClasses.WhiteSpace.Negate();
            case 'd': return ExpressionClasses.Digit;
            case 'D': return ExpressionClasses.Digit.Negate();
            case 'w': return word;
            case 'W': return word.Negate();
            case 'h': return CodePointSet.Of(HexDigits);
            case 'H': return CodePointSet.Of(HexDigits).Negate();
            case 'p' or 'P': return Property(isNegative: c == 'P');
        }
        literal = c switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            'a' => 7,
            'e' => 27,
            'x' => text.TryTake('{') ? text.TakeHexadecimal(null) : Character(text.TakeByte(isOctal: false)),
            'u' => text.TakeHexadecimal(4),
            >= '0' and <= '7' => Character(Octal()),
            'c' or 'C' or 'M' => throw text.Refuse($@"the control character \{c} before the place"),
            'o' when text.Next == '{' => throw text.Refuse(@"\o{, which is not read, before the place"),
            _ => c, // means nothing, so stands for itself
        };
        return null;
    }

    /// <summary>Behind <c>[</c>: ranges, classes, brackets in brackets, &amp;&amp;; up to and with <c>]</c>. Case is ignored in the outermost brackets, before they are negated.</summary>
    public Pattern Bracket()
    {
        CodePointSet set = Ranges(out bool isNegative);
        if (!isNegative) return IgnoresCase ? SeveralFolding.Spell(set) : new Pattern.Set(set);
        return new Pattern.Set((IgnoresCase ? CaseFolding.Close(set) : set).Negate());
    }

    /// <summary>What stands in brackets, not negated yet.</summary>
    private CodePointSet Ranges(out bool isNegative)
    {
        text.Enter();
        isNegative = text.TryTake('^');
        List<CodePointRange> ranges = [];
        CodePointSet? others = null; // what stands before the last &&
        for (bool isFirst = true; isFirst || text.Next != ']'; isFirst = false)
        {
            if (text.IsAtEnd) throw text.Refuse("a class that is not closed");
            if (text.StartsWith("[:") && text.Text.IndexOf(":]", text.At, StringComparison.Ordinal) >= 0)
            {
                ranges.AddRange(Posix().Ranges());
            }
            else if (text.TryTake('['))
            {
                CodePointSet inner = Ranges(out bool isInnerNegative);
                ranges.AddRange((isInnerNegative ? inner.Negate() : inner).Ranges());
            }
            else if (text.TryTake("&&"))
            {
                others = others?.Intersect(CodePointSet.Of(ranges)) ?? CodePointSet.Of(ranges);
                ranges.Clear();
            }
            else
            {
                Range(ranges);
            }
        }
        text.At++;
        text.Leave();
        CodePointSet set = CodePointSet.Of(ranges);
        return others?.Intersect(set) ?? set;
    }

    /// <summary>A class, a character, or a range of characters.</summary>
    private void Range(List<CodePointRange> ranges)
    {
        if (Part(out int low) is { } set)
        {
            ranges.AddRange(set.Ranges());
            if (IsRange()) throw text.Refuse("a range that begins with a class");
            return;
        }
        int high = low;
        if (IsRange())
        {
            text.At++;
            if (text.Next == '[' || Part(out high) is not null) throw text.Refuse("a range that ends in a class");
            if (high < low) throw text.Refuse("a range with its ends swapped");
        }
        ranges.Add(new(low, high));
    }

    private bool IsRange() => text.Next == '-' && text.At + 1 < text.Text.Length && text.Text[text.At + 1] != ']';

    private CodePointSet? Part(out int literal)
    {
        if (text.TryTake(@"\b"))
        {
            literal = '\b';
            return null;
        }
        if (text.Next == '\\') return Escaped(ExpressionClasses.WordInBrackets, out literal);
        literal = text.TakeCodePoint();
        return null;
    }

    private CodePointSet Property(bool isNegative)
    {
        if (!text.TryTake('{')) throw text.Refuse(@"\p without a name in braces");
        if (text.TryTake('^')) isNegative = !isNegative;
        string name = text.TakeUntil('}', @"a \p{ that is not closed");
        CodePointSet set = ExpressionClasses.Property(name) ?? throw text.Refuse($@"\p{{{name}}}, of which there is no table, before the place");
        return isNegative ? set.Negate() : set;
    }

    private CodePointSet Posix()
    {
        text.At += 2;
        bool isNegative = text.TryTake('^');
        string name = text.TakeUntil(':', "a POSIX class that is not closed");
        CodePointSet set = name switch
        {
            "space" => ExpressionClasses.WhiteSpace,
            "digit" => ExpressionClasses.Digit,
            "punct" => ExpressionClasses.Find("P")!.Union(ExpressionClasses.Find("S")!),
            "word" => ExpressionClasses.WordInBrackets,
            "xdigit" => CodePointSet.Of(HexDigits),
            "ascii" => CodePointSet.Of(0, 127),
            _ => throw text.Refuse($"[:{name}:], of which there is no table, before the place"),
        };
        if (!text.TryTake(']')) throw text.Refuse("a POSIX class that is not closed");
        if (IsRange()) throw text.Refuse("a range that begins with a class");
        return isNegative ? set.Negate() : set;
    }

    /// <summary>Behind the first digit.</summary>
    private byte Octal()
    {
        text.At--;
        return text.TakeByte(isOctal: true);
    }

    /// <summary>The character of a byte and, where it is not ASCII, of the bytes that are spelled behind it.</summary>
    private int Character(byte first)
    {
        Span<byte> bytes = [first, 0, 0, 0];
        for (int count = 1; ; count++)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes[..count], out Rune rune, out _);
            if (status == OperationStatus.Done) return rune.Value;
            if (status != OperationStatus.NeedMoreData || !text.TryTake('\\')) break;
            bytes[count] = text.TakeByte(isOctal: !text.TryTake('x'));
        }
        throw text.Refuse("bytes that are no character in UTF-8 before the place");
    }
}
