using Cloze.Kernels;
using Cloze.Kernels.Attention;
using Cloze.Kernels.Simd;
using Cloze.Ops;
namespace Cloze.Tests.Kernels;

/// <summary>One problem of attention with everything that it reads on memory that ends at a protected page, and its answer in float64.</summary>
internal sealed unsafe class AttentionCase : IDisposable
{
    /// <summary>The terms, by name: "c2p", "p2c" and "c2p+p2c" are DeBERTa's, "key", "key+query" and "unscaled" BERT's and ALBERT's.</summary>
    public static readonly string[] Terms = ["none", "rotary", "alibi", "c2p", "p2c", "c2p+p2c", "key", "key+query", "unscaled"];

    private readonly List<GuardedMemory> _memory = [];
    private readonly RelativeBuckets _buckets;
    private readonly float* _cosines, _sines, _slopes, _keyTable, _queryTable;
    private readonly int _tableHeads, _tableRows, _reach;
    private readonly PackedRelativeKeys? _keys;
    private readonly PackedRelativeQueries? _queries;
    private readonly DistanceRows _rows;

    public AttentionCase(AttentionShape shape, int seed)
    {
        Shape = shape;
        Random random = new(seed);
        (int heads, int d, int sequences) = (shape.Heads, shape.HeadSize, shape.Lengths.Length);
        int width = heads * d, tokens = shape.Lengths.Sum();
        Starts = [.. Enumerable.Range(0, sequences + 1).Select(s => shape.Lengths.Take(s).Sum())];
        Columns = [.. shape.Lengths.SelectMany((n, s) => shape.Columns?[s] ?? [.. Enumerable.Range(0, n)])];
        Rows = shape.Queries is null ? [.. Enumerable.Range(0, tokens)] : [.. shape.Queries.SelectMany((list, s) => list.Select(q => Starts[s] + q))];
        Globals = shape.Globals is null ? [] : [.. shape.Globals.SelectMany((list, s) => list.Select(g => Starts[s] + g))];

        Call = new()
        {
            QStride = width + 3,
            KStride = width,
            VStride = width + 16,
            OutputStride = width,
            Heads = heads,
            HeadSize = d,
            Sequences = sequences,
            Scale = 1 / MathF.Sqrt(d),
            Window = shape.Window ?? -1,
            Starts = Ints(Starts),
            Columns = Ints(Columns),
        };
        float* all = Floats(tokens, width, Call.QStride, random);
        Call.K = Floats(tokens, width, Call.KStride, random);
        Call.V = Floats(tokens, width, Call.VStride, random);
        if (shape.Queries is null)
        {
            Call.Q = all;
        }
        else
        {
            Call.Q = Floats(Rows.Length, width, Call.QStride, null);
            for (int r = 0; r < Rows.Length; r++) new Span<float>(all + Rows[r] * Call.QStride, width).CopyTo(new(Call.Q + r * Call.QStride, width));
            Call.QueryRows = Ints(Rows);
            Call.QueryStarts = Ints(StartsOf(shape.Queries));
        }
        if (shape.Globals is not null)
        {
            Call.GlobalRows = Ints(Globals);
            Call.GlobalStarts = Ints(StartsOf(shape.Globals));
        }
        Call.Output = Floats(Rows.Length, width, width, null);
        Call.LogSum = Floats(Rows.Length, heads, heads, null);

        // tables depend on nothing of the batch, so that a sequence alone has the same
        Random tables = new(99);
        _reach = 700;
        int half = d / 2;
        _cosines = Floats(_reach, half, half, null);
        _sines = Floats(_reach, half, half, null);
        _slopes = Floats(1, heads, heads, null);
        for (int c = 0; c < _reach; c++)
        {
            for (int i = 0; i < half; i++)
            {
                float angle = c * (1f / (float)Math.Pow(10000, 2.0 * i / d));
                (_cosines[c * half + i], _sines[c * half + i]) = ((float)Math.Cos(angle), (float)Math.Sin(angle));
            }
        }
        for (int head = 0; head < heads; head++) _slopes[head] = MathF.Pow(2, -8f * (head + 1) / heads);
        bool isDisentangled = shape.Term is "c2p" or "p2c" or "c2p+p2c";
        _buckets = shape.Buckets ?? new(32, 32, 64);
        (_tableHeads, _tableRows) = isDisentangled ? (heads, 2 * _buckets.Span) : (1, 2 * _reach + 1);
        _keyTable = Floats(_tableRows, _tableHeads * d, _tableHeads * d, tables, size: shape.Term == "unscaled" ? 0.15f : 0.6f);
        _queryTable = isDisentangled ? Floats(_tableRows, _tableHeads * d, _tableHeads * d, tables, size: shape.Term == "unscaled" ? 0.15f : 0.6f) : _keyTable;
        if (shape.Term is "c2p" or "c2p+p2c" or "key" or "key+query" or "unscaled") _keys = new(_keyTable, _tableHeads * d, _tableRows, _tableHeads, d);
        if (shape.Term is "p2c" or "c2p+p2c" or "key+query" or "unscaled") _queries = new(_queryTable, _tableHeads * d, _tableRows, _tableHeads, d);
        _rows = new(_reach, _tableRows, Row);
    }

    public AttentionCall Call;
    public AttentionShape Shape { get; }
    public int[] Starts { get; }
    public int[] Columns { get; }
    /// <summary>Batch rows of the queries.</summary>
    public int[] Rows { get; }
    private int[] Globals { get; }

    public Span<float> Q(int row) => new(Call.Q + row * Call.QStride, Shape.Width);
    public Span<float> K(int row) => new(Call.K + row * Call.KStride, Shape.Width);
    public Span<float> V(int row) => new(Call.V + row * Call.VStride, Shape.Width);

    /// <summary>Takes the rows of one sequence of another problem.</summary>
    public void CopySequence(AttentionCase from, int sequence)
    {
        for (int n = 0; n < Starts[^1]; n++)
        {
            from.K(from.Starts[sequence] + n).CopyTo(K(n));
            from.V(from.Starts[sequence] + n).CopyTo(V(n));
        }
        int first = from.FirstQuery(sequence);
        for (int r = 0; r < Rows.Length; r++) from.Q(first + r).CopyTo(Q(r));
    }

    /// <summary>The row of Q with which a sequence's queries begin.</summary>
    public int FirstQuery(int sequence) => Shape.Queries is null ? Starts[sequence] : StartsOf(Shape.Queries)[sequence];

    /// <summary>[R, width].</summary>
    public float[] Run(SimdWidth width, IParallel? parallel = null, int? tile = null)
    {
        new Span<float>(Call.Output, Rows.Length * Shape.Width).Fill(99);
        new Span<float>(Call.LogSum, Rows.Length * Shape.Heads).Fill(99);
        parallel ??= new Threads(1);
        switch (Shape.Term)
        {
            case "none": Run(new NoTerm(), width, parallel, tile); break;
            case "rotary": Run(new RotaryTerm(_cosines, _sines), width, parallel, tile); break;
            case "alibi": Run(new AlibiTerm(_slopes), width, parallel, tile); break;
            default: Run(new RelativeTerm(_keys, _queries, _rows, isScaled: Shape.Term != "unscaled"), width, parallel, tile); break;
        }
        return new Span<float>(Call.Output, Rows.Length * Shape.Width).ToArray();
    }

    private void Run<P>(P term, SimdWidth width, IParallel parallel, int? tile) where P : struct, IPositionTerm
    {
        AttentionWork<P> work = new(width);
        work.Prepare(Call, term, this, parallel.Threads, tile ?? P.QueryTile);
        using GuardedMemory scratch = new(parallel.Threads * work.ScratchFloats);
        work.Run(scratch.Pointer, parallel);
    }

    /// <summary>The definition, in double: output [R, width] and log Σ exp [R, A].</summary>
    public (double[] Output, double[] LogSum) Reference()
    {
        (int heads, int d, int width) = (Shape.Heads, Shape.HeadSize, Shape.Width);
        double[] output = new double[Rows.Length * width], logSum = new double[Rows.Length * heads], score = new double[Starts[^1]];
        double[][] keys = [.. Enumerable.Range(0, Starts[^1]).Select(key => Rotated(K(key), key))];
        for (int r = 0; r < Rows.Length; r++)
        {
            int start = StartOf(Rows[r]), end = Starts.First(next => next > Rows[r]);
            double[] query = Rotated(Q(r), Rows[r]);
            for (int head = 0; head < heads; head++)
            {
                double largest = double.NegativeInfinity, sum = 0;
                for (int key = start; key < end; key++)
                {
                    score[key] = Score(query.AsSpan(head * d, d), keys[key].AsSpan(head * d, d), Columns[Rows[r]] - Columns[key], key, head);
                    largest = Math.Max(largest, score[key]);
                }
                for (int key = start; key < end; key++) sum += score[key] = Math.Exp(score[key] - largest);
                logSum[r * heads + head] = largest + Math.Log(sum);
                for (int key = start; key < end; key++)
                {
                    ReadOnlySpan<float> v = V(key).Slice(head * d, d);
                    for (int x = 0; x < d; x++) output[r * width + head * d + x] += score[key] / sum * v[x];
                }
            }
        }
        return (output, logSum);
    }

    public void Dispose()
    {
        foreach (GuardedMemory memory in _memory) memory.Dispose();
    }

    private double Score(ReadOnlySpan<double> q, ReadOnlySpan<double> k, int distance, int key, int head)
    {
        if (Shape.Window is { } window && Math.Abs(distance) > window && Array.BinarySearch(Globals, key) < 0) return double.NegativeInfinity;
        double content = 0, position = 0;
        for (int x = 0; x < q.Length; x++) content += q[x] * k[x];
        if (_keys is not null) position += WithTable(q, _keyTable, distance, head);
        if (_queries is not null) position += WithTable(k, _queryTable, distance, head);
        if (Shape.Term == "alibi") return content * Call.Scale - (double)_slopes[head] * Math.Abs(distance);
        return content * Call.Scale + position * (Shape.Term == "unscaled" ? 1 : Call.Scale);
    }

    private double WithTable(ReadOnlySpan<double> x, float* table, int distance, int head)
    {
        float* row = table + (Row(distance) * _tableHeads + (_tableHeads == 1 ? 0 : head)) * Shape.HeadSize;
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += x[i] * row[i];
        return sum;
    }

    // Each head turned by the column that the row has in its sequence, where the term is rotary.
    private double[] Rotated(ReadOnlySpan<float> values, int row)
    {
        (int d, int half, int column) = (Shape.HeadSize, Shape.HeadSize / 2, Columns[row] - Columns[StartOf(row)]);
        double[] x = new double[values.Length];
        for (int i = 0; i < x.Length; i++) x[i] = values[i];
        if (Shape.Term != "rotary") return x;
        for (int head = 0; head < x.Length; head += d)
        {
            for (int e = head; e < head + half; e++)
            {
                (double cosine, double sine) = (_cosines[column * half + e - head], _sines[column * half + e - head]);
                (x[e], x[e + half]) = (x[e] * cosine - x[e + half] * sine, x[e + half] * cosine + x[e] * sine);
            }
        }
        return x;
    }

    private int StartOf(int row) => Starts.Last(start => start <= row);

    private int Row(int distance) => _tableRows == 2 * _reach + 1 ? distance + _reach : _buckets.Row(distance);

    private static int[] StartsOf(int[][] lists) => [.. Enumerable.Range(0, lists.Length + 1).Select(s => lists.Take(s).Sum(list => list.Length))];

    // The last row ends with the memory: nothing lies behind it.
    private float* Floats(int rows, int columns, nint stride, Random? random, float size = 1.7f)
    {
        GuardedMemory memory = new(rows == 0 ? 0 : (int)((rows - 1) * stride) + columns);
        _memory.Add(memory);
        if (random is not null) foreach (ref float x in memory.Span) x = (random.NextSingle() * 2 - 1) * size;
        return memory.Pointer;
    }

    private int* Ints(int[] values)
    {
        GuardedMemory memory = new(values.Length);
        _memory.Add(memory);
        values.CopyTo(new Span<int>(memory.Pointer, values.Length));
        return (int*)memory.Pointer;
    }

    /// <summary>Some threads that take parts as they come.</summary>
    public sealed class Threads(int count) : IParallel
    {
        int IParallel.Threads => count;

        public void For(int parts, IWork work)
        {
            int next = -1;
            Thread[] threads = new Thread[count - 1];
            for (int i = 0; i < threads.Length; i++)
            {
                int number = i + 1;
                threads[i] = new(() => Take(number));
                threads[i].Start();
            }
            Take(0);
            foreach (Thread thread in threads) thread.Join();

            void Take(int thread)
            {
                for (int part; (part = Interlocked.Increment(ref next)) < parts;) work.Run(part, thread);
            }
        }
    }
}

/// <summary>What a problem looks like.</summary>
/// <param name="Lengths">Tokens of each sequence.</param>
/// <param name="Term">One of <see cref="AttentionCase.Terms"/>.</param>
internal sealed record AttentionShape(int[] Lengths, int Heads, int HeadSize, string Term)
{
    public int? Window { get; init; }
    /// <summary>Of each sequence, ascending; null: without holes.</summary>
    public int[][]? Columns { get; init; }
    /// <summary>Places in each sequence; null: all.</summary>
    public int[][]? Queries { get; init; }
    public int[][]? Globals { get; init; }
    public RelativeBuckets? Buckets { get; init; }

    public int Width => Heads * HeadSize;

    public AttentionShape Alone(int sequence) => this with
    {
        Lengths = [Lengths[sequence]],
        Columns = Part(Columns, sequence),
        Queries = Part(Queries, sequence),
        Globals = Part(Globals, sequence),
    };

    public override string ToString() => $"{Term}, lengths {string.Join(' ', Lengths)}, {Heads} x {HeadSize}, window {Window?.ToString() ?? "none"}"
        + $"{(Columns is null ? "" : ", holes")}{(Queries is null ? "" : ", query subset")}{(Globals is null ? "" : ", globals")}";

    private static int[][]? Part(int[][]? lists, int sequence) => lists is null ? null : [lists[sequence]];
}
