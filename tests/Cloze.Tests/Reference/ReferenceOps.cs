using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Reads a model as arithmetic on floats, in the plainest way: what the fast kernels are compared with. Inference only.</summary>
/// <remarks>Float32 is stored between operations, sums within one are in double; nothing here is shared with the code under test but shapes and scopes.</remarks>
public sealed class ReferenceOps : ILosses<ReferenceTensor>, IDisposable
{
    private readonly ReferenceDerived _derived;
    private readonly ReferenceFrame _root;
    private ReferenceFrame _top;

    /// <param name="derived">Shared by all calls on one loaded model.</param>
    public ReferenceOps(ReferenceDerived? derived = null)
    {
        _derived = derived ?? new();
        _top = _root = new(this, outer: null, new());
    }

    /// <summary>Tensors alive in all open scopes.</summary>
    public int Live
    {
        get
        {
            int count = 0;
            for (ReferenceFrame? frame = _top; frame is not null; frame = frame.Outer) count += frame.Count;
            return count;
        }
    }

    /// <summary>Of the tensors alive now; weights, derived tensors and scratch inside an operation left out.</summary>
    public long LiveBytes { get; private set; }
    /// <summary>Of the most that lived at once.</summary>
    public long PeakBytes { get; private set; }

    // ---- rows ----

    public ReferenceTensor Embedding(ReferenceTensor table, Rows rows, ReferenceTensor? addTo = null)
    {
        ReferenceTensor y = New(Shapes.Embedding(table.Size, rows, addTo?.Size), nameof(Embedding));
        RowKernels.Embedding(table.Values, rows, Values(addTo), y.Output);
        return y;
    }

    public ReferenceTensor SelectRows(ReferenceTensor x, Rows rows)
    {
        ReferenceTensor y = New(Shapes.SelectRows(x.Size, rows), nameof(SelectRows));
        RowKernels.SelectRows(x.Values, rows, y.Output);
        return y;
    }

    public ReferenceTensor ReplaceRows(ReferenceTensor x, Rows rows, ReferenceTensor values)
    {
        ReferenceTensor y = New(Shapes.ReplaceRows(x.Size, rows, values.Size), nameof(ReplaceRows));
        RowKernels.ReplaceRows(x.Values, rows, values.Values, y.Output);
        return y;
    }

    public ReferenceTensor Columns(ReferenceTensor x, int start, int count)
    {
        Shapes.Columns(x.Size, start, count);
        return x.ViewOfColumns(start, count);
    }

    // ---- blocks ----

    public ReferenceTensor Linear(ReferenceTensor x, LinearWeights<ReferenceTensor> weight, Activation activation = Activation.Linear, ReferenceTensor? residual = null, float dropout = 0)
    {
        (ReferenceTensor matrix, ReferenceTensor? bias) = weight;
        ReferenceTensor y = New(Shapes.Linear(x.Size, matrix.Size, bias?.Size, residual?.Size), nameof(Linear));
        BlockKernels.Linear(x.Values, matrix.Values, Values(bias), Values(residual), activation, y.Output);
        return y;
    }

    public ReferenceTensor FeedForward(ReferenceTensor x, FeedForwardWeights<ReferenceTensor> weights, in FeedForwardSpec spec, ReferenceTensor? residual = null)
    {
        ((ReferenceTensor first, ReferenceTensor? firstBias), (ReferenceTensor second, ReferenceTensor? secondBias)) = weights;
        ReferenceTensor y = New(Shapes.FeedForward(x.Size, first.Size, firstBias?.Size, second.Size, secondBias?.Size, spec.Gated, residual?.Size), nameof(FeedForward));
        BlockKernels.FeedForward(
            x.Values, first.Values, Values(firstBias), second.Values, Values(secondBias), Values(residual), spec, y.Output);
        return y;
    }

    public ReferenceTensor LayerNorm(ReferenceTensor x, NormWeights<ReferenceTensor> norm)
    {
        (ReferenceTensor scale, ReferenceTensor? shift, float epsilon) = norm;
        ReferenceTensor y = New(Shapes.LayerNorm(x.Size, scale.Size, shift?.Size), nameof(LayerNorm));
        RowKernels.LayerNorm(x.Values, scale.Values, Values(shift), epsilon, y.Output);
        return y;
    }

    public ReferenceTensor Attention(ReferenceTensor q, ReferenceTensor k, ReferenceTensor v, RowSet queries, TokenBatch batch, AttentionSpec<ReferenceTensor> spec)
    {
        ReferenceTensor y = New(Shapes.Attention(q.Size, k.Size, v.Size, queries, batch, spec.Width), nameof(Attention));
        (ReferenceTensor? term, ReferenceTensor? queryTerm) = spec.Position switch
        {
            PositionTerm<ReferenceTensor>.Relative(var table, _, _) => (table, null),
            PositionTerm<ReferenceTensor>.Disentangled(var key, var query, _) => (key is null ? null : Derived(key), query is null ? null : Derived(query)),
            _ => (default(ReferenceTensor), default(ReferenceTensor)),
        };
        new AttentionProblem<ReferenceTensor>(q.Values, k.Values, v.Values, Values(term), Values(queryTerm),
            Values(spec.Mix?.Scores), Values(spec.Mix?.Probabilities), queries, batch, spec).Forward(y.Output);
        return y;
    }

    public ReferenceTensor Convolution(ReferenceTensor x, ConvolutionWeights<ReferenceTensor> weights, TokenBatch batch, Activation activation, float dropout = 0)
    {
        (ReferenceTensor kernel, ReferenceTensor? bias, int width, int groups) = weights;
        ReferenceTensor y = New(Shapes.Convolution(x.Size, kernel.Size, bias?.Size, width, groups, batch), nameof(Convolution));
        BlockKernels.Convolution(x.Values, kernel.Values, Values(bias), width, groups, batch, activation, y.Output);
        return y;
    }

    // ---- elements and rows of one operand ----

    public ReferenceTensor Add(ReferenceTensor a, ReferenceTensor b)
    {
        ReferenceTensor y = New(Shapes.Same(nameof(Add), a.Size, b.Size), nameof(Add));
        RowKernels.Add(a.Values, b.Values, y.Output);
        return y;
    }

    public ReferenceTensor Activate(ReferenceTensor x, Activation activation)
    {
        ReferenceTensor y = New(x.Size, nameof(Activate));
        RowKernels.Activate(x.Values, activation, y.Output);
        return y;
    }

    public ReferenceTensor Normalize(ReferenceTensor x)
    {
        ReferenceTensor y = New(x.Size, nameof(Normalize));
        RowKernels.Normalize(x.Values, y.Output);
        return y;
    }

    public ReferenceTensor Dropout(ReferenceTensor x, float rate) => x;

    public ReferenceTensor StopGradient(ReferenceTensor x) => x;

    public ReferenceTensor Pool(ReferenceTensor x, TokenBatch batch, Pooling pooling)
    {
        ReferenceTensor y = New(Shapes.Pool(x.Size, batch), nameof(Pool));
        RowKernels.Pool(x.Values, batch, pooling, y.Output);
        return y;
    }

    // ---- weights ----

    public ReferenceTensor Derived(Derived<ReferenceTensor> derived) => _derived.Get(derived, this);

    /// <summary>Makes something that outlives every scope.</summary>
    internal ReferenceTensor MakeLasting(Derived<ReferenceTensor> derived)
    {
        using ReferenceFrame frame = new(this, _top, new ScopePath().Enter("derived"));
        _top = frame;
        ReferenceTensor x = derived.Make(this);
        if (x.Whole.Owner == frame)      // else it is a weight or another derived tensor, which lasts already
        {
            frame.Remove(x.Whole);
            LiveBytes -= sizeof(float) * x.Whole.Size.Elements;
        }
        return x;
    }

    // ---- lifetime ----

    public IScope<ReferenceTensor> Scope(string name, ScopeKind kind = ScopeKind.Block) => _top = new(this, _top, _top.Path.Enter(name));

    public void Release(ReferenceTensor x)
    {
        if (x.Whole.Owner is not { } owner) throw new InvalidOperationException($"Released although no scope owns it: {x.Made} {x.Size}.");
        owner.Remove(x.Whole);
        End(x.Whole);
    }

    internal void End(ReferenceTensor x)
    {
        LiveBytes -= sizeof(float) * x.Size.Elements;
        x.End();
    }

    internal void Leave(ReferenceFrame frame)
    {
        if (frame != _top) throw new InvalidOperationException($"Scope {frame.Path} ends while {_top.Path} is open.");
        _top = frame.Outer ?? frame;
    }

    public void Dispose() => _root.Dispose();

    // ---- losses ----

    public ReferenceTensor CrossEntropy(ReferenceTensor logits, Labels labels, in CrossEntropyOptions options = default) =>
        Loss(Shapes.CrossEntropy(logits.Size, labels, options.ClassWeights.Length), LossKernels.CrossEntropy(logits.Values, labels, options));

    public ReferenceTensor GroupCrossEntropy(ReferenceTensor logits, RowSet groups, Labels labels) =>
        Loss(Shapes.GroupCrossEntropy(logits.Size, groups, labels), LossKernels.GroupCrossEntropy(logits.Values, groups, labels));

    public ReferenceTensor SoftCrossEntropy(ReferenceTensor logits, ReadOnlyMemory<float> targets) =>
        Loss(Shapes.Elementwise(nameof(SoftCrossEntropy), logits.Size, targets.Length), LossKernels.SoftCrossEntropy(logits.Values, targets.Span));

    public ReferenceTensor BinaryCrossEntropy(ReferenceTensor logits, ReadOnlyMemory<float> targets) =>
        Loss(Shapes.Elementwise(nameof(BinaryCrossEntropy), logits.Size, targets.Length), LossKernels.BinaryCrossEntropy(logits.Values, targets.Span));

    public ReferenceTensor MeanSquaredError(ReferenceTensor x, ReadOnlyMemory<float> targets) =>
        Loss(Shapes.Elementwise(nameof(MeanSquaredError), x.Size, targets.Length), LossKernels.MeanSquaredError(x.Values, targets.Span));

    public ReferenceTensor Scale(ReferenceTensor x, float factor)
    {
        ReferenceTensor y = New(x.Size, nameof(Scale));
        RowKernels.Scale(x.Values, factor, y.Output);
        return y;
    }

    public ReferenceTensor WeightedSum(ReadOnlySpan<(float Factor, ReferenceTensor Loss)> terms)
    {
        double sum = 0;
        foreach ((float factor, ReferenceTensor loss) in terms) sum += (double)factor * loss.Row(0)[0];
        return Loss(Shapes.Scalar, sum);
    }

    // ---- tensors ----

    private ReferenceTensor New(Size size, string operation)
    {
        ReferenceTensor x = ReferenceTensor.New(size, $"{operation} in {_top.Path}");
        _top.Add(x);
        PeakBytes = Math.Max(PeakBytes, LiveBytes += sizeof(float) * size.Elements);
        return x;
    }

    private ReferenceTensor Loss(Size size, double value)
    {
        ReferenceTensor y = New(size, nameof(Loss));
        y.Output[0][0] = (float)value;
        return y;
    }

    private static ReadOnlyMatrix Values(ReferenceTensor? x) => x is null ? default : x.Values;
}
