namespace Cloze.Ops;

/// <summary>What a model does with a weight, as <see cref="IWeights{T}"/> names it.</summary>
public enum WeightRole
{
    /// <summary>Of a linear map: [outputs, inputs].</summary>
    Matrix,
    /// <summary>Rows to look up.</summary>
    Table,
    /// <summary>Added to outputs.</summary>
    Bias,
    /// <summary>Multiplies normalized columns.</summary>
    Scale,
    /// <summary>Of a convolution.</summary>
    Kernel,
}

/// <summary>A weight as a model asks for it: the stored runs that it is made of. Where no run lies it is zero.</summary>
/// <param name="Padding">Of a table: the row whose lookups train nothing.</param>
public sealed record Weight(WeightRole Role, Size Size, IReadOnlyList<WeightPart> Parts, int? Padding = null)
{
    /// <summary>All of it, row-major, in a new array.</summary>
    public float[] Read()
    {
        float[] values = new float[Size.Elements];
        foreach (WeightPart run in Parts) run.Tensor.Values.Read(run.From, values.AsSpan(run.At, run.Length));
        return values;
    }

    public override string ToString() => $"{string.Join(", ", Parts.Select(part => part.Tensor.Name).Distinct())} {Size}";
}

/// <summary>A run of a stored tensor and where it stands in a weight, in elements; both are row-major.</summary>
public readonly record struct WeightPart(StoredTensor Tensor, int From, int At, int Length);

/// <summary>Where a model's tensors come from: a checkpoint, a random start, or nowhere (<see cref="SchemaSource"/>).</summary>
public interface ITensorSource
{
    /// <summary>The tensor that a model asks for; null: there is none. Its dimensions are checked by the caller.</summary>
    StoredTensor? Find(TensorRequest request);
}

/// <summary>One stored tensor that a model asks for.</summary>
/// <param name="Name">The reference's, with all prefixes.</param>
/// <param name="Dimensions">As stored, outermost first.</param>
/// <param name="Padding">Of a table: the row whose lookups train nothing; null: none.</param>
public sealed record TensorRequest(string Name, WeightRole Role, long[] Dimensions, int? Padding)
{
    public override string ToString() => $"{Name} [{string.Join(',', Dimensions)}]";
}

/// <summary>What a reading makes of a weight.</summary>
public interface IWeightFactory<T> where T : class
{
    /// <summary>The weight in the form of the reading. Its values may be read now or later, as long as the file is open.</summary>
    T Make(Weight weight);

    /// <summary>A view of some rows of a matrix.</summary>
    T Rows(T matrix, int start, int count);

    /// <summary>A view of some elements of a bias.</summary>
    T Columns(T bias, int start, int count);
}

/// <summary>
/// The one implementation of <see cref="IWeights{T}"/>: names, prefixes, stacks, row order, holes and faults, for any source and any reading.
/// </summary>
/// <remarks>
/// A weight is a list of runs of stored tensors, so one name in two groupings needs no rule: each reading makes both of the same stored values, and a
/// tape gives the gradient of both to the stored name. In two roles a name is a fault, since a reading may store roles differently.
/// </remarks>
public sealed class Weights<T> : IWeights<T> where T : class
{
    private readonly Contents _contents;
    private readonly string _prefix;

    /// <param name="source">Where values come from.</param>
    /// <param name="factory">What the reading makes of them.</param>
    public Weights(ITensorSource source, IWeightFactory<T> factory) : this(new(source, factory), "") { }

    private Weights(Contents contents, string prefix) => (_contents, _prefix) = (contents, prefix);

    /// <summary>Every stored tensor that was asked for, once, in the order in which it was asked for first.</summary>
    public IReadOnlyList<StoredTensor> Tensors => _contents.Tensors;

    /// <summary>The same by the names under which models asked for them, which are the reference's whatever the file spells.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Asked => _contents.Asked;

    /// <summary>What is missing, has another shape or is asked for in two roles.</summary>
    public IReadOnlyList<string> Faults => _contents.Faults;

    /// <param name="where">The file, for the message.</param>
    /// <exception cref="CheckpointException">Names all faults.</exception>
    public void ThrowIfFaulty(string where)
    {
        if (Faults.Count == 1) throw new CheckpointException($"{where}: {Faults[0]}");
        if (Faults.Count == 0) return;
        string lines = string.Concat(Faults.Select(fault => $"{Environment.NewLine}  {fault}"));
        throw new CheckpointException($"{where}: {Faults.Count} tensors do not fit.{lines}");
    }

    public IWeights<T> Under(string prefix) => new Weights<T>(_contents, $"{_prefix}{prefix}.");

    public T Matrix(int rows, int columns, params ReadOnlySpan<string> names) => Stack(WeightRole.Matrix, [rows, columns], names);

    public T Matrix(int rows, int columns, RowOrder order, string name)
    {
        Size size = new(rows, columns);
        StoredTensor tensor = Find(name, WeightRole.Matrix, [rows, columns]);
        if (!_contents.Fits(size, _prefix + name)) return _contents.Make(new(WeightRole.Matrix, size, []));
        int block = rows / (order.Heads * order.Parts) * columns;
        WeightPart[] parts = new WeightPart[order.Heads * order.Parts];
        for (int i = 0; i < parts.Length; i++)
        {
            (int part, int head) = Math.DivRem(i, order.Heads);
            parts[i] = new(tensor, From: (head * order.Parts + part) * block, At: i * block, block);
        }
        return _contents.Make(new(WeightRole.Matrix, size, parts));
    }

    public T Table(int rows, int columns, string name, int? padding = null) =>
        Stack(WeightRole.Table, [rows, columns], [name], _contents.PaddingRow(rows, padding, _prefix + name));

    public T Bias(int length, params ReadOnlySpan<string?> names) => Stack(WeightRole.Bias, [length], names);

    public T Scale(int length, string name) => Stack(WeightRole.Scale, [length], [name]);

    public T Kernel(int outputs, int inputs, int width, string name) => Stack(WeightRole.Kernel, [outputs, inputs, width], [name]);

    public LinearWeights<T> Outputs(LinearWeights<T> linear, int start, int count) => new(
        _contents.Factory.Rows(linear.Weight, start, count),
        linear.Bias is null ? null : _contents.Factory.Columns(linear.Bias, start, count));

    /// <summary>The stored tensors one after the other; where a name is null no run lies.</summary>
    private T Stack(WeightRole role, long[] dimensions, ReadOnlySpan<string?> names, int? padding = null)
    {
        long length = dimensions.Aggregate(1L, (product, size) => checked(product * size));
        int rows = dimensions.Length == 1 ? 1 : (int)dimensions[0];
        Size size = dimensions.Length == 1 ? new(1, (int)dimensions[0] * names.Length) : new(rows * names.Length, checked((int)(length / rows)));
        bool fits = _contents.Fits(size, $"{_prefix}{string.Join(", ", names!)}");
        List<WeightPart> parts = [];
        for (int i = 0; i < names.Length; i++)
        {
            if (names[i] is not { } name) continue;
            StoredTensor tensor = Find(name, role, dimensions, padding);
            if (fits) parts.Add(new(tensor, From: 0, At: i * (int)length, (int)length));
        }
        return _contents.Make(new(role, size, parts, padding));
    }

    private StoredTensor Find(string name, WeightRole role, long[] dimensions, int? padding = null) =>
        _contents.Find(new(_prefix + name, role, dimensions, padding));

    /// <summary>What all prefixes share.</summary>
    private sealed class Contents(ITensorSource source, IWeightFactory<T> factory)
    {
        private readonly Dictionary<string, (WeightRole Role, T Weight)> _made = [];
        private readonly Dictionary<string, StoredTensor> _byName = [];

        public IWeightFactory<T> Factory => factory;
        public List<StoredTensor> Tensors { get; } = [];
        public Dictionary<string, StoredTensor> Asked { get; } = [];
        public List<string> Faults { get; } = [];

        /// <summary>The stored tensor, or after a fault one in its place that refuses to be read, so that shapes alone find all faults.</summary>
        public StoredTensor Find(TensorRequest request)
        {
            if (source.Find(request) is not { } found) return Fault($"{request} is missing.");
            if (_byName.TryAdd(found.Name, found)) Tensors.Add(found);
            StoredTensor tensor = _byName[found.Name];
            if (!tensor.Dimensions.SequenceEqual(request.Dimensions)) return Fault($"{tensor} is needed as [{string.Join(',', request.Dimensions)}].");
            return Asked[request.Name] = tensor;

            StoredTensor Fault(string fault)
            {
                if (!Faults.Contains(fault)) Faults.Add(fault);
                return new(request.Name, request.Dimensions, () => throw new CheckpointException(fault));
            }
        }

        /// <summary>A table's padding row from its start; null where there is none, and where it is no row, which is noted.</summary>
        public int? PaddingRow(int rows, int? padding, string name)
        {
            int? row = padding < 0 ? padding + rows : padding;
            if (row is null || (uint)row.Value < (uint)rows) return row;
            string fault = $"{name} has {rows} rows, and none for padding, which would be row {padding} (pad_token_id in config.json).";
            if (!Faults.Contains(fault)) Faults.Add(fault);
            return null;
        }

        /// <summary>Whether a weight can be addressed; else that is noted.</summary>
        public bool Fits(Size size, string names)
        {
            if (size.Elements <= int.MaxValue) return true;
            Faults.Add($"{names} {size} has more than {int.MaxValue} elements, which is not supported.");
            return false;
        }

        /// <summary>The same object for the same runs.</summary>
        public T Make(Weight weight)
        {
            string key = $"{weight.Size} {string.Join('|', weight.Parts.Select(part => $"{part.Tensor.Name}:{part.From}:{part.At}"))}";
            if (!_made.TryGetValue(key, out (WeightRole Role, T Weight) made)) _made[key] = made = (weight.Role, factory.Make(weight));
            if (made.Role != weight.Role) Faults.Add($"{weight} is asked for as {made.Role} and as {weight.Role}.");
            return made.Weight;
        }
    }
}

/// <summary>Has every tensor that is asked for, in the shape that is asked for, without values.</summary>
public sealed class SchemaSource : ITensorSource
{
    public StoredTensor Find(TensorRequest request) =>
        new(request.Name, request.Dimensions, () => throw new NotSupportedException($"{request.Name} has no values: this is a schema."));
}
