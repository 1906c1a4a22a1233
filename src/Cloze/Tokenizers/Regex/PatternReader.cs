namespace Cloze.Tokenizers;

/// <summary>Reads the part of Oniguruma's syntax that tokenizer files use; the rest is refused by name.</summary>
/// <remarks>
/// Oniguruma doc/RE (ONIG_SYNTAX_ONIGURUMA): ^ and $ are line anchors, (?m) is "dot matches newline", {n,m}+ is a repeat of a repeat (not possessive),
/// {n}? is an optional repeat (not lazy).
/// </remarks>
internal sealed class PatternReader
{
    private const int MaxRepeat = 999;

    private readonly PatternText _text;
    private readonly ClassReader _classes;
    private bool _isDotAll, _isExtended;

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
            if (_isExtended && SkipSpace() || Atom() is not { } atom) continue;
            int depth = 0;
            while (Quantified(ref atom))
                if (++depth > PatternText.MaxDepth) throw _text.Refuse($"more than {PatternText.MaxDepth} repeats of one thing");
            parts.Add(atom);
        }
        return parts.Count == 1 ? parts[0] : new Pattern.Sequence(parts);
    }

    /// <summary>In extended mode white space and comments say nothing.</summary>
    private bool SkipSpace()
    {
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
        switch (_text.Next)
        {
            case '*': (min, max) = (0, -1); break;
            case '+': (min, max) = (1, -1); break;
            case '?': (min, max) = (0, 1); break;
            case '{' when TryInterval(out min, out max): isInterval = true; break;
            default: return false;
        }
        if (!isInterval) _text.At++;

        RepeatKind kind = RepeatKind.Greedy;
        if (isInterval && min == max && _text.TryTake('?')) // optional, not lazy
            (atom, min, max) = (new Pattern.Repeat(atom, min, max, RepeatKind.Greedy), 0, 1);
        else if (_text.TryTake('?')) kind = RepeatKind.Lazy;
        else if (!isInterval && _text.TryTake('+')) kind = RepeatKind.Possessive;
        atom = new Pattern.Repeat(atom, min, max, kind);
        return true;
    }

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
        if (max >= 0 && max < min) throw _text.Refuse("an interval with its ends swapped");
        return true;
    }

    private int? Number()
    {
        if (!char.IsAsciiDigit(_text.Next)) return null;
        int value = 0;
        for (; char.IsAsciiDigit(_text.Next); _text.At++) value = Math.Min(value * 10 + _text.Next - '0', MaxRepeat + 1);
        return value;
    }

    /// <summary>Null: what was read says nothing (a comment, a literal brace's option).</summary>
    private Pattern? Atom()
    {
        switch (_text.Next)
        {
            case '(':
                return Group();
            case '[':
                _text.At++;
                return new Pattern.Set(_classes.Bracket());
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
            case '\\':
                return Escape();
            default:
                return new Pattern.Set(_classes.Literal(_text.TakeCodePoint()));
        }
    }

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
            (>= '1' and <= '9') or 'k' => throw _text.Refuse($@"the back-reference \{c}"),
            'g' => throw _text.Refuse(@"the recursion \g"),
            'G' or 'K' or 'R' or 'X' or 'y' or 'Y' or 'N' or 'O' => throw _text.Refuse($@"\{c}, which is not read,"),
            _ => null,
        };
        if (anchor is null) return new Pattern.Set(_classes.Escaped(ExpressionClasses.Word, out int literal) ?? _classes.Literal(literal));
        _text.At += 2;
        return new Pattern.Anchor(anchor.Value);
    }

    private Pattern? Group()
    {
        _text.At++;
        if (_text.TryTake("?#"))
        {
            _text.TakeUntil(')', "a comment that is not closed");
            return null;
        }
        Pattern group;
        if (!_text.TryTake('?') || _text.TryTake(':')) group = Choices(); // a capture; nothing refers to it
        else if (_text.TryTake('=')) group = new Pattern.LookAhead(Choices(), IsNegative: false);
        else if (_text.TryTake('!')) group = new Pattern.LookAhead(Choices(), IsNegative: true);
        else if (_text.TryTake('>')) group = Atomic(Choices());
        else if (_text.TryTake("<=")) group = LookBehind(Choices(), isNegative: false);
        else if (_text.TryTake("<!")) group = LookBehind(Choices(), isNegative: true);
        else if (_text.TryTake('<')) group = Named();
        else return Options();
        return _text.TryTake(')') ? group : throw _text.Refuse("a group that is not closed");
    }

    private Pattern Named()
    {
        _text.TakeUntil('>', "a group's name that is not closed");
        return Choices();
    }

    private Pattern Atomic(Pattern body) => body switch
    {
        Pattern.Set => body,
        Pattern.Repeat { Body: Pattern.Set, Kind: RepeatKind.Greedy } repeat => repeat with { Kind = RepeatKind.Possessive },
        _ => throw _text.Refuse("an atomic group (?>…) of more than one repeated class before the place"),
    };

    private Pattern LookBehind(Pattern body, bool isNegative)
    {
        List<CodePointRange> ranges = [];
        foreach (Pattern choice in body is Pattern.Choice { Parts: var parts } ? parts : [body])
        {
            if (choice is not Pattern.Set set) throw _text.Refuse("a look-behind (?<=…) or (?<!…) of something else than one character before the place");
            ranges.AddRange(set.Characters.Ranges());
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
        if (_text.TryTake(')')) return Choices();
        _text.At++;
        Pattern body = Choices();
        (_classes.IgnoresCase, _isDotAll, _isExtended) = (ignoresCase, isDotAll, isExtended);
        return _text.TryTake(')') ? body : throw _text.Refuse("a group that is not closed");
    }
}
