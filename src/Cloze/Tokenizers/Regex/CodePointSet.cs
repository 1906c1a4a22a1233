using System.Text;

namespace Cloze.Tokenizers;

/// <summary>A set of Unicode code points, kept as the increasing points where membership changes. Immutable.</summary>
internal sealed class CodePointSet
{
    public const int Limit = 0x110000;

    private readonly int[] _bounds; // in at [0], out at [1], in at [2], …

    private CodePointSet(int[] bounds) => _bounds = bounds;

    public static CodePointSet All { get; } = new([0, Limit]);
    public static CodePointSet NewLine { get; } = Of('\n', '\n');

    /// <summary>The points where membership changes, increasing.</summary>
    public ReadOnlySpan<int> Bounds => _bounds;

    public static CodePointSet Of(int first, int last) => new([first, last + 1]);

    public static CodePointSet Of(string characters)
    {
        List<CodePointRange> ranges = [];
        foreach (Rune rune in characters.EnumerateRunes()) ranges.Add(new(rune.Value, rune.Value));
        return Of(ranges);
    }

    /// <summary>All of the ranges, in any order.</summary>
    public static CodePointSet Of(IEnumerable<CodePointRange> ranges)
    {
        List<int> bounds = [];
        foreach (CodePointRange range in ranges.OrderBy(range => range.First))
        {
            if (bounds.Count > 0 && range.First <= bounds[^1]) bounds[^1] = Math.Max(bounds[^1], range.Last + 1);
            else bounds.AddRange([range.First, range.Last + 1]);
        }
        return new([.. bounds]);
    }

    public bool Contains(int codePoint)
    {
        int i = Array.BinarySearch(_bounds, codePoint);
        return i >= 0 ? (i & 1) == 0 : (~i & 1) == 1;
    }

    public CodePointSet Negate()
    {
        int[] inner = _bounds.Length > 0 && _bounds[^1] == Limit ? _bounds[..^1] : [.. _bounds, Limit];
        return new(inner.Length > 0 && inner[0] == 0 ? inner[1..] : [0, .. inner]);
    }

    public CodePointSet Union(CodePointSet other) => Of([.. Ranges(), .. other.Ranges()]);

    public CodePointSet Intersect(CodePointSet other) => Negate().Union(other.Negate()).Negate();

    public IEnumerable<CodePointRange> Ranges()
    {
        for (int i = 0; i < _bounds.Length; i += 2) yield return new(_bounds[i], _bounds[i + 1] - 1);
    }
}
