namespace Cloze.Kernels.Attention;

/// <summary>Which row of a relative table belongs to a distance c_i − c_j: a list for all distances up to a reach, made once.</summary>
/// <remarks>Immutable; its memory does not move and lives as long as the object.</remarks>
internal sealed unsafe class DistanceRows
{
    /// <summary>Distances that lanes beyond the last query of a tile may ask for: two vectors of 16.</summary>
    private const int Margin = 32;
    private readonly int[] _rows;
    private readonly int _zero;

    /// <param name="reach">The largest distance that a batch holds.</param>
    /// <param name="count">Rows of the table.</param>
    /// <param name="row">Row of a distance, 0 … count−1.</param>
    /// <exception cref="ArgumentException">A row is outside of the table.</exception>
    public DistanceRows(int reach, int count, Func<int, int> row)
    {
        (Reach, Count, _zero, Ascends, IsSmooth) = (reach, count, reach + Margin, true, true);
        _rows = GC.AllocateUninitializedArray<int>(2 * _zero + 1, pinned: true);
        for (int i = 0; i < _rows.Length; i++)
        {
            int distance = Math.Clamp(i - _zero, -reach, reach), found = _rows[i] = row(distance), before = i == 0 ? found : _rows[i - 1];
            if (found < 0 || found >= count) throw new ArgumentException($"Distance {distance} has row {found} of a relative table of {count} rows.");
            Ascends &= found >= before;
            IsSmooth &= found - before is 0 or 1;
        }
        AtZero = (int*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_rows, _zero);
    }

    public int Reach { get; }

    /// <summary>Rows of the table.</summary>
    public int Count { get; }

    /// <summary>No distance has a row before that of a shorter one.</summary>
    public bool Ascends { get; }

    /// <summary>No row is left out: from one distance to the next, rows ascend by 0 or 1.</summary>
    public bool IsSmooth { get; }

    /// <summary>Where the row of distance 0 stands; −Reach … Reach are valid, and a margin that repeats the ends.</summary>
    public int* AtZero { get; }
}
