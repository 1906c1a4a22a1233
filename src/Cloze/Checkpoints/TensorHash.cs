using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>A fingerprint of a tensor's values, whatever type they are stored in.</summary>
public static class TensorHash
{
    private const int BlockElements = 1 << 16;
    private static readonly float s_quietNaN = BitConverter.UInt32BitsToSingle(0x7FC00000);

    /// <summary>SHA-256, in lower-case hexadecimal, of all values as contiguous little-endian float32, row-major.</summary>
    /// <remarks>A NaN that was not stored as F32 counts as 0x7FC00000; F32 keeps its bits.</remarks>
    public static string Sha256(StoredTensor tensor) => Sha256(tensor.Values, tensor.Elements, keepsNaN: tensor.Values is FileTensor { Type: TensorType.F32 });

    /// <summary>As <see cref="Sha256(StoredTensor)"/>, of a tensor of a file.</summary>
    public static string Sha256(FileTensor tensor) => Sha256(tensor, tensor.Elements, keepsNaN: tensor.Type == TensorType.F32);

    private static string Sha256(IStoredValues values, long elements, bool keepsNaN)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        float[] block = new float[Math.Min(BlockElements, elements)];
        for (long done = 0; done < elements; done += block.Length)
        {
            Span<float> part = block.AsSpan(0, (int)Math.Min(block.Length, elements - done));
            values.Read(done, part);
            if (!keepsNaN) foreach (ref float value in part) if (float.IsNaN(value)) value = s_quietNaN;
            hash.AppendData(MemoryMarshal.AsBytes(part));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
