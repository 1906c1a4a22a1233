namespace Cloze.Tokenizers;

/// <summary>Finds the longest pattern that begins at each place of a text, in one pass from its end. Immutable.</summary>
/// <remarks>
/// Aho and Corasick 1975, on reversed patterns: the state at a place is the longest text from there on that some pattern ends with, and its output the longest pattern that it begins
/// with. Time: O(text); 16 bytes for each unit of the patterns.
/// </remarks>
internal sealed class AddedTokenAutomaton
{
    // nodes in order of their depth; the children of a node follow each other, in the order of their units
    private readonly List<char> _units = ['\0'];
    private readonly List<int> _children = []; // the first; those of the next node end them
    private readonly List<int> _fails = [0], _outputs = [-1];

    /// <param name="patterns">Not empty, each once.</param>
    public AddedTokenAutomaton(string[] patterns)
    {
        string[] reversed = Array.ConvertAll(patterns, Reversed);
        int[] numbers = [.. Enumerable.Range(0, patterns.Length)];
        Array.Sort(reversed, numbers, StringComparer.Ordinal);
        List<(int Low, int High, int Depth)> ranges = [(0, reversed.Length, 0)]; // the patterns that go through each node
        for (int node = 0; node < ranges.Count; node++)
        {
            _children.Add(_units.Count);
            (int low, int high, int depth) = ranges[node];
            if (low < high && reversed[low].Length == depth) low++; // it ends here
            for (int next; low < high; low = next)
            {
                char unit = reversed[low][depth];
                for (next = low + 1; next < high && reversed[next][depth] == unit; next++) { }
                _units.Add(unit);
                _fails.Add(node == 0 ? 0 : Step(_fails[node], unit));
                _outputs.Add(reversed[low].Length == depth + 1 ? numbers[low] : _outputs[_fails[^1]]);
                ranges.Add((low, next, depth + 1));
            }
        }
        _children.Add(_units.Count);
    }

    /// <summary>For each place of the text the number of the longest pattern that begins there; −1: none does.</summary>
    public int[] Longest(ReadOnlySpan<char> text)
    {
        int[] longest = new int[text.Length];
        for (int i = text.Length - 1, node = 0; i >= 0; i--)
        {
            node = Step(node, text[i]);
            longest[i] = _outputs[node];
        }
        return longest;
    }

    private int Step(int node, char unit)
    {
        while (true)
        {
            int low = _children[node], end = _children[node + 1], high = end;
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                if (_units[middle] < unit) low = middle + 1;
                else high = middle;
            }
            if (low < end && _units[low] == unit) return low;
            if (node == 0) return 0;
            node = _fails[node];
        }
    }

    private static string Reversed(string text) => string.Create(text.Length, text, static (units, source) =>
    {
        source.CopyTo(units);
        units.Reverse();
    });
}
