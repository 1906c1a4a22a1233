using Cloze.Kernels.Simd;
namespace Cloze.Kernels.Attention;

/// <summary>A call of attention, cut into parts that threads take.</summary>
/// <remarks>One object serves many calls, one at a time; a call like the one before allocates nothing.</remarks>
/// <param name="width">Of the vectors; changes no bit.</param>
internal sealed unsafe class AttentionWork<P>(SimdWidth width) : IWork where P : struct, IPositionTerm
{
    private const int HeadsTogether = 8;   // pairs a thread from which on a part is all heads of a tile, which lie side by side in memory
    private readonly AttentionPlan _plan = new();
    private AttentionCall _call;
    private P _term;
    private float* _scratch;
    private int _headsAPart;

    /// <summary>Floats of memory that each thread of the call needs, a multiple of 16.</summary>
    public int ScratchFloats { get; private set; }

    /// <summary>Takes a call; <see cref="Run"/> does it.</summary>
    /// <param name="batch">By whose identity the plan of the tasks is known again.</param>
    /// <param name="largestTile">Columns of queries that a task covers at most; speed and memory only.</param>
    public void Prepare(in AttentionCall call, in P term, object batch, int threads, int largestTile)
    {
        ReadOnlySpan<int> starts = new(call.Starts, call.Sequences + 1);
        _plan.Make(batch, starts, new(call.Columns, starts[^1]), largestTile, call.Heads, threads);
        (_call, _term) = (call, term);
        _call.QueryTile = _plan.QueryTile;
        _headsAPart = call.ScoreMix != null || _plan.Count >= HeadsTogether * threads ? call.Heads : 1;
        Sizing sizing = new() { Work = this };
        SimdWidths.Run(width, ref sizing);
    }

    /// <param name="scratch">Threads · <see cref="ScratchFloats"/>, 64-byte aligned; its contents do not matter.</param>
    public void Run(float* scratch, IParallel parallel)
    {
        _scratch = scratch;
        parallel.For(_plan.Count * (_call.Heads / _headsAPart), this);
    }

    void IWork.Run(int part, int thread)
    {
        Part call = new() { Work = this, Number = part, Thread = thread };
        SimdWidths.Run(width, ref call);
    }

    private struct Sizing : ISimdCall
    {
        public AttentionWork<P> Work;

        public readonly void Invoke<S, V>() where S : struct, ISimd<V> where V : struct =>
            Work.ScratchFloats = ((Work._call.ScoreMix == null
                ? OnlineSoftmaxAttention<S, V, P>.ScratchFloats(Work._call, Work._term)
                : TalkingHeadsAttention<S, V, P>.ScratchFloats(Work._call, Work._term)) + 15) & ~15;
    }

    private struct Part : ISimdCall
    {
        public AttentionWork<P> Work;
        public int Number, Thread;

        public readonly void Invoke<S, V>() where S : struct, ISimd<V> where V : struct
        {
            (int pair, int first) = Math.DivRem(Number * Work._headsAPart, Work._call.Heads);
            (int sequence, int tile) = Work._plan[pair];
            float* scratch = Work._scratch + (nint)Thread * Work.ScratchFloats;
            if (Work._call.ScoreMix != null)
            {
                TalkingHeadsAttention<S, V, P>.Run(Work._call, Work._term, sequence, tile, scratch);
                return;
            }
            for (int head = first; head < first + Work._headsAPart; head++)
                OnlineSoftmaxAttention<S, V, P>.Run(Work._call, Work._term, sequence, tile, head, scratch);
        }
    }
}
