namespace Cloze.Tokenizers;

/// <summary>What a node of a <see cref="PatternProgram"/> does.</summary>
internal enum PatternOp : byte { Class, Branch, LookAhead, NotLookAhead, LookBehind, NotLookBehind, Anchor, Match }

/// <summary>A node of a nondeterministic automaton.</summary>
/// <param name="Op">What it does.</param>
/// <param name="A">Class, look-behind: the set; Branch: the preferred successor; look-ahead: the first node of its body; Anchor: its kind.</param>
/// <param name="B">Branch: the other successor; else: the successor.</param>
/// <param name="Depth">How many look-aheads it lies in.</param>
internal readonly record struct PatternNode(PatternOp Op, int A, int B, int Depth);

/// <summary>A regular expression as an automaton over sets of code points, compiled from its end to its start. Immutable.</summary>
internal sealed class PatternProgram
{
    private const int MaxNodes = 4000;

    private readonly string _pattern;
    private readonly List<PatternNode> _nodes = [];
    private readonly List<CodePointSet> _sets = [];

    /// <exception cref="PatternException">It is wrong, or has what is not read.</exception>
    public PatternProgram(string pattern)
    {
        _pattern = pattern;
        Pattern parsed = PatternReader.Read(pattern);
        WordSet = SetIndex(ExpressionClasses.Word);
        NewLineSet = SetIndex(CodePointSet.NewLine);
        Start = Compile(parsed, Add(PatternOp.Match, 0, 0, 0), 0);
        Nodes = [.. _nodes];
        foreach (PatternNode node in Nodes)
        {
            MaxDepth = Math.Max(MaxDepth, node.Depth);
            LooksBehind |= node.Op is PatternOp.LookBehind or PatternOp.NotLookBehind
                || node.Op == PatternOp.Anchor && (AnchorKind)node.A is not (AnchorKind.LineEnd or AnchorKind.TextEnd);
        }
    }

    public PatternNode[] Nodes { get; }
    public IReadOnlyList<CodePointSet> Sets => _sets;
    public int Start { get; }
    public int MaxDepth { get; }

    /// <summary>Some node asks for the code point before the place.</summary>
    public bool LooksBehind { get; }

    /// <summary>The set of \w, and that of the line feed.</summary>
    public int WordSet { get; }

    public int NewLineSet { get; }

    private int Compile(Pattern pattern, int next, int depth)
    {
        switch (pattern)
        {
            case Pattern.Set set:
                return Add(PatternOp.Class, SetIndex(set.Characters), next, depth);
            case Pattern.Text text:
                if (text.CodePoints.Count > MaxNodes) throw TooLarge();
                return Compile(text.Spelled(), next, depth);
            case Pattern.Sequence sequence:
                for (int i = sequence.Parts.Count - 1; i >= 0; i--) next = Compile(sequence.Parts[i], next, depth);
                return next;
            case Pattern.Choice choice:
                int chosen = Compile(choice.Parts[^1], next, depth);
                for (int i = choice.Parts.Count - 2; i >= 0; i--) chosen = Add(PatternOp.Branch, Compile(choice.Parts[i], next, depth), chosen, depth);
                return chosen;
            case Pattern.LookAhead look:
                int body = Compile(look.Body, Add(PatternOp.Match, 0, 0, depth + 1), depth + 1);
                return Add(look.IsNegative ? PatternOp.NotLookAhead : PatternOp.LookAhead, body, next, depth);
            case Pattern.LookBehind look:
                return Add(look.IsNegative ? PatternOp.NotLookBehind : PatternOp.LookBehind, SetIndex(look.Characters), next, depth);
            case Pattern.Anchor { Kind: AnchorKind.TextEndOrLastNewline }:
                Pattern newLine = new Pattern.Repeat(new Pattern.Set(CodePointSet.NewLine), 0, 1, RepeatKind.Greedy);
                return Compile(new Pattern.LookAhead(new Pattern.Sequence([newLine, new Pattern.Anchor(AnchorKind.TextEnd)]), IsNegative: false), next, depth);
            case Pattern.Anchor anchor:
                return Add(PatternOp.Anchor, (int)anchor.Kind, next, depth);
            case Pattern.Repeat repeat:
                return Repeat(repeat, next, depth);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private int Repeat(Pattern.Repeat repeat, int next, int depth)
    {
        if (repeat.Max is not (0 or 1) && CanBeEmpty(repeat.Body)) throw Refuse("a repeat of what may be empty"); // Oniguruma leaves such loops in ways of its own
        int exit = next; // reached with fewer than Max repetitions
        if (repeat.Kind == RepeatKind.Possessive)
        {
            // X++ over one class gives nothing back: after it comes no X, or the limit was reached
            if (repeat.Body is not Pattern.Set) throw Refuse("a possessive repeat of more than one class");
            exit = Compile(new Pattern.LookAhead(repeat.Body, IsNegative: true), next, depth);
        }
        bool isLazy = repeat.Kind == RepeatKind.Lazy;
        int node = repeat.Max > 0 ? next : exit;
        if (repeat.Max < 0)
        {
            node = Add(PatternOp.Branch, -1, -1, depth);
            int body = Compile(repeat.Body, node, depth);
            _nodes[node] = isLazy ? new(PatternOp.Branch, exit, body, depth) : new(PatternOp.Branch, body, exit, depth);
        }
        for (int i = repeat.Max; i > repeat.Min; i--)
        {
            int body = Compile(repeat.Body, node, depth);
            node = isLazy ? Add(PatternOp.Branch, exit, body, depth) : Add(PatternOp.Branch, body, exit, depth);
        }
        for (int i = 0; i < repeat.Min; i++) node = Compile(repeat.Body, node, depth);
        return node;
    }

    private static bool CanBeEmpty(Pattern pattern) => pattern switch
    {
        Pattern.Set or Pattern.Text => false,
        Pattern.Sequence sequence => sequence.Parts.All(CanBeEmpty),
        Pattern.Choice choice => choice.Parts.Any(CanBeEmpty),
        Pattern.Repeat repeat => repeat.Min == 0 || CanBeEmpty(repeat.Body),
        _ => true,
    };

    private int Add(PatternOp op, int a, int b, int depth)
    {
        if (_nodes.Count == MaxNodes) throw TooLarge();
        _nodes.Add(new(op, a, b, depth));
        return _nodes.Count - 1;
    }

    private int SetIndex(CodePointSet set)
    {
        int known = _sets.FindIndex(other => other.Bounds.SequenceEqual(set.Bounds));
        if (known >= 0) return known;
        _sets.Add(set);
        return _sets.Count - 1;
    }

    private PatternException TooLarge() => Refuse($"more than {MaxNodes} nodes when it is compiled");

    private PatternException Refuse(string what) => new(_pattern, 0, what);
}
