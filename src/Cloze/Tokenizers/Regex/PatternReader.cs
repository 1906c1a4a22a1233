namespace Cloze.Tokenizers;

/// <summary>Reads the part of Oniguruma's syntax that tokenizer files use; the rest is refused by name.</summary>
/// <remarks>
/// Oniguruma doc/RE (ONIG_SYNTAX_ONIGURUMA): ^ and $ are line anchors, (?m) is "dot matches newline", {n,m}+ is a repeat of a repeat (not possessive),
/// {n}? is an optional repeat (not lazy), {m,n} with m &gt; n is a possessive {n,m}.
/// </remarks>
internal sealed class PatternReader
{
    private const int MaxRepeat = 999;

    private readonly PatternText _text;
    private readonly ClassReader _classes;
    private bool _isDotAll, _isExtended;
    private int _captures;

    private PatternReader(PatternText text) => (_text, _classes) = (text, new(text));

    /// <exception cref="PatternException">It is wrong, or has what is not read.</exception>
    public static Pattern Read(string pattern)
    {
        PatternReader reader = new(new(pattern));
        Pattern read = reader.Choices();
        return reader._text.IsAtEnd ? read : throw reader._text.Refuse("a closing parenthesis too many");
    }

    /// <summary>Alternatives up to the end of the group; options set inside end with it.</summary>
    private Pattern Choices()
    {
        _text.Enter();
        (bool ignoresCase, bool isDotAll, bool isExtended) = (_classes.IgnoresCase, _isDotAll, _isExtended);
        List<Pattern> choices = [Concatenation()];
        while (_text.TryTake('|')) choices.Add(Concatenation());
        (_classes.IgnoresCase, _isDotAll, _isExtended) = (ignoresCase, isDotAll, isExtended);
        _text.Leave();
        return choices.Count == 1 ? choices[0] : new Pattern.Choice(choices);
    }

    private Pattern Concatenation()
    {
        List<Pattern> parts = [];
        while (!_text.IsAtEnd && _text.Next is not ('|' or ')'))
        {
            if (SkipComment()) continue;
            Pattern atom = Atom();
            int depth = 0;
            while (Quantified(ref atom))
                if (++depth > PatternText.MaxDepth) throw _text.Refuse($"more than {PatternText.MaxDepth} repeats of one thing");
            if (atom is Pattern.Sequence { IsGroup: false, Parts.Count: > 0 } inner && parts.Count > 0) inner.Parts.ForEach(part => Join(parts, part)); // as if there were no (?: )
            else Join(parts, atom);
        }
        return parts.Count == 1 ? parts[0] : new Pattern.Sequence(parts);
    }

    /// <summary>Literals that follow each other are one.</summary>
    private static void Join(List<Pattern> parts, Pattern part)
    {
        if (part is Pattern.Text text && parts is [.., Pattern.Text last] && last.IgnoresCase == text.IgnoresCase) last.CodePoints.AddRange(text.CodePoints);
        else parts.Add(part);
    }

    /// <summary>(?#…), and in extended mode white space and # to the end of the line, say nothing.</summary>
    private bool SkipComment()
    {
        if (_text.TryTake("(?#"))
        {
            while (_text.Next != ')')
            {
                if (_text.TryTake('\\') && !_text.IsAtEnd || !_text.IsAtEnd) _text.At++;
                else throw _text.Refuse("a comment that is not closed");
            }
            _text.At++;
            return true;
        }
        if (!_isExtended) return false;
        if (_text.Next == '#')
        {
            while (!_text.IsAtEnd && _text.Next != '\n') _text.At++;
            return true;
        }
        if (_text.Next is not (' ' or (>= '\t' and <= '\r'))) return false;
        _text.At++;
        return true;
    }

    private bool Quantified(ref Pattern atom)
    {
        int min, max;
        bool isInterval = false;
        while (SkipComment()) { }
        switch (_text.Next)
        {
            case '*': (min, max) = (0, -1); break;
            case '+': (min, max) = (1, -1); break;
            case '?': (min, max) = (0, 1); break;
            case '{' when TryInterval(out min, out max): isInterval = true; break;
            default: return false;
        }
        if (!isInterval) _text.At++;
        if (IsCondition(atom) || atom is Pattern.Choice { Parts: var parts } && parts.Any(IsCondition)) throw _text.Refuse("a repeat of a condition before the place"); // so does the reference

        RepeatKind kind = RepeatKind.Greedy;
        if (isInterval && max >= 0 && max < min) (min, max, kind) = (max, min, RepeatKind.Possessive);
        else if (isInterval && min == max && _text.TryTake('?')) // optional, not lazy
            (atom, min, max) = (new Pattern.Repeat(atom, min, max, RepeatKind.Greedy), 0, 1);
        else if (_text.TryTake('?')) kind = RepeatKind.Lazy;
        else if (!isInterval && _text.TryTake('+')) kind = RepeatKind.Possessive;
        if (min != 1 || max != 1) atom = new Pattern.Repeat(SetOf(atom) is { } set ? new Pattern.Set(set) : atom, min, max, kind); // {1} says nothing
        return true;
    }

    private static bool IsCondition(Pattern pattern) => pattern is Pattern.Anchor or Pattern.LookAhead or Pattern.LookBehind;

    /// <summary>The set that a pattern of one code point takes; null: it is more than that.</summary>
    private static CodePointSet? SetOf(Pattern pattern) => pattern switch
    {
        Pattern.Set set => set.Characters,
        Pattern.Text { CodePoints.Count: 1 } text => text.Spelled() is Pattern.Sequence { Parts: [var only] } ? SetOf(only) : SetOf(text.Spelled()),
        Pattern.Sequence { Parts: [var only] } => SetOf(only),
        _ => null,
    };

    /// <summary>{n}, {n,}, {,m} or {n,m}; anything else is a literal brace.</summary>
    private bool TryInterval(out int min, out int max)
    {
        (min, max) = (0, -1);
        int start = _text.At;
        _text.At++;
        int? low = Number();
        bool hasComma = _text.TryTake(',');
        int? high = hasComma ? Number() : low;
        if (low is null && high is null || !_text.TryTake('}'))
        {
            _text.At = start;
            return false;
        }
        (min, max) = (low ?? 0, high ?? -1);
        if (Math.Max(min, max) > MaxRepeat) throw _text.Refuse($"a repeat of more than {MaxRepeat}");
        return true;
    }

    private int? Number()
    {
        if (!char.IsAsciiDigit(_text.Next)) return null;
        int value = 0;
        for (; char.IsAsciiDigit(_text.Next); _text.At++) value = Math.Min(value * 10 + _text.Next - '0', MaxRepeat + 1);
        return value;
    }

    private Pattern Atom()
    {
        switch (_text.Next)
        {
            case '(':
                return Group();
            case '[':
                _text.At++;
                return _classes.Bracket();
            case '.':
                _text.At++;
                return new Pattern.Set(_isDotAll ? CodePointSet.All : CodePointSet.NewLine.Negate());
            case '^':
                _text.At++;
                return new Pattern.Anchor(AnchorKind.LineStart);
            case '$':
                _text.At++;
                return new Pattern.Anchor(AnchorKind.LineEnd);
            case '*' or '+' or '?':
                throw _text.Refuse($"a {_text.Next} with nothing to repeat");
            case '{' when TryInterval(out _, out _):
                throw _text.Refuse("an interval with nothing to repeat");
            case '\\':
                return Escape();
            default:
                return Literal(_text.TakeCodePoint());
        }
    }

    private Pattern.Text Literal(int codePoint) => new([codePoint], _classes.IgnoresCase);

    private Pattern Escape()
    {
        char c = _text.At + 1 < _text.Text.Length ? _text.Text[_text.At + 1] : '\0';
        AnchorKind? anchor = c switch
        {
            'b' => AnchorKind.WordBoundary,
            'B' => AnchorKind.NotWordBoundary,
            'A' => AnchorKind.TextStart,
            'z' => AnchorKind.TextEnd,
            'Z' => AnchorKind.TextEndOrLastNewline,
            'k' => throw _text.Refuse(@"the back-reference \k"),
            >= '1' and <= '9' when IsReference() => throw _text.Refuse($@"the back-reference \{c}"),
            'g' => throw _text.Refuse(@"the recursion \g"),
            'G' or 'K' or 'R' or 'X' or 'y' or 'Y' => throw _text.Refuse($@"\{c}, which is not read,"),
            _ => null,
        };
        if (anchor is null && c is not ('N' or 'O')) return _classes.Escaped(ExpressionClasses.Word, out int literal) is { } set ? new Pattern.Set(set) : Literal(literal);
        _text.At += 2;
        if (anchor is null) return new Pattern.Set(c == 'O' ? CodePointSet.All : CodePointSet.NewLine.Negate());
        return new Pattern.Anchor(anchor.Value);
    }

    /// <summary>Behind a backslash: one digit, or a number of a group so far; other numbers are octal.</summary>
    private bool IsReference()
    {
        int value = 0;
        for (int i = _text.At + 1; i < _text.Text.Length && char.IsAsciiDigit(_text.Text[i]); i++) value = Math.Min(value * 10 + _text.Text[i] - '0', 1 << 20);
        return value <= 9 || value <= _captures;
    }

    private Pattern Group()
    {
        _text.At++;
        Pattern group;
        if (!_text.TryTake('?')) group = Capture();
        else if (_text.TryTake(':')) group = Choices();
        else if (_text.TryTake('=')) group = new Pattern.LookAhead(Choices(), IsNegative: false);
        else if (_text.TryTake('!')) group = new Pattern.LookAhead(Choices(), IsNegative: true);
        else if (_text.TryTake('>')) group = Atomic(Choices());
        else if (_text.TryTake("<=")) group = LookBehind(Choices(), isNegative: false);
        else if (_text.TryTake("<!")) group = LookBehind(Choices(), isNegative: true);
        else if (_text.TryTake('<')) group = Named();
        else return Options();
        return _text.TryTake(')') ? group : throw _text.Refuse("a group that is not closed");
    }

    private Pattern.Sequence Named()
    {
        string name = _text.TakeUntil('>', "a group's name that is not closed");
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || name[0] is '-') throw _text.Refuse($"the group's name \"{name}\", which is none, before the place");
        return Capture();
    }

    /// <summary>Nothing refers to it.</summary>
    private Pattern.Sequence Capture()
    {
        _captures++;
        return Apart(Choices());
    }

    /// <summary>A group whose literals are not one with those beside it.</summary>
    private static Pattern.Sequence Apart(Pattern body) => new([body]) { IsGroup = true };

    private Pattern Atomic(Pattern body) => body switch
    {
        Pattern.Sequence { Parts: [var only] } => Atomic(only),
        Pattern.Text { IgnoresCase: false } => Apart(body),
        _ when SetOf(body) is { } set => new Pattern.Set(set),
        Pattern.Repeat { Body: Pattern.Set, Kind: RepeatKind.Greedy } repeat => repeat with { Kind = RepeatKind.Possessive },
        _ => throw _text.Refuse("an atomic group (?>…) of more than one repeated class before the place"),
    };

    private Pattern LookBehind(Pattern body, bool isNegative)
    {
        List<CodePointRange> ranges = [];
        foreach (Pattern choice in body is Pattern.Choice { Parts: var parts } ? parts : [body])
        {
            CodePointSet? set = choice is Pattern.Text { CodePoints: [var codePoint], IgnoresCase: true } ? CaseFolding.Equal(codePoint) : SetOf(choice); // here ß is not ss
            ranges.AddRange(set?.Ranges() ?? throw _text.Refuse("a look-behind (?<=…) or (?<!…) of something else than one character before the place"));
        }
        return new Pattern.LookBehind(CodePointSet.Of(ranges), isNegative);
    }

    /// <summary>(?i) for the rest of the group, alternatives included, or (?i:…).</summary>
    private Pattern Options()
    {
        (bool ignoresCase, bool isDotAll, bool isExtended) = (_classes.IgnoresCase, _isDotAll, _isExtended);
        bool isOn = true;
        for (; _text.Next is not (':' or ')'); _text.At++)
        {
            switch (_text.Next)
            {
                case '-': isOn = false; break;
                case 'i': _classes.IgnoresCase = isOn; break;
                case 'm': _isDotAll = isOn; break;
                case 'x': _isExtended = isOn; break;
                default: throw _text.Refuse(_text.IsAtEnd ? "a group that is not closed" : $"the group (?{_text.Next}, which is not read,");
            }
        }
        if (_text.TryTake(')')) return Apart(Choices());
        _text.At++;
        Pattern body = Choices();
        (_classes.IgnoresCase, _isDotAll, _isExtended) = (ignoresCase, isDotAll, isExtended);
        return _text.TryTake(')') ? Apart(body) : throw _text.Refuse("a group that is not closed");
    }
}
