using Cloze.Ops;
namespace Cloze.Tests.Cpu;

/// <summary>
/// Has every tensor that is asked for, drawn from the normal distribution by its name; none is zero or one throughout, as biases and scales of a random
/// start are.
/// </summary>
internal sealed class Noise(int seed) : ITensorSource
{
    public StoredTensor Find(TensorRequest request) => new(request.Name, request.Dimensions, () => Draw(request));

    public static float[] Values(int seed, int count, float scale = 1)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));   // Box and Muller 1958
            values[i] = scale * (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return values;
    }

    private float[] Draw(TensorRequest request)
    {
        int hash = request.Name.Aggregate(seed, (sum, letter) => unchecked(sum * 31 + letter));
        int count = (int)request.Dimensions.Aggregate(1L, (product, size) => product * size);
        float scale = request.Role is WeightRole.Matrix or WeightRole.Kernel ? 1 / MathF.Sqrt(count / request.Dimensions[0]) : 1;
        return Values(hash, count, scale);
    }
}
