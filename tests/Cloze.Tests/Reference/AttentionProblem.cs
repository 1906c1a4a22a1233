using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>One call of attention: who sees whom, and how much. Nothing of size n² is kept.</summary>
/// <remarks>y_r = Σ p_j·v_j over the keys j that r sees, p = softmax(score), head by head.</remarks>
internal readonly ref struct AttentionProblem<T> where T : class
{
    private readonly AttentionSpec<T> _spec;
    private readonly RowSet _queries;
    private readonly TokenBatch _batch;
    private readonly bool[] _isGlobal;
    private readonly ReadOnlyMatrix _scoreMix, _probabilityMix;

    /// <param name="term">The tensor that the position term brings: the relative table, or keys of distances.</param>
    /// <param name="queryTerm">Queries of distances.</param>
    /// <param name="scoreMix">Of talking heads, as is <paramref name="probabilityMix"/>.</param>
    public AttentionProblem(
        ReadOnlyMatrix q, ReadOnlyMatrix k, ReadOnlyMatrix v, ReadOnlyMatrix term, ReadOnlyMatrix queryTerm,
        ReadOnlyMatrix scoreMix, ReadOnlyMatrix probabilityMix, RowSet queries, TokenBatch batch, AttentionSpec<T> spec)
    {
        (_spec, _queries, _batch) = (spec, queries, batch);
        _scoreMix = scoreMix;
        _probabilityMix = probabilityMix;
        Q = q;
        K = k;
        V = v;
        Term = term;
        QueryTerm = queryTerm;
        _isGlobal = new bool[batch.Tokens];
        if (spec.SeesGlobal) foreach (int row in batch.Global.Rows.Span) _isGlobal[row] = true;
        if (spec.Position is not PositionTerm<T>.Rotary(double theta)) return;
        Q = Rotated(q, queries.Rows, theta);
        K = Rotated(k, batch.All.Rows, theta);
    }

    /// <summary>Rotated, where the position term says so.</summary>
    private ReadOnlyMatrix Q { get; }
    private ReadOnlyMatrix K { get; }
    private ReadOnlyMatrix V { get; }
    private ReadOnlyMatrix Term { get; }
    private ReadOnlyMatrix QueryTerm { get; }

    public void Forward(Matrix y)
    {
        int size = _spec.HeadSize;
        double[] sums = new double[size];
        for (int r = 0; r < y.Rows; r++)
        {
            int[] keys = Keys(r);
            double[][] p = new double[_spec.Heads][];
            for (int head = 0; head < p.Length; head++) p[head] = Scores(r, head, keys);
            p = Mixed(_scoreMix, p);
            foreach (double[] ofHead in p) Softmax(ofHead);
            p = Mixed(_probabilityMix, p);
            for (int head = 0; head < _spec.Heads; head++)
            {
                Array.Clear(sums);
                for (int j = 0; j < keys.Length; j++) RowKernels.AddScaled(sums, p[head][j], Head(V, keys[j], head));
                for (int c = 0; c < size; c++) y[r][head * size + c] = (float)sums[c];
            }
        }
    }

    /// <summary>The rows that query r sees.</summary>
    private int[] Keys(int r)
    {
        List<int> keys = [];
        foreach (int key in _batch.All[_batch.SequenceOfRow.Span[_queries.Rows.Span[r]]])
            if (_spec.Window is not { } window || Math.Abs(Distance(r, key)) <= window || _isGlobal[key]) keys.Add(key);
        return [.. keys];
    }

    /// <summary>Of keys[j] at j.</summary>
    private double[] Scores(int r, int head, ReadOnlySpan<int> keys)
    {
        double[] scores = new double[keys.Length];
        for (int j = 0; j < keys.Length; j++) scores[j] = Score(r, keys[j], head);
        return scores;
    }

    private static void Softmax(Span<double> p)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (double score in p) largest = Math.Max(largest, score);
        foreach (ref double score in p) sum += score = Math.Exp(score - largest);
        foreach (ref double score in p) score /= sum;
    }

    /// <summary>Row g of the mix says what head g is made of; without one, heads stay what they are.</summary>
    private static double[][] Mixed(ReadOnlyMatrix mix, double[][] heads)
    {
        if (mix.IsNone) return heads;
        double[][] mixed = new double[heads.Length][];
        for (int head = 0; head < heads.Length; head++)
        {
            mixed[head] = new double[heads[head].Length];
            for (int other = 0; other < heads.Length; other++)
                for (int j = 0; j < mixed[head].Length; j++) mixed[head][j] += mix[head][other] * heads[other][j];
        }
        return mixed;
    }

    private ReadOnlySpan<float> Head(ReadOnlyMatrix x, int row, int head) => x[row].Slice(head * _spec.HeadSize, _spec.HeadSize);

    private int Column(int row) => _batch.Columns.Span[row];

    private int Distance(int r, int key) => Column(_queries.Rows.Span[r]) - Column(key);

    /// <summary>The row of <see cref="PositionTerm{T}.Relative"/>'s table.</summary>
    private int RelativeRow(int r, int key) => Distance(r, key) + (Term.Rows - 1) / 2;

    private double Score(int r, int key, int head)
    {
        ReadOnlySpan<float> q = Head(Q, r, head), k = Head(K, key, head);
        double content = RowKernels.Dot(q, k);
        switch (_spec.Position)
        {
            case PositionTerm<T>.None or PositionTerm<T>.Rotary:
                return content * _spec.Scale;
            case PositionTerm<T>.Alibi(var slopes):
                return content * _spec.Scale - slopes.Span[head] * Math.Abs(Distance(r, key));
            case PositionTerm<T>.Relative(_, var keyTerm, var isScaled):
                ReadOnlySpan<float> e = Term[RelativeRow(r, key)];
                return content * _spec.Scale + (RowKernels.Dot(q, e) + (keyTerm ? RowKernels.Dot(k, e) : 0)) * (isScaled ? _spec.Scale : 1);
            case PositionTerm<T>.Disentangled(_, _, var buckets):
                int bucket = buckets.Row(Distance(r, key));
                if (!Term.IsNone) content += RowKernels.Dot(q, Head(Term, bucket, head));
                if (!QueryTerm.IsNone) content += RowKernels.Dot(k, Head(QueryTerm, bucket, head));
                return content * _spec.Scale;
            default: throw new ArgumentException($"Unknown position term {_spec.Position}.");
        }
    }

    private Matrix Rotated(ReadOnlyMatrix x, Rows rows, double theta)
    {
        Matrix y = Matrix.Scratch(x.Rows, x.Columns);
        double[] row = new double[x.Columns];
        for (int n = 0; n < x.Rows; n++)
        {
            for (int c = 0; c < row.Length; c++) row[c] = x[n][c];
            Rotate(row, _batch.Positions.Span[rows.Span[n]], theta);
            for (int c = 0; c < row.Length; c++) y[n][c] = (float)row[c];
        }
        return y;
    }

    /// <summary>Turns each head of a row by its position: element i of the first half with element i of the second, by position · theta^(−2i/d).</summary>
    private void Rotate(Span<double> row, int position, double theta)
    {
        int size = _spec.HeadSize, half = size / 2;
        for (int pair = 0; pair < half; pair++)
        {
            float angle = position * (1f / (float)Math.Pow(theta, 2.0 * pair / size)); // rounded where the reference rounds its tables
            (float sine, float cosine) = ((float)Math.Sin(angle), (float)Math.Cos(angle));
            for (int head = 0; head < _spec.Heads; head++)
            {
                (int i, int j) = (head * size + pair, head * size + half + pair);
                (row[i], row[j]) = (row[i] * cosine - row[j] * sine, row[j] * cosine + row[i] * sine);
            }
        }
    }
}
