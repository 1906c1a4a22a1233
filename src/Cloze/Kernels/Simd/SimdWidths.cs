using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
namespace Cloze.Kernels.Simd;

/// <summary>How many float32 lanes the kernels compute at once. No result depends on it.</summary>
internal enum SimdWidth
{
    Scalar = 1,
    Bits128 = 4,
    Bits256 = 8,
    Bits512 = 16,
}

/// <summary>Code for any width: a kernel's call with its arguments as fields.</summary>
internal interface ISimdCall
{
    void Invoke<S, V>() where S : struct, ISimd<V> where V : struct;
}

/// <summary>Picks the width, here and nowhere else.</summary>
internal static class SimdWidths
{
    /// <summary>Overrides the choice: 512, 256, 128 or scalar. A width that the machine has no instructions for runs in parts.</summary>
    public const string Variable = "CLOZE_SIMD";

    private static SimdWidth s_chosen;   // 0: not chosen yet; threads that choose at once choose the same

    /// <summary>The width that kernels run at in this process.</summary>
    /// <exception cref="ArgumentException"><see cref="Variable"/> names no width.</exception>
    public static SimdWidth Chosen => s_chosen != 0 ? s_chosen : s_chosen = Choose(Environment.GetEnvironmentVariable(Variable));

    public static IReadOnlyList<SimdWidth> All { get; } = [SimdWidth.Scalar, SimdWidth.Bits128, SimdWidth.Bits256, SimdWidth.Bits512];

    /// <param name="wish">The value of <see cref="Variable"/>; null or empty: the widest that the machine has instructions for.</param>
    public static SimdWidth Choose(string? wish) => wish switch
    {
        null or "" => Avx512F.IsSupported ? SimdWidth.Bits512
            : Avx2.IsSupported && Fma.IsSupported ? SimdWidth.Bits256
            : Vector128.IsHardwareAccelerated ? SimdWidth.Bits128
            : SimdWidth.Scalar,
        "512" => SimdWidth.Bits512,
        "256" => SimdWidth.Bits256,
        "128" => SimdWidth.Bits128,
        "scalar" => SimdWidth.Scalar,
        _ => throw new ArgumentException($"The environment variable {Variable} is '{wish}'; set it to 512, 256, 128 or scalar, or remove it."),
    };

    /// <summary>The width and the instructions that it runs on, for people: "256 bits (AVX2, FMA)".</summary>
    public static string Describe(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => Avx512F.IsSupported ? "512 bits (AVX-512)" : "512 bits, computed in parts (no AVX-512)",
        SimdWidth.Bits256 => Avx2.IsSupported && Fma.IsSupported ? "256 bits (AVX2, FMA)" : "256 bits, computed in parts (no AVX2 with FMA)",
        SimdWidth.Bits128 => Fma.IsSupported ? "128 bits (AVX, FMA)"
            : AdvSimd.IsSupported ? "128 bits (AdvSimd)"
            : Sse2.IsSupported ? "128 bits (SSE2, FMA in software)"
            : Vector128.IsHardwareAccelerated ? "128 bits"
            : "128 bits, computed in parts (no vector instructions)",
        _ => "scalar",
    };

    /// <summary>Runs a call at a width.</summary>
    public static void Run<T>(SimdWidth width, ref T call) where T : struct, ISimdCall
    {
        switch (width)
        {
            case SimdWidth.Bits512: call.Invoke<Simd512, Vector512<float>>(); break;
            case SimdWidth.Bits256: call.Invoke<Simd256, Vector256<float>>(); break;
            case SimdWidth.Bits128: call.Invoke<Simd128, Vector128<float>>(); break;
            default: call.Invoke<SimdScalar, float>(); break;
        }
    }
}
