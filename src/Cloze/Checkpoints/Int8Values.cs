using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>A matrix stored as int8 with a scale a row: value = (q − zero point) · scale, computed in float32.</summary>
/// <param name="stored">I8 [rows,columns].</param>
/// <param name="scales">[rows].</param>
/// <param name="zeroPoints">[rows]; null: all are 0.</param>
internal sealed class Int8Values(FileTensor stored, ReadOnlyMemory<float> scales, sbyte[]? zeroPoints) : IStoredValues
{
    private readonly long _columns = stored.Shape[1];

    public ReadOnlyMemory<float> Floats => default;

    /// <inheritdoc/>
    public Int8Rows? Int8 { get; } = zeroPoints is null ? new(stored.Bytes8, scales) : null;

    public void Read(long start, Span<float> destination)
    {
        stored.Read(start, destination); // exact: |q| ≤ 128
        ReadOnlySpan<float> scale = scales.Span;
        for (int done = 0; done < destination.Length;)
        {
            (int row, int column) = ((int)((start + done) / _columns), (int)((start + done) % _columns));
            int count = (int)Math.Min(_columns - column, destination.Length - done), zeroPoint = zeroPoints?[row] ?? 0;
            foreach (ref float value in destination.Slice(done, count)) value = (value - zeroPoint) * scale[row];
            done += count;
        }
    }
}
