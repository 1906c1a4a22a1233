using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Rows of floats to read: a block, or some rows or columns of one. Default: no operand.</summary>
internal readonly ref struct ReadOnlyMatrix(ReadOnlySpan<float> values, Size size, int stride)
{
    private readonly ReadOnlySpan<float> _values = values;

    public int Rows => size.Rows;
    public int Columns => size.Columns;
    public bool IsNone => size.Rows == 0 && size.Columns == 0;
    public ReadOnlySpan<float> this[int row] => _values.Slice(row * stride, size.Columns);
}

/// <summary>Rows of floats to write.</summary>
internal readonly ref struct Matrix(Span<float> values, Size size, int stride)
{
    private readonly Span<float> _values = values;

    public int Rows => size.Rows;
    public int Columns => size.Columns;
    public Span<float> this[int row] => _values.Slice(row * stride, size.Columns);

    /// <summary>A block for the time of a call.</summary>
    public static Matrix Scratch(int rows, int columns) => new(new float[rows * columns], new(rows, columns), columns);

    public static implicit operator ReadOnlyMatrix(Matrix x) => x.AsReadOnly();

    private ReadOnlyMatrix AsReadOnly() => new(_values, size, stride);
}
