using Cloze.Cpu;
using Cloze.Kernels;
using Cloze.Kernels.Attention;
using Cloze.Kernels.Simd;
using Cloze.Ops;
namespace Cloze.Benchmarks;

/// <summary>One problem of attention on one thread: q, k and v side by side in one tensor, as models have them.</summary>
internal sealed unsafe class AttentionRun : IParallel, IDisposable
{
    private const int TableSpan = 256;
    private const float SlopeBase = 0.5f;
    private static readonly RelativeBuckets s_logarithmic = new(TableSpan, TableSpan, 2 * TableSpan), s_linear = new(2 * TableSpan, 0, 0);

    private readonly AttentionShape _shape;
    private readonly int _width, _tableRows;
    private readonly AttentionCall _call;
    private readonly Block _qkv, _output, _indices;
    private readonly float[] _slopes, _keyTable, _queryTable;
    private readonly RotaryTable _angles;
    private readonly Action _run;
    private Block? _scratch;

    public AttentionRun(AttentionShape shape)
    {
        _shape = shape;
        _width = shape.Heads * shape.HeadSize;
        int stride = CpuTensor.StrideOf(3 * _width), outputStride = CpuTensor.StrideOf(_width);
        (_qkv, _output, _indices) = (new((long)shape.Tokens * stride), new((long)shape.Tokens * outputStride), new(2 * (shape.Sequences + 1 + shape.Tokens)));
        BenchmarkMatrices.Random(1, shape.Tokens * stride).CopyTo(new Span<float>(_qkv.Data, shape.Tokens * stride));
        int* starts = (int*)_indices.Data, columns = starts + shape.Sequences + 1;
        for (int s = 0; s <= shape.Sequences; s++) starts[s] = s * shape.Length;
        for (int n = 0; n < shape.Tokens; n++) columns[n] = n % shape.Length;
        int* queryStarts = columns + shape.Tokens, queryRows = queryStarts + shape.Sequences + 1;
        for (int s = 0; s <= shape.Sequences; s++) queryStarts[s] = s * shape.Queries;
        for (int r = 0; r < queryStarts[shape.Sequences]; r++) queryRows[r] = r / shape.Queries * shape.Length + r % shape.Queries;
        _call = new()
        {
            Q = _qkv.Data,
            K = _qkv.Data + _width,
            V = _qkv.Data + 2 * _width,
            QStride = stride,
            KStride = stride,
            VStride = stride,
            Output = _output.Data,
            OutputStride = outputStride,
            Heads = shape.Heads,
            HeadSize = shape.HeadSize,
            Sequences = shape.Sequences,
            Scale = 1 / MathF.Sqrt(shape.HeadSize),
            Window = shape.Window ?? -1,
            Starts = starts,
            Columns = columns,
            QueryRows = shape.Queries < shape.Length ? queryRows : null,
            QueryStarts = shape.Queries < shape.Length ? queryStarts : null,
        };

        _slopes = GC.AllocateArray<float>(shape.Heads, pinned: true);
        for (int head = 0; head < shape.Heads; head++) _slopes[head] = MathF.Pow(SlopeBase, head + 1);
        _angles = new(10_000, shape.HeadSize, shape.Term == "rotary" ? shape.Length : 1);
        bool isShared = shape.Term is "relative_key" or "relative_key_query";
        _tableRows = isShared ? 2 * shape.Length - 1 : 2 * Buckets.Span;
        int heads = isShared ? 1 : shape.Heads;
        _keyTable = BenchmarkMatrices.Random(2, _tableRows * heads * shape.HeadSize);
        _queryTable = BenchmarkMatrices.Random(3, _tableRows * heads * shape.HeadSize);
        fixed (float* key = _keyTable, query = _queryTable)
        {
            int tableWidth = heads * shape.HeadSize;
            _run = shape.Term switch
            {
                "none" or "global rows" => Runner(new NoTerm()),
                "rotary" => Runner(new RotaryTerm(_angles.Cosines, _angles.Sines)),
                "ALiBi" => Runner(new AlibiTerm((float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_slopes, 0))),
                _ when HasTable => RelativeRunner(
                    new(key, tableWidth, _tableRows, heads, shape.HeadSize),
                    HasQueryTable ? new(isShared ? key : query, tableWidth, _tableRows, heads, shape.HeadSize) : null,
                    new(shape.Length - 1, _tableRows, Row)),
                _ => throw new ArgumentException($"Unknown term {shape.Term}."),
            };
        }
    }

    int IParallel.Threads => 1;

    void IParallel.For(int count, IWork work)
    {
        for (int part = 0; part < count; part++) work.Run(part, thread: 0);
    }

    public void Attend() => _run();

    /// <summary>The first, a middle and the last row of a sequence in float64.</summary>
    /// <exception cref="InvalidOperationException">The kernel's differ.</exception>
    public void Check()
    {
        Attend();
        double[] weights = new double[_shape.Length];
        foreach (int row in new[] { 0, _shape.Queries / 2, _shape.Queries - 1 })
        {
            for (int head = 0; head < _shape.Heads; head++)
            {
                double sum = 0;
                for (int key = 0; key < _shape.Length; key++) sum += weights[key] = Math.Exp(Score(row, key, head));
                for (int x = head * _shape.HeadSize; x < (head + 1) * _shape.HeadSize; x++)
                {
                    double expected = 0, found = _call.Output[row * _call.OutputStride + x];
                    for (int key = 0; key < _shape.Length; key++) expected += weights[key] / sum * _call.V[key * _call.VStride + x];
                    if (!(Math.Abs(expected - found) <= 2e-6))
                        throw new InvalidOperationException($"{_shape}: row {row}, column {x} is {found:R}, not {expected:R}.");
                }
            }
        }
    }

    public void Dispose()
    {
        _qkv.Dispose();
        _output.Dispose();
        _indices.Dispose();
        _scratch?.Dispose();
    }

    private Action RelativeRunner(PackedRelativeKeys keys, PackedRelativeQueries? queries, DistanceRows rows)
    {
        Action run = Runner(new RelativeTerm(keys, queries, rows, isScaled: true));
        return () =>
        {
            run();
            GC.KeepAlive((keys, queries, rows));
        };
    }

    private Action Runner<P>(P term) where P : struct, IPositionTerm
    {
        AttentionWork<P> work = new(SimdWidths.Chosen);
        return () =>
        {
            work.Prepare(_call, term, this, threads: 1, P.QueryTile);
            _scratch ??= new(work.ScratchFloats);
            work.Run(_scratch.Data, this);
        };
    }

    private bool HasTable => _shape.Term.StartsWith("relative", StringComparison.Ordinal) || _shape.Term.StartsWith("disentangled", StringComparison.Ordinal);
    private bool HasQueryTable => _shape.Term != "relative_key";
    private RelativeBuckets Buckets => _shape.Term == "disentangled, linear" ? s_linear : s_logarithmic;

    private int Row(int distance) =>
        _shape.Term.StartsWith("relative", StringComparison.Ordinal) ? distance + _shape.Length - 1 : Buckets.Row(distance);

    private double Score(int row, int key, int head)
    {
        int d = _shape.HeadSize, distance = row - key;
        if (_shape.Window is { } window && Math.Abs(distance) > window) return double.NegativeInfinity;
        (double[] q, double[] k) = (Turned(_call.Q + row * _call.QStride + head * d, row), Turned(_call.K + key * _call.KStride + head * d, key));
        double sum = Dot(q, k);
        if (_shape.Term == "ALiBi") return sum * _call.Scale - (double)_slopes[head] * Math.Abs(distance);
        if (HasTable)
        {
            bool isShared = _shape.Term.StartsWith("relative", StringComparison.Ordinal);
            int start = isShared ? Row(distance) * d : (Row(distance) * _shape.Heads + head) * d;
            float[] queryTable = isShared ? _keyTable : _queryTable;
            for (int x = 0; x < d; x++) sum += q[x] * _keyTable[start + x] + (HasQueryTable ? k[x] * queryTable[start + x] : 0);
        }
        return sum * _call.Scale;
    }

    private double[] Turned(float* row, int column)
    {
        int d = _shape.HeadSize, half = d / 2;
        double[] x = new double[d];
        for (int i = 0; i < d; i++) x[i] = row[i];
        if (_shape.Term != "rotary") return x;
        for (int i = 0; i < half; i++)
        {
            (double cosine, double sine) = (_angles.Cosines[column * half + i], _angles.Sines[column * half + i]);
            (x[i], x[i + half]) = (x[i] * cosine - x[i + half] * sine, x[i + half] * cosine + x[i] * sine);
        }
        return x;
    }

    private static double Dot(double[] x, double[] y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }
}
