using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>What an adapter adds to one matrix: scale · B·A.</summary>
/// <param name="Down">A [rank,columns].</param>
/// <param name="Up">B [rows,rank].</param>
internal sealed record LowRank(int Rows, int Columns, int Rank, float Scale, float[] Down, float[] Up);

/// <summary>A base matrix and what an adapter adds to it, added in float32 when it is read: W + s · (B·A).</summary>
internal sealed class LowRankValues(IStoredValues own, LowRank low) : IStoredValues
{
    public ReadOnlyMemory<float> Floats => default;
    public Int8Rows? Int8 => null;

    public void Read(long start, Span<float> destination)
    {
        own.Read(start, destination);
        float[] added = new float[low.Columns];
        for (int done = 0; done < destination.Length;)
        {
            (int row, int column) = ((int)((start + done) / low.Columns), (int)((start + done) % low.Columns));
            int count = Math.Min(low.Columns - column, destination.Length - done);
            Span<float> sums = added.AsSpan(0, count);
            sums.Clear();
            for (int k = 0; k < low.Rank; k++)
            {
                float up = low.Up[row * low.Rank + k];
                ReadOnlySpan<float> down = low.Down.AsSpan(k * low.Columns + column, count);
                for (int i = 0; i < count; i++) sums[i] += up * down[i];
            }
            Span<float> values = destination.Slice(done, count);
            for (int i = 0; i < count; i++) values[i] += low.Scale * sums[i];
            done += count;
        }
    }
}
