using System.Globalization;
using System.Runtime.InteropServices;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>How a checkpoint's weights are stored.</summary>
public enum WeightFormat
{
    F32,
    F16,
    BF16,
    /// <summary>Weights of Linear and Embedding modules as int8 with a float32 scale a row, all else as float32.</summary>
    Int8,
}

/// <summary>Encodes tensors for a file.</summary>
internal static class WeightEncoder
{
    private const int Levels = 127, BlockElements = 1 << 16;

    /// <summary>A tensor in a float format: as stored, or rounded to nearest even.</summary>
    public static NewTensor Float(string name, StoredTensor tensor, WeightFormat format) => format switch
    {
        WeightFormat.F16 => new(name, TensorType.F16, tensor.Dimensions, stream => Encode<Half>(tensor, stream, (x, i) => ToHalf(x, name, i))),
        WeightFormat.BF16 => new(name, TensorType.BF16, tensor.Dimensions, stream => Encode<ushort>(tensor, stream, (x, i) => ToBFloat16(x, name, i))),
        _ => new(name, TensorType.F32, tensor.Dimensions, stream => Encode<float>(tensor, stream, static (x, _) => x)),
    };

    /// <summary>A matrix as q [rows,columns] and its scales [rows,1].</summary>
    public static NewTensor[] Int8(string name, StoredTensor tensor) =>
    [
        new(name, TensorType.I8, tensor.Dimensions, stream => EachRow(tensor, name, (row, scale, q) =>
        {
            Quantize(row, scale, q);
            stream.Write(MemoryMarshal.AsBytes(q));
        })),
        new(name + Quantization.ScaleSuffix, TensorType.F32, [tensor.Dimensions[0], 1],
            stream => EachRow(tensor, name, (row, scale, q) => stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in scale))))),
    ];

    /// <summary>The value of one step: max|x| / 127; 1 for a row of zeros, and for one so small that a step underflows.</summary>
    /// <exception cref="CheckpointException">A value is not finite.</exception>
    public static float Scale(ReadOnlySpan<float> row, string name)
    {
        float most = 0;
        foreach (float x in row)
        {
            if (!float.IsFinite(x)) throw new CheckpointException($"{FileFault.Shown(name)} holds {x}, which int8 cannot store. f32 keeps it as it is.");
            most = MathF.Max(most, MathF.Abs(x));
        }
        float scale = most / Levels;
        return scale > 0 ? scale : 1;
    }

    /// <summary>q = x / scale, rounded half to even, in −127 … 127; all in float32.</summary>
    public static void Quantize(ReadOnlySpan<float> row, float scale, Span<sbyte> q)
    {
        for (int i = 0; i < row.Length; i++) q[i] = (sbyte)Math.Clamp(MathF.Round(row[i] / scale, MidpointRounding.ToEven), -Levels, Levels);
    }

    private delegate void RowWriter(ReadOnlySpan<float> row, float scale, Span<sbyte> q);

    private static void EachRow(StoredTensor tensor, string name, RowWriter write)
    {
        int columns = (int)tensor.Dimensions[1];
        float[] row = new float[columns];
        sbyte[] q = new sbyte[columns];
        for (int i = 0; i < tensor.Dimensions[0]; i++)
        {
            tensor.Values.Read((long)i * columns, row);
            write(row, Scale(row, name), q);
        }
    }

    private static void Encode<T>(StoredTensor tensor, Stream stream, Func<float, long, T> convert) where T : unmanaged
    {
        float[] values = new float[Math.Min(BlockElements, tensor.Elements)];
        T[] encoded = new T[values.Length];
        for (long done = 0; done < tensor.Elements;)
        {
            int count = (int)Math.Min(values.Length, tensor.Elements - done);
            tensor.Values.Read(done, values.AsSpan(0, count));
            for (int i = 0; i < count; i++) encoded[i] = convert(values[i], done + i);
            stream.Write(MemoryMarshal.AsBytes(encoded.AsSpan(0, count)));
            done += count;
        }
    }

    private static Half ToHalf(float x, string name, long index) =>
        (Half)x is var half && Half.IsInfinity(half) && float.IsFinite(x) ? throw TooLarge(x, name, index, "f16") : half;

    private static ushort ToBFloat16(float x, string name, long index) =>
        TensorTypes.ToBFloat16(x) is var rounded && (rounded & 0x7FFF) == 0x7F80 && float.IsFinite(x) ? throw TooLarge(x, name, index, "bf16") : rounded;

    private static CheckpointException TooLarge(float x, string name, long index, string format) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{FileFault.Shown(name)} holds {x} at element {index}, which {format} cannot store; f32 can."));
}
