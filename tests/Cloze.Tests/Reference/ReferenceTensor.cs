using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Floats in rows: a block of its own, or a window on rows or columns of another's.</summary>
/// <remarks>A window owns nothing: it is a view, as <see cref="IOps{T}"/> says.</remarks>
public sealed class ReferenceTensor
{
    private readonly ReferenceTensor? _whole;
    private readonly int _start;
    private float[]? _values;   // of the whole; null: its life has ended

    private ReferenceTensor(Size size, int stride, string made) => (Size, Stride, Made) = (size, stride, made);

    private ReferenceTensor(float[] values, Size size, string made) : this(size, size.Columns, made) => _values = values;

    private ReferenceTensor(ReferenceTensor whole, int start, Size size, string made) : this(size, whole.Stride, made) => (_whole, _start) = (whole, start);

    public Size Size { get; }
    public int Rows => Size.Rows;
    public int Columns => Size.Columns;
    /// <summary>Floats from one row to the next.</summary>
    public int Stride { get; }
    /// <summary>The stored name, or the operation that made it.</summary>
    public string Made { get; }

    /// <summary>The tensor whose floats these are.</summary>
    internal ReferenceTensor Whole => _whole ?? this;

    /// <summary>The frame that ends this tensor's life; null: nobody does. Of wholes only.</summary>
    internal ReferenceFrame? Owner { get; set; }

    /// <summary>A tensor that no scope ends: a weight.</summary>
    public static ReferenceTensor Lasting(int rows, int columns, float[] values, string name) =>
        values.Length == (long)rows * columns ? new(values, new(rows, columns), name) : throw new ArgumentException($"{name}: {values.Length} values for [{rows},{columns}].");

    internal static ReferenceTensor New(Size size, string made) => new(new float[size.Elements], size, made);

    internal ReferenceTensor ViewOfColumns(int start, int count) => new(Whole, _start + start, new(Rows, count), $"columns {start} … of {Made}");

    internal ReferenceTensor ViewOfRows(int start, int count) => new(Whole, _start + start * Stride, new(count, Columns), $"rows {start} … of {Made}");

    public ReadOnlySpan<float> Row(int row) => Values[row];

    internal ReadOnlyMatrix Values => new(Block.AsSpan(_start), Size, Stride);

    /// <summary>To be written once, by the operation that makes it.</summary>
    internal Matrix Output => new(Block.AsSpan(_start), Size, Stride);

    /// <summary>All elements, row-major.</summary>
    public float[] ToArray()
    {
        float[] all = new float[Rows * Columns];
        for (int i = 0; i < Rows; i++) Row(i).CopyTo(all.AsSpan(i * Columns));
        return all;
    }

    internal void End()
    {
        _ = Block;
        Whole._values = null;
    }

    private float[] Block => Whole._values ?? throw new InvalidOperationException($"Used after its life ended: {Size} made by {Made}.");
}
