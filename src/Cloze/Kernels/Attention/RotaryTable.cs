using System.Runtime.InteropServices;
namespace Cloze.Kernels.Attention;

/// <summary>Cosines and sines of position · θ^(−2i/d), rounded to float32 where the reference rounds them: the frequency, the angle, and the result.</summary>
/// <remarks>Immutable; its memory does not move and lives as long as the object.</remarks>
internal sealed unsafe class RotaryTable
{
    private readonly float[] _cosines, _sines;

    /// <param name="theta">θ; <c>rope_theta</c> of config.json.</param>
    /// <param name="headSize">d, even.</param>
    /// <param name="positions">Positions 0 … positions−1.</param>
    public RotaryTable(double theta, int headSize, int positions)
    {
        int half = headSize / 2;
        Positions = positions;
        _cosines = GC.AllocateUninitializedArray<float>(positions * half, pinned: true);
        _sines = GC.AllocateUninitializedArray<float>(positions * half, pinned: true);
        for (int pair = 0; pair < half; pair++)
        {
            float frequency = 1f / (float)Math.Pow(theta, 2.0 * pair / headSize);
            for (int position = 0; position < positions; position++)
            {
                float angle = position * frequency;
                _cosines[position * half + pair] = (float)Math.Cos(angle);
                _sines[position * half + pair] = (float)Math.Sin(angle);
            }
        }
        Cosines = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_cosines, 0);
        Sines = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_sines, 0);
    }

    public int Positions { get; }

    /// <summary>[positions][d/2].</summary>
    public float* Cosines { get; }

    /// <summary>[positions][d/2].</summary>
    public float* Sines { get; }
}
