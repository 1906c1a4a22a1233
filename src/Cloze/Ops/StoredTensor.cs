namespace Cloze.Ops;

/// <summary>A tensor as a checkpoint stores it.</summary>
/// <param name="name">As the file spells it.</param>
/// <param name="dimensions">Outermost first; empty for a scalar.</param>
/// <param name="values">Its elements, row-major.</param>
public sealed class StoredTensor(string name, IReadOnlyList<long> dimensions, IStoredValues values)
{
    /// <summary>A tensor whose values are made when somebody asks for them.</summary>
    /// <param name="read">Gives all values, row-major, in a new array.</param>
    public StoredTensor(string name, IReadOnlyList<long> dimensions, Func<float[]> read) : this(name, dimensions, new MadeValues(read)) { }

    public string Name => name;
    public IReadOnlyList<long> Dimensions => dimensions;
    /// <summary>0 where a dimension is 0, however large the product of the others.</summary>
    public long Elements { get; } = dimensions.Contains(0) ? 0 : dimensions.Aggregate(1L, (product, length) => checked(product * length));
    public IStoredValues Values => values;

    /// <summary>All values as float32, row-major, in a new array.</summary>
    public float[] Read()
    {
        float[] all = new float[Elements];
        values.Read(0, all);
        return all;
    }

    public override string ToString() => $"{name} [{string.Join(',', dimensions)}]";

    private sealed class MadeValues(Func<float[]> read) : IStoredValues
    {
        private readonly Lazy<float[]> _all = new(read);

        public void Read(long start, Span<float> destination) => _all.Value.AsSpan((int)start, destination.Length).CopyTo(destination);
        public ReadOnlyMemory<float> Floats => default;
        public Int8Rows? Int8 => null;
    }
}

/// <summary>The elements of a stored tensor in whatever form they are stored.</summary>
/// <remarks>Valid as long as the file that they come from is open.</remarks>
public interface IStoredValues
{
    /// <summary>Writes elements <paramref name="start"/> … of the tensor, row-major, widened to float32.</summary>
    void Read(long start, Span<float> destination);

    /// <summary>All elements where they lie, if they are stored as float32; else empty.</summary>
    ReadOnlyMemory<float> Floats { get; }

    /// <summary>All elements where they lie, if they are stored as int8 with one scale a row; else null.</summary>
    Int8Rows? Int8 { get; }
}

/// <summary>A matrix of int8 with one float32 scale a row: value = (float)q · scale.</summary>
/// <param name="Values">[rows, columns], row-major.</param>
/// <param name="Scales">[rows].</param>
public readonly record struct Int8Rows(ReadOnlyMemory<sbyte> Values, ReadOnlyMemory<float> Scales);

/// <summary>What a file holds: asked before a model is built, for what a configuration does not say.</summary>
public interface IStoredTensors
{
    /// <summary>The tensor that model files call <paramref name="name"/>; null: it is not there.</summary>
    StoredTensor? Find(string name);
}

/// <summary>How the files of one architecture spell the names that its model file uses.</summary>
/// <param name="Prefixes">The encoder's prefix as the model file spells it, then others that files use instead. A file of a bare encoder has none.</param>
/// <param name="Aliases">Names under which the same tensor may be stored instead (tied weights).</param>
public sealed record TensorNames(string[] Prefixes, params (string Name, string Alias)[] Aliases)
{
    /// <summary>No other spelling.</summary>
    public static TensorNames Exact { get; } = new([]);

    /// <summary>A beginning of names within the encoder that the files of another program spell otherwise: "layers." and "encoder.layers.".</summary>
    public (string Name, string Stored)? Within { get; init; }
}

/// <summary>Questions to a file.</summary>
public static class StoredTensorsExtensions
{
    extension(IStoredTensors file)
    {
        public bool Holds(string name) => file.Find(name) is not null;

        /// <summary>Of a table; null: it is not there, or no table that a model could have.</summary>
        internal int? Rows(string name) => file.Find(name)?.Dimensions is [>= 1 and <= int.MaxValue and var rows, _] ? (int)rows : null;

        /// <summary>Whether a tensor is stored that could have been <paramref name="other"/> (tied), but has values of its own.</summary>
        public bool HoldsOwn(string name, string other) =>
            file.Find(name) is { } own && file.Find(other) is { } tied && own.Name != tied.Name && !SameValues(own, tied);
    }

    /// <summary>Reads both in pieces, up to the first that differs.</summary>
    private static bool SameValues(StoredTensor a, StoredTensor b)
    {
        if (!a.Dimensions.SequenceEqual(b.Dimensions)) return false;
        const int piece = 1 << 16;
        float[] ofA = new float[(int)Math.Min(piece, a.Elements)], ofB = new float[ofA.Length];
        for (long start = 0; start < a.Elements; start += piece)
        {
            int count = (int)Math.Min(piece, a.Elements - start);
            a.Values.Read(start, ofA.AsSpan(0, count));
            b.Values.Read(start, ofB.AsSpan(0, count));
            if (!ofA.AsSpan(0, count).SequenceEqual(ofB.AsSpan(0, count))) return false;
        }
        return true;
    }
}
