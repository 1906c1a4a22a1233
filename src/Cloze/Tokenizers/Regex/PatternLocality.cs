namespace Cloze.Tokenizers;

/// <summary>Whether long texts may be cut for an expression, so that they go through in blocks and end early.</summary>
internal static class PatternLocality
{
    private const int Space = ' ', MostNodes = 500;

    /// <summary>As <see cref="ITextPattern.IsLocalAtSpaces"/>; false where that cannot be told.</summary>
    /// <remarks>
    /// Enough is: nothing looks behind; look-aheads see one character, which is no space (so that the end of a block says the same as the space behind it); no class
    /// that takes a space follows a class that takes something else than white space; and a space alone can be a match.
    /// </remarks>
    public static bool IsLocalAtSpaces(PatternProgram program)
    {
        if (program.LooksBehind || program.Nodes.Length > MostNodes) return false;
        CodePointSet text = ExpressionClasses.WhiteSpace.Negate();
        bool[] takesText = [.. program.Sets.Select(set => set.Intersect(text).Bounds.Length > 0)];
        foreach (PatternNode node in program.Nodes)
        {
            if (node.Op == PatternOp.Anchor) return false;
            if (node.Op is PatternOp.LookAhead or PatternOp.NotLookAhead && !SeesOneCharacter(program, node.A)) return false;
            if (node.Op != PatternOp.Class || node.Depth > 0 || !takesText[node.A]) continue;
            if (Behind(program, node.B).Any(next => TakesSpace(program, next))) return false;
        }
        return Behind(program, program.Start).Any(node => TakesSpace(program, node)
            && Behind(program, program.Nodes[node].B, throughLookAhead: false).Any(next => program.Nodes[next].Op == PatternOp.Match));
    }

    private static bool TakesSpace(PatternProgram program, int node) =>
        program.Nodes[node] is { Op: PatternOp.Class } taker && program.Sets[taker.A].Contains(Space);

    private static bool SeesOneCharacter(PatternProgram program, int body) => Behind(program, body).All(node =>
        program.Nodes[node] is { Op: PatternOp.Class } seer && !program.Sets[seer.A].Contains(Space) && program.Nodes[seer.B].Op == PatternOp.Match);

    /// <summary>The classes and matches that are reached from a node without a character.</summary>
    private static List<int> Behind(PatternProgram program, int node, bool throughLookAhead = true)
    {
        List<int> reached = [];
        HashSet<int> seen = [];
        Stack<int> open = new([node]);
        while (open.TryPop(out int q))
        {
            if (!seen.Add(q)) continue;
            PatternNode n = program.Nodes[q];
            if (n.Op is PatternOp.Class or PatternOp.Match)
            {
                reached.Add(q);
                continue;
            }
            if (n.Op == PatternOp.Branch) open.Push(n.A);
            if (n.Op == PatternOp.Branch || throughLookAhead) open.Push(n.B);
        }
        return reached;
    }
}
