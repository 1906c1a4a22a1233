using System.Runtime.InteropServices;
namespace Cloze.Kernels.Attention;

/// <summary>Cosines and sines of column · θ^(−2i/d), rounded to float32 where the reference rounds them: the frequency, the angle, and the result.</summary>
/// <remarks>Immutable; its memory does not move and lives as long as the object.</remarks>
internal sealed unsafe class RotaryTable
{
    private readonly float[] _cosines, _sines;

    /// <param name="theta">θ; <c>rope_theta</c> of config.json.</param>
    /// <param name="headSize">d, even.</param>
    /// <param name="columns">Columns 0 … columns−1.</param>
    public RotaryTable(double theta, int headSize, int columns)
    {
        int half = headSize / 2;
        Columns = columns;
        _cosines = GC.AllocateUninitializedArray<float>(columns * half, pinned: true);
        _sines = GC.AllocateUninitializedArray<float>(columns * half, pinned: true);
        for (int pair = 0; pair < half; pair++)
        {
            float frequency = 1f / (float)Math.Pow(theta, 2.0 * pair / headSize);
            for (int column = 0; column < columns; column++)
            {
                float angle = column * frequency;
                _cosines[column * half + pair] = (float)Math.Cos(angle);
                _sines[column * half + pair] = (float)Math.Sin(angle);
            }
        }
        Cosines = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_cosines, 0);
        Sines = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_sines, 0);
    }

    public int Columns { get; }

    /// <summary>[columns][d/2].</summary>
    public float* Cosines { get; }

    /// <summary>[columns][d/2].</summary>
    public float* Sines { get; }
}
