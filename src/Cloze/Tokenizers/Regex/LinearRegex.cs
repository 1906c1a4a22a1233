using System.Buffers;

namespace Cloze.Tokenizers;

/// <summary>
/// Finds all matches of a regular expression as a backtracking matcher would (leftmost start, first alternative, greedy or lazy as written), in time
/// linear in the text, look-ahead included. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Frisch and Cardelli 2004, Greedy regular expression matching. A pass from the end of the text finds for each place i the set V(i) of nodes from
/// which a match can be completed at i; a pass from the start then takes at each branch the first alternative that lies in V(i), and so never turns
/// back. A look-ahead is a node whose membership in V(i) is that of its body's first node (or not). Both passes read tables that are filled as sets are
/// met (<see cref="PatternTables"/>); a text that would overflow them is matched set by set (<see cref="PatternWalk"/>). docs/decisions/0031.
/// </remarks>
internal sealed class LinearRegex : ITextPattern
{
    private readonly PatternProgram _program;
    private readonly CodePointClasses _classes;
    private readonly PatternStates _states;
    private readonly PatternTables _tables;

    /// <exception cref="PatternException">It is wrong, or has what is not read.</exception>
    public LinearRegex(string pattern)
    {
        _program = new(pattern);
        _classes = new(_program, pattern);
        _states = new(_program, _classes);
        _tables = new(_program, _classes, _states);
        IsLocalAtSpaces = PatternLocality.IsLocalAtSpaces(_program);
    }

    public bool IsLocalAtSpaces { get; }

    public void FindAll(ReadOnlySpan<char> text, SplitList matches)
    {
        int before = matches.Count;
        ushort[] sets = ArrayPool<ushort>.Shared.Rent(text.Length + 1);
        bool isDone = _tables.ViableSets(text, sets) && _tables.Walk(sets.AsSpan(0, text.Length + 1), matches);
        ArrayPool<ushort>.Shared.Return(sets);
        if (isDone) return;
        matches.Rewind(before);
        FindAllWithoutTables(text, matches);
    }

    /// <summary>As <see cref="FindAll"/>, with a set for every place: slower by two orders of magnitude, in little memory, and as linear.</summary>
    internal void FindAllWithoutTables(ReadOnlySpan<char> text, SplitList matches) => new PatternWalk(_program, _classes, _states).FindAll(text, matches);
}
