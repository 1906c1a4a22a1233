using System.Runtime.CompilerServices;
using Cloze.Kernels.Attention;
using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>What attention makes once of constants and of weights: rotary tables, rows of distances, relative tables in the kernel's layout.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed unsafe class AttentionTables
{
    private const int FirstColumns = 512, MostPositions = 1 << 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<(double Theta, int HeadSize), RotaryTable> _rotary = [];
    private readonly Dictionary<int, DistanceRows> _linear = [];
    private readonly Dictionary<RelativeBuckets, DistanceRows> _buckets = [];
    private readonly ConditionalWeakTable<CpuTensor, PackedRelativeKeys> _keys = [];
    private readonly ConditionalWeakTable<CpuTensor, PackedRelativeQueries> _queries = [];

    /// <summary>For positions 0 … <paramref name="positions"/>−1 at least.</summary>
    /// <exception cref="ArgumentException">That is more than any sequence has.</exception>
    public RotaryTable Rotary(double theta, int headSize, int positions)
    {
        if (positions > MostPositions) throw new ArgumentException($"A rotary position is {positions - 1}; they are at most {MostPositions - 1}.");
        lock (_lock)
        {
            if (_rotary.TryGetValue((theta, headSize), out RotaryTable? table) && table.Positions >= positions) return table;
            return _rotary[(theta, headSize)] = new(theta, headSize, Grown(positions));
        }
    }

    /// <summary>Distance + P−1, for a table of 2P−1 rows.</summary>
    public DistanceRows Linear(int rows)
    {
        lock (_lock) return _linear.TryGetValue(rows, out DistanceRows? made) ? made : _linear[rows] = new(rows / 2, rows, distance => distance + rows / 2);
    }

    /// <summary>For distances up to <paramref name="reach"/> at least.</summary>
    public DistanceRows Buckets(RelativeBuckets buckets, int reach)
    {
        lock (_lock)
        {
            if (_buckets.TryGetValue(buckets, out DistanceRows? made) && made.Reach >= reach) return made;
            return _buckets[buckets] = new(Grown(reach), 2 * buckets.Span, buckets.Row);
        }
    }

    /// <param name="table">By whose identity what was made of it is found again; it does not change.</param>
    /// <param name="heads">1: shared by all heads.</param>
    public PackedRelativeKeys Keys(CpuTensor table, int heads)
    {
        lock (_lock)
        {
            if (!_keys.TryGetValue(table, out PackedRelativeKeys? made))
                _keys.Add(table, made = new(table.Data, table.Stride, table.Rows, heads, table.Columns / heads));
            return made;
        }
    }

    /// <inheritdoc cref="Keys"/>
    public PackedRelativeQueries Queries(CpuTensor table, int heads)
    {
        lock (_lock)
        {
            if (!_queries.TryGetValue(table, out PackedRelativeQueries? made))
                _queries.Add(table, made = new(table.Data, table.Stride, table.Rows, heads, table.Columns / heads));
            return made;
        }
    }

    private static int Grown(int count) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(count, FirstColumns));
}
