using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>Both passes as table look-ups: sets of nodes are numbered as they are met, and every step from one to the next is computed once.</summary>
/// <remarks>
/// Threads share the tables: entries are written under a lock and never change. They hold at most 2^17 entries each and sets of 1 MB in all, 2 MB for
/// an expression; what would need more is told by false.
/// </remarks>
internal sealed class PatternTables
{
    private const int MostEntries = 1 << 17, MostWords = 1 << 17, MostSets = 32000;
    private const ushort Continued = ushort.MaxValue; // second half of a surrogate pair
    private const int Unknown = -1;

    private readonly PatternProgram _program;
    private readonly CodePointClasses _classes;
    private readonly PatternStates _states;
    private readonly int[] _nodeOf;  // entry → node that a match can be at between two code points
    private readonly int[] _entryOf; // node → entry, or −1
    private readonly int _backShift, _stepShift, _mostSets;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _numberOf = new(StringComparer.Ordinal);
    private ulong[] _sets;
    private int _count, _room = 8;
    private readonly int[] _end; // [class of the last character] → set at the end
    private int[] _back; // [set at i + 1][class of character i, with look-behind also of character i − 1] → set at i
    private int[] _step; // [set at i][entry] → entry behind character i, or Matched or NoMatch

    public PatternTables(PatternProgram program, CodePointClasses classes, PatternStates states)
    {
        (_program, _classes, _states) = (program, classes, states);
        List<int> entries = [program.Start];
        foreach (PatternNode node in program.Nodes)
            if (node.Op == PatternOp.Class && !entries.Contains(node.B)) entries.Add(node.B);
        _nodeOf = [.. entries];
        _entryOf = new int[program.Nodes.Length];
        for (int i = 0; i < _nodeOf.Length; i++) _entryOf[_nodeOf[i]] = i;

        int columns = classes.Count * (program.LooksBehind ? classes.Count + 1 : 1);
        _backShift = BitOperations.Log2((uint)columns * 2 - 1);
        _stepShift = BitOperations.Log2((uint)_nodeOf.Length * 2 - 1);
        _mostSets = Math.Min(MostSets, Math.Min(MostEntries >> Math.Max(_backShift, _stepShift), MostWords / states.Words));
        _room = Math.Min(_room, _mostSets);
        _end = Filled(classes.Count + 1, []);
        _sets = new ulong[_room * states.Words];
        _back = Filled(_room << _backShift, []);
        _step = Filled(_room << _stepShift, []);
    }

    /// <summary>The pass from the end: the number of the set at each place. False: the tables are full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool ViableSets(ReadOnlySpan<char> text, Span<ushort> sets)
    {
        int none = _classes.Count, units = 0;
        int here = text.IsEmpty ? none : _classes.EndingAt(text, text.Length - 1, out units);
        int set = AtTheEnd(_program.LooksBehind ? here : none);
        if (set < 0) return false;
        sets[text.Length] = (ushort)set;
        if (_program.LooksBehind) return LookingBehind(text, sets, set, here, units);

        int[] back = Volatile.Read(ref _back);
        for (int i = text.Length - 1, shift = _backShift; i >= 0; i--)
        {
            here = _classes.EndingAt(text, i, out units);
            int index = set << shift | here;
            int known = (uint)index < (uint)back.Length ? back[index] : Unknown;
            if (known < 0 && (known = Back(set, here, none, ref back)) < 0) return false;
            set = known;
            if (units == 2) sets[i--] = Continued;
            sets[i] = (ushort)set;
        }
        return true;
    }

    private bool LookingBehind(ReadOnlySpan<char> text, Span<ushort> sets, int set, int here, int units)
    {
        int[] back = Volatile.Read(ref _back);
        for (int i = text.Length; i > 0;)
        {
            if (units == 2) sets[i - 1] = Continued;
            i -= units;
            int behind = i == 0 ? _classes.Count : _classes.EndingAt(text, i - 1, out units);
            int index = set << _backShift | here * (_classes.Count + 1) + behind;
            int known = (uint)index < (uint)back.Length ? back[index] : Unknown;
            if (known < 0 && (known = Back(set, here, behind, ref back)) < 0) return false;
            sets[i] = (ushort)(set = known);
            here = behind;
        }
        return true;
    }

    /// <summary>The pass from the start: appends the matches. False: the tables are full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Walk(ReadOnlySpan<ushort> sets, SplitList matches)
    {
        int[] step = Volatile.Read(ref _step);
        int shift = _stepShift, lastEnd = -1;
        for (int i = 0; i < sets.Length;)
        {
            int j = i, entry = 0;
            while (true)
            {
                int index = sets[j] << shift | entry;
                int next = (uint)index < (uint)step.Length ? step[index] : Unknown;
                if (next == Unknown) next = Step(sets[j], entry, ref step);
                entry = next;
                if (next < 0) break;
                if (sets[++j] == Continued) j++;
            }
            bool isMatch = entry == PatternStates.Matched;
            if (isMatch && (j > i || lastEnd != j)) // an empty match right behind a match does not count
            {
                matches.Add(i, j);
                lastEnd = j;
            }
            if (isMatch && j > i) i = j;
            else if (++i < sets.Length && sets[i] == Continued) i++;
        }
        return true;
    }

    private int AtTheEnd(int behind)
    {
        int known = Volatile.Read(ref _end[behind]);
        if (known >= 0) return known;
        Span<ulong> set = new ulong[_states.Words];
        lock (_lock)
        {
            _states.Before(default, _classes.Count, behind, set);
            int number = Number(set);
            Volatile.Write(ref _end[behind], number);
            return number;
        }
    }

    /// <summary>−1: the tables are full.</summary>
    private int Back(int set, int here, int behind, ref int[] table)
    {
        lock (_lock)
        {
            int index = set << _backShift | (_program.LooksBehind ? here * (_classes.Count + 1) + behind : here);
            if (_back[index] == Unknown)
            {
                Span<ulong> before = new ulong[_states.Words];
                _states.Before(Set(set), here, behind, before);
                int number = Number(before);
                if (number < 0) return Unknown;
                Volatile.Write(ref _back[index], number);
            }
            table = _back;
            return _back[index];
        }
    }

    private int Step(int set, int entry, ref int[] table)
    {
        lock (_lock)
        {
            int index = set << _stepShift | entry;
            if (_step[index] == Unknown)
            {
                int next = _states.First(Set(set), _nodeOf[entry]);
                Volatile.Write(ref _step[index], next >= 0 ? _entryOf[next] : next);
            }
            table = _step;
            return _step[index];
        }
    }

    private ReadOnlySpan<ulong> Set(int number) => _sets.AsSpan(number * _states.Words, _states.Words);

    private int Number(ReadOnlySpan<ulong> set)
    {
        string key = PatternStates.Key(set);
        if (_numberOf.TryGetValue(key, out int number)) return number;
        if (_count == _mostSets) return Unknown;
        if (_count == _room)
        {
            _room = Math.Min(_room * 2, _mostSets);
            Array.Resize(ref _sets, _room * _states.Words);
            Volatile.Write(ref _back, Filled(_room << _backShift, _back));
            Volatile.Write(ref _step, Filled(_room << _stepShift, _step));
        }
        set.CopyTo(_sets.AsSpan(_count * _states.Words));
        _numberOf[key] = _count;
        return _count++;
    }

    private static int[] Filled(int length, int[] known)
    {
        int[] table = new int[length];
        known.CopyTo(table, 0);
        table.AsSpan(known.Length).Fill(Unknown);
        return table;
    }
}
