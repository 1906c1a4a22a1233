using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.OnnxRuntime;
namespace Cloze.Benchmarks;

/// <summary>y = x · W in ONNX Runtime with one thread: a model of one MatMul whose W is a constant, which the runtime packs when it loads.</summary>
internal sealed class OrtProduct : IDisposable
{
    private readonly InferenceSession _session;
    private readonly OrtValue _x, _y;
    private readonly RunOptions _options = new();

    /// <param name="w">[inputs, outputs].</param>
    public OrtProduct(float[] x, float[] w, int rows, int outputs, int inputs)
    {
        using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        _session = new(Model(w, outputs, inputs), options);
        Y = new float[rows * outputs];
        _x = OrtValue.CreateTensorValueFromMemory(x, [rows, inputs]);
        _y = OrtValue.CreateTensorValueFromMemory(Y, [rows, outputs]);
    }

    public float[] Y { get; }

    public static string Version => $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}, MatMul, one thread";

    public void Run() => _session.Run(_options, ["x"], [_x], ["y"], [_y]);

    public void Dispose()
    {
        _x.Dispose();
        _y.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    // Field numbers of onnx.proto3: ModelProto, GraphProto, NodeProto, TensorProto, ValueInfoProto.
    private static byte[] Model(float[] w, int outputs, int inputs)
    {
        byte[] weight = [.. Number(1, inputs), .. Number(1, outputs), .. Number(2, 1), .. Bytes(8, "w"), .. Bytes(9, MemoryMarshal.AsBytes<float>(w))];
        byte[] node = [.. Bytes(1, "x"), .. Bytes(1, "w"), .. Bytes(2, "y"), .. Bytes(4, "MatMul")];
        byte[] graph = [.. Bytes(1, node), .. Bytes(2, "product"), .. Bytes(5, weight), .. Bytes(11, Value("x", inputs)), .. Bytes(12, Value("y", outputs))];
        return [.. Number(1, 8), .. Bytes(7, graph), .. Bytes(8, Number(2, 13))];
    }

    private static byte[] Value(string name, int columns)
    {
        byte[] shape = [.. Bytes(1, Bytes(2, "rows")), .. Bytes(1, Number(1, columns))];
        return [.. Bytes(1, name), .. Bytes(2, Bytes(1, [.. Number(1, 1), .. Bytes(2, shape)]))];
    }

    private static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    private static byte[] Bytes(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int field, ReadOnlySpan<byte> bytes) => [.. Varint((ulong)field << 3 | 2), .. Varint((ulong)bytes.Length), .. bytes];

    private static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 128; value >>= 7) bytes.Add((byte)(value | 128));
        return [.. bytes, (byte)value];
    }
}
