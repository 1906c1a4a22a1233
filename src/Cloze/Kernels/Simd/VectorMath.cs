using System.Runtime.CompilerServices;
namespace Cloze.Kernels.Simd;

/// <summary>Exponentials for any width, with the same bits from each.</summary>
internal static class VectorMath<S, V> where S : struct, ISimd<V> where V : struct
{
    // Adding 1.5·2²³ leaves the nearest integer in the low bits of the sum; 127 more is the exponent's bias, so that the sum << 23 is 2ⁿ.
    private const float ToExponent = 12582912f + 127;

    /// <summary>2^x for x &lt; 127.5; exactly 1 at 0, exactly 0 for x below −126.5 and for −∞, NaN for a NaN.</summary>
    /// <remarks>Within 0.92 units in the last place. n = round(x); 2^(x−n) by a minimax polynomial of degree 6, 2e-9 before rounding.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2(V x)
    {
        V toExponent = S.All(ToExponent), y = S.Max(S.All(-127), x), t = S.Add(y, toExponent), r = S.Sub(y, S.Sub(t, toExponent));
        V p = S.MulAdd(S.All(0.00015353380877058953f), r, S.All(0.0013398880837485194f));
        p = S.MulAdd(p, r, S.All(0.00961843691766262f));
        p = S.MulAdd(p, r, S.All(0.055503323674201965f));
        p = S.MulAdd(p, r, S.All(0.24022647738456726f));
        p = S.MulAdd(p, r, S.All(0.6931471824645996f));
        p = S.MulAdd(p, r, S.All(1));
        return S.Mul(p, S.ShiftLeft(t, 23));
    }

    /// <summary>e^x; exactly 1 at 0, exactly 0 for x below −87.68 and for −∞, +∞ from 88.37 on (float32 would end at 88.72), NaN for a NaN.</summary>
    /// <remarks>
    /// Within 1 unit in the last place for normal results. n = round(x·log2 e), r = x − n·ln 2 with ln 2 in two parts (Cody and Waite 1980),
    /// e^r = 1 + r + r²·q(r) with q of degree 4, minimax on ±0.3468, 3.1e-9 before rounding.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        V toExponent = S.All(ToExponent), y = S.Min(S.All(88.8f), S.Max(S.All(-88.1f), x));
        V t = S.MulAdd(y, S.All(1.44269504f), toExponent), n = S.Sub(toExponent, t);
        V r = S.MulAdd(n, S.All(-0.00021219444f), S.MulAdd(n, S.All(0.693359375f), y));
        V q = S.MulAdd(S.All(0.0013814517f), r, S.All(0.0083687557f));
        q = S.MulAdd(q, r, S.All(0.041668393f));
        q = S.MulAdd(q, r, S.All(0.1666652f));
        q = S.MulAdd(q, r, S.All(0.49999994f));
        V p = S.Add(S.MulAdd(q, S.Mul(r, r), r), S.All(1));
        return S.Mul(p, S.ShiftLeft(t, 23));
    }
}
