using System.Runtime.InteropServices;
namespace Cloze.Checkpoints;

/// <summary>The element types of safetensors that encoder files contain, the widest first; <see cref="TensorTypes.Name"/> gives the format's names.</summary>
/// <remarks>F8E4M3 (no infinity) and F8E5M2 are the OCP formats (OFP8, revision 1.0).</remarks>
public enum TensorType { F64, I64, U64, F32, I32, U32, F16, BF16, I16, U16, F8E4M3, F8E5M2, I8, U8, BOOL }

/// <summary>What element types are called and how large they are.</summary>
public static class TensorTypes
{
    private static readonly string[] s_names =
        ["F64", "I64", "U64", "F32", "I32", "U32", "F16", "BF16", "I16", "U16", "F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL"];
    private static readonly float[] s_e4m3 = Eight(mantissaBits: 3, bias: 7, hasInfinity: false);
    private static readonly float[] s_e5m2 = Eight(mantissaBits: 2, bias: 15, hasInfinity: true);

    /// <summary>Of one element.</summary>
    public static int Bytes(TensorType type) => type switch
    {
        TensorType.F64 or TensorType.I64 or TensorType.U64 => 8,
        TensorType.F32 or TensorType.I32 or TensorType.U32 => 4,
        TensorType.F16 or TensorType.BF16 or TensorType.I16 or TensorType.U16 => 2,
        _ => 1,
    };

    /// <summary>Of a shape: 0 where a dimension is 0, however large the product of the others.</summary>
    internal static long Elements(IReadOnlyList<long> shape) => shape.Contains(0) ? 0 : shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Whether it is a floating-point type, of any width.</summary>
    public static bool IsFloat(TensorType type) =>
        type is TensorType.F64 or TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F8E4M3 or TensorType.F8E5M2;

    /// <summary>As the format spells it: "F32", "F8_E4M3".</summary>
    public static string Name(TensorType type) => s_names[(int)type];

    /// <summary>The type of that name, exactly spelled.</summary>
    internal static TensorType? Parse(string name) => Array.IndexOf(s_names, name) is >= 0 and int index ? (TensorType)index : null;

    /// <summary>All names, for messages.</summary>
    internal static string Names => string.Join(", ", s_names);

    /// <summary>Stored elements as float32: exact, but F64, I64, U64, I32 and U32 round to nearest even; any byte but 0 is true.</summary>
    internal static void Widen(TensorType type, ReadOnlySpan<byte> stored, Span<float> values)
    {
        switch (type)
        {
            case TensorType.F64: { int i = 0; foreach (double x in MemoryMarshal.Cast<byte, double>(stored)) values[i++] = (float)x; break; }
            case TensorType.I64: { int i = 0; foreach (long x in MemoryMarshal.Cast<byte, long>(stored)) values[i++] = x; break; }
            case TensorType.U64: { int i = 0; foreach (ulong x in MemoryMarshal.Cast<byte, ulong>(stored)) values[i++] = x; break; }
            case TensorType.F32: stored.CopyTo(MemoryMarshal.AsBytes(values)); break;
            case TensorType.I32: { int i = 0; foreach (int x in MemoryMarshal.Cast<byte, int>(stored)) values[i++] = x; break; }
            case TensorType.U32: { int i = 0; foreach (uint x in MemoryMarshal.Cast<byte, uint>(stored)) values[i++] = x; break; }
            case TensorType.F16: { int i = 0; foreach (Half x in MemoryMarshal.Cast<byte, Half>(stored)) values[i++] = (float)x; break; }
            case TensorType.BF16: { int i = 0; foreach (ushort x in MemoryMarshal.Cast<byte, ushort>(stored)) values[i++] = FromBFloat16(x); break; }
            case TensorType.I16: { int i = 0; foreach (short x in MemoryMarshal.Cast<byte, short>(stored)) values[i++] = x; break; }
            case TensorType.U16: { int i = 0; foreach (ushort x in MemoryMarshal.Cast<byte, ushort>(stored)) values[i++] = x; break; }
            case TensorType.F8E4M3: for (int i = 0; i < stored.Length; i++) values[i] = s_e4m3[stored[i]]; break;
            case TensorType.F8E5M2: for (int i = 0; i < stored.Length; i++) values[i] = s_e5m2[stored[i]]; break;
            case TensorType.I8: for (int i = 0; i < stored.Length; i++) values[i] = (sbyte)stored[i]; break;
            case TensorType.U8: for (int i = 0; i < stored.Length; i++) values[i] = stored[i]; break;
            case TensorType.BOOL: for (int i = 0; i < stored.Length; i++) values[i] = stored[i] == 0 ? 0 : 1; break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, null);
        }
    }

    private static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>float32 as bfloat16, to nearest even; every NaN is the quiet one.</summary>
    internal static ushort ToBFloat16(float value)
    {
        if (float.IsNaN(value)) return 0x7FC0;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The 256 values of an 8-bit float.</summary>
    private static float[] Eight(int mantissaBits, int bias, bool hasInfinity)
    {
        float[] values = new float[256];
        int mantissas = 1 << mantissaBits, topExponent = 127 >> mantissaBits;
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code & 127) >> mantissaBits, mantissa = code & (mantissas - 1);
            double fraction = (double)mantissa / mantissas;
            double magnitude = exponent == 0 ? Math.ScaleB(fraction, 1 - bias) : Math.ScaleB(1 + fraction, exponent - bias);
            if (hasInfinity && exponent == topExponent) magnitude = mantissa == 0 ? double.PositiveInfinity : double.NaN;
            else if (!hasInfinity && (code & 127) == 127) magnitude = double.NaN;
            values[code] = (float)(code < 128 ? magnitude : -magnitude);
        }
        return values;
    }
}
