using System.Runtime.InteropServices;

namespace Cloze.Tokenizers;

/// <summary>Sets of nodes from which a match can be completed at a place: how one follows from the set at the next place, and what they say.</summary>
internal sealed class PatternStates(PatternProgram program, CodePointClasses classes)
{
    /// <summary>Instead of the number of an entry: no match, or a match that is complete.</summary>
    public const int NoMatch = -2, Matched = -3;

    private readonly PatternNode[] _nodes = program.Nodes;

    /// <summary>Words of 64 bits that one set takes.</summary>
    public int Words { get; } = (program.Nodes.Length + 63) / 64;

    /// <summary>The set at a place, of the set behind the code point that stands there.</summary>
    /// <param name="after">The set behind it; empty: the place is the end of the text.</param>
    /// <param name="here">The class of the code point; <see cref="CodePointClasses.Count"/> at the end.</param>
    /// <param name="behind">The class of the one before the place; <see cref="CodePointClasses.Count"/> at the start.</param>
    /// <param name="set">Where it goes.</param>
    public void Before(ReadOnlySpan<ulong> after, int here, int behind, Span<ulong> set)
    {
        set.Clear();
        if (!after.IsEmpty)
        {
            for (int q = 0; q < _nodes.Length; q++)
                if (_nodes[q] is { Op: PatternOp.Class } node && Has(after, node.B) && classes.IsIn(here, node.A)) Put(set, q);
        }
        for (int depth = program.MaxDepth; depth >= 0; depth--) // inner look-aheads first, since outer ones may deny them
            while (Close(set, depth, here, behind)) { }
    }

    /// <summary>Follows the first alternatives that can be completed, from a node to the class that takes the next code point; returns its successor.</summary>
    public int First(ReadOnlySpan<ulong> set, int node)
    {
        Stack<int> others = new();
        HashSet<int> seen = [];
        for (others.Push(node); others.TryPop(out int q);)
        {
            if (!Has(set, q) || !seen.Add(q)) continue;
            PatternNode n = _nodes[q];
            if (n.Op == PatternOp.Match) return Matched;
            if (n.Op == PatternOp.Class) return n.B;
            others.Push(n.B);
            if (n.Op == PatternOp.Branch) others.Push(n.A);
        }
        return NoMatch;
    }

    public static bool Has(ReadOnlySpan<ulong> set, int node) => (set[node >> 6] >> node & 1) != 0;

    /// <summary>The set as the key of a dictionary.</summary>
    public static string Key(ReadOnlySpan<ulong> set) => new(MemoryMarshal.Cast<ulong, char>(set));

    private static void Put(Span<ulong> set, int node) => set[node >> 6] |= 1UL << node;

    /// <summary>Adds nodes of one depth that reach a node of the set without a code point. Successors mostly come first. False: there was none.</summary>
    private bool Close(Span<ulong> set, int depth, int here, int behind)
    {
        bool isChanged = false;
        for (int q = 0; q < _nodes.Length; q++)
        {
            PatternNode n = _nodes[q];
            if (n.Depth != depth || n.Op == PatternOp.Class || Has(set, q)) continue;
            bool holds = n.Op switch
            {
                PatternOp.Match => true,
                PatternOp.Branch => Has(set, n.A) || Has(set, n.B),
                PatternOp.LookAhead => Has(set, n.A) && Has(set, n.B),
                PatternOp.NotLookAhead => !Has(set, n.A) && Has(set, n.B),
                PatternOp.LookBehind => Has(set, n.B) && classes.IsIn(behind, n.A),
                PatternOp.NotLookBehind => Has(set, n.B) && !classes.IsIn(behind, n.A),
                _ => Has(set, n.B) && Holds((AnchorKind)n.A, here, behind),
            };
            if (!holds) continue;
            Put(set, q);
            isChanged = true;
        }
        return isChanged;
    }

    private bool Holds(AnchorKind kind, int here, int behind)
    {
        int none = classes.Count;
        return kind switch
        {
            AnchorKind.LineStart => behind == none || classes.IsIn(behind, program.NewLineSet) && here != none,
            AnchorKind.LineEnd => here == none || classes.IsIn(here, program.NewLineSet),
            AnchorKind.TextStart => behind == none,
            AnchorKind.TextEnd => here == none,
            AnchorKind.WordBoundary => classes.IsIn(behind, program.WordSet) != classes.IsIn(here, program.WordSet),
            _ => classes.IsIn(behind, program.WordSet) == classes.IsIn(here, program.WordSet),
        };
    }
}
