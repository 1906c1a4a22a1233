using Cloze.Kernels;
using Cloze.Kernels.Attention;
using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>Attention of <see cref="CpuOps"/>: takes a spec apart and gives the kernel what it asks for. One call at a time.</summary>
internal sealed unsafe class CpuAttention(CpuRuntime runtime)
{
    private AttentionWork<NoTerm>? _none;
    private AttentionWork<RotaryTerm>? _rotary;
    private AttentionWork<AlibiTerm>? _alibi;
    private AttentionWork<RelativeTerm>? _relative;

    /// <param name="term">The tensor that the position term brings: the relative table, or keys of distances.</param>
    /// <param name="queryTerm">Queries of distances.</param>
    public void Run(
        Matrix q, Matrix k, Matrix v, Matrix y, RowSet queries, TokenBatch batch, AttentionSpec<CpuTensor> spec,
        CpuTensor? term, CpuTensor? queryTerm)
    {
        if (queries.Count == 0) return;
        (int heads, int headSize, PositionTerm<CpuTensor> position, float scale, int? window, bool seesGlobal, _, HeadMix<CpuTensor>? mix) = spec;
        bool allRows = queries == batch.All;
        fixed (int* starts = batch.All.Starts.Span, columns = batch.Columns.Span, positions = batch.Positions.Span, queryRows = queries.Rows.Span, queryStarts = queries.Starts.Span,
            globalRows = batch.Global.Rows.Span, globalStarts = batch.Global.Starts.Span)
        {
            AttentionCall call = new()
            {
                Q = q.Data,
                QStride = q.Stride,
                K = k.Data,
                KStride = k.Stride,
                V = v.Data,
                VStride = v.Stride,
                Output = y.Data,
                OutputStride = y.Stride,
                Heads = heads,
                HeadSize = headSize,
                Sequences = batch.Sequences,
                Scale = scale,
                Window = window ?? -1,
                Starts = starts,
                Columns = columns,
                QueryRows = allRows ? null : queryRows,
                QueryStarts = allRows ? null : queryStarts,
            };
            bool hasGlobal = seesGlobal && window is not null && batch.Global.Count > 0;   // without a window every key is seen anyway
            if (hasGlobal)
            {
                call.GlobalRows = globalRows;
                call.GlobalStarts = globalStarts;
            }
            if (mix is not null)
            {
                if (window is not null) throw new ArgumentException("Attention: talking heads together with a window are not supported. Leave out one of them.");
                Shapes.HeadMix(mix.Scores.Size, mix.Probabilities.Size, heads);
                call.ScoreMix = mix.Scores.Data;
                call.ProbabilityMix = mix.Probabilities.Data;
            }
            switch (position)
            {
                case PositionTerm<CpuTensor>.None:
                    Run(_none ??= new(runtime.Kernels.Width), call, new NoTerm(), batch);
                    break;
                case PositionTerm<CpuTensor>.Rotary(var theta):
                    RotaryTable angles = runtime.AttentionTables.Rotary(theta, headSize, batch.Positions.Limit);
                    call.Positions = positions;
                    Run(_rotary ??= new(runtime.Kernels.Width), call, new RotaryTerm(angles.Cosines, angles.Sines), batch);
                    GC.KeepAlive(angles);
                    break;
                case PositionTerm<CpuTensor>.Alibi(var slopes):
                    fixed (float* slope = slopes.Span) Run(_alibi ??= new(runtime.Kernels.Width), call, new AlibiTerm(slope), batch);
                    break;
                case PositionTerm<CpuTensor>.Relative(_, var keyTerm, var isScaled):
                    RefuseGlobal(hasGlobal);
                    Shapes.Relative(term!.Size, headSize, batch);
                    RunRelative(call, batch, term, keyTerm ? term : null, heads: 1, runtime.AttentionTables.Linear(term.Rows), isScaled);
                    break;
                case PositionTerm<CpuTensor>.Disentangled(_, _, var buckets):
                    RefuseGlobal(hasGlobal);
                    Shapes.Disentangled(term?.Size, buckets, spec.Width);
                    Shapes.Disentangled(queryTerm?.Size, buckets, spec.Width);
                    RunRelative(call, batch, term, queryTerm, heads, runtime.AttentionTables.Buckets(buckets, Reach(batch)), isScaled: true);
                    break;
                default:
                    throw new ArgumentException($"Unknown position term {position}.");
            }
        }
    }

    private void RunRelative(in AttentionCall call, TokenBatch batch, CpuTensor? key, CpuTensor? query, int heads, DistanceRows rows, bool isScaled)
    {
        PackedRelativeKeys? keys = key is null ? null : runtime.AttentionTables.Keys(key, heads);
        PackedRelativeQueries? queries = query is null ? null : runtime.AttentionTables.Queries(query, heads);
        Run(_relative ??= new(runtime.Kernels.Width), call, new RelativeTerm(keys, queries, rows, isScaled), batch);
        GC.KeepAlive((keys, queries, rows));
    }

    private void Run<P>(AttentionWork<P> work, in AttentionCall call, P term, TokenBatch batch) where P : struct, IPositionTerm
    {
        work.Prepare(call, term, batch, runtime.Threads, call.ScoreMix == null ? P.QueryTile : TalkingHeads.QueryTile);
        using BlockPool.Lease scratch = runtime.Pool.Lend((long)runtime.Threads * work.ScratchFloats);
        work.Run(scratch.Data, runtime.Workers);
    }

    private static void RefuseGlobal(bool hasGlobal)
    {
        if (!hasGlobal) return;
        throw new ArgumentException("Attention: global keys together with a relative or disentangled position term are not supported. Leave out one of them.");
    }

    /// <summary>The largest distance of two tokens of a sequence.</summary>
    private static int Reach(TokenBatch batch)
    {
        ReadOnlySpan<int> starts = batch.All.Starts.Span, columns = batch.Columns.Span;
        int reach = 0;
        for (int sequence = 0; sequence < batch.Sequences; sequence++)
            if (starts[sequence] < starts[sequence + 1]) reach = Math.Max(reach, columns[starts[sequence + 1] - 1] - columns[starts[sequence]]);
        return reach;
    }
}
