namespace Cloze.Tokenizers;

/// <summary>Reads the parts of an expression that stand for one code point: literals, escapes, properties, brackets.</summary>
/// <remarks>Oniguruma doc/RE. Properties come from pinned tables; one without a table is refused by name.</remarks>
internal sealed class ClassReader(PatternText text)
{
    private const string HexDigits = "0123456789abcdefABCDEF";

    public bool IgnoresCase { get; set; }

    /// <summary>One literal character.</summary>
    public CodePointSet Literal(int codePoint)
    {
        CodePointSet set = CodePointSet.Of(codePoint, codePoint);
        return IgnoresCase ? CaseFolding.Close(set) : set;
    }

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
            'x' => text.TakeHexadecimal(text.TryTake('{') ? null : 2),
            'u' => text.TakeHexadecimal(4),
            '0' => Octal(),
            _ => throw text.Refuse($@"\{c}, which is not read, before the place"),
        };
        return null;
    }

    /// <summary>Behind <c>[</c>: ranges, classes, brackets in brackets, &amp;&amp;; up to and with <c>]</c>.</summary>
    public CodePointSet Bracket()
    {
        text.Enter();
        bool isNegative = text.TryTake('^');
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
                ranges.AddRange(Bracket().Ranges());
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
        if (others is not null) set = others.Intersect(set);
        if (IgnoresCase) set = CaseFolding.Close(set);
        return isNegative ? set.Negate() : set;
    }

    /// <summary>A class, a character, or a range of characters.</summary>
    private void Range(List<CodePointRange> ranges)
    {
        if (Part(out int low) is { } set)
        {
            ranges.AddRange(set.Ranges());
            return;
        }
        int high = low;
        if (text.Next == '-' && text.At + 1 < text.Text.Length && text.Text[text.At + 1] != ']')
        {
            text.At++;
            if (text.Next == '[' || Part(out high) is not null) throw text.Refuse("a range that ends in a class");
            if (high < low) throw text.Refuse("a range with its ends swapped");
        }
        ranges.Add(new(low, high));
    }

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
            "word" => ExpressionClasses.WordInBrackets,
            "xdigit" => CodePointSet.Of(HexDigits),
            "ascii" => CodePointSet.Of(0, 127),
            _ => throw text.Refuse($"[:{name}:], of which there is no table, before the place"),
        };
        if (!text.TryTake(']')) throw text.Refuse("a POSIX class that is not closed");
        return isNegative ? set.Negate() : set;
    }

    /// <summary>Behind \0: two octal digits at most.</summary>
    private int Octal()
    {
        int value = 0;
        for (int i = 0; i < 2 && text.Next is >= '0' and <= '7'; i++, text.At++) value = value * 8 + text.Next - '0';
        return value;
    }
}
