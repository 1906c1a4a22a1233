using Cloze.Kernels;
namespace Cloze.Cpu;

/// <summary>
/// A feed-forward block in parts: tiles of rows through both matrices or, where there are too few rows for that, each matrix by ranges of panels.
/// </summary>
internal sealed class FeedForwardWork : IWork
{
    private const int FewRows = 24;   // for each thread: fewer would read all of both matrices for little work

    private readonly IKernels _kernels;
    private readonly FeedForwardCall _call;
    private readonly Matrix _inner;
    private readonly int _parts, _tileRows;
    private readonly Phase _phase;

    private enum Phase { Tiles, Inner, Outer }

    private FeedForwardWork(IKernels kernels, in FeedForwardCall call, Matrix inner, Phase phase, int parts, int tileRows = 0) =>
        (_kernels, _call, _inner, _phase, _parts, _tileRows) = (kernels, call, inner, phase, parts, tileRows);

    public static unsafe void Run(CpuRuntime runtime, in FeedForwardCall call)
    {
        (IKernels kernels, IParallel workers) = (runtime.Kernels, runtime.Workers);
        int rows = call.X.Rows, width = call.In.Outputs, stride = CpuTensor.StrideOf(width);
        if (rows == 0) return;
        bool few = workers.Threads > 1 && rows < FewRows * workers.Threads;
        int tileRows = few ? rows : TileRows(call, workers.Threads), tiles = few ? 1 : (rows + tileRows - 1) / tileRows;
        using BlockPool.Lease scratch = runtime.Pool.Lend((long)Math.Min(tiles, workers.Threads) * tileRows * stride);
        Matrix inner = new(scratch.Data, tileRows, width, stride);
        if (few)
        {
            long flops = 2L * rows * width * call.X.Columns;
            (_, int innerParts) = GemmWork.Split(flops, rows, call.In.PanelCount(kernels.PanelColumns), workers.Threads);
            (_, int outerParts) = GemmWork.Split(flops, rows, call.Out.PanelCount(kernels.PanelColumns), workers.Threads);
            workers.For(innerParts, new FeedForwardWork(kernels, call, inner, Phase.Inner, innerParts));
            workers.For(outerParts, new FeedForwardWork(kernels, call, inner, Phase.Outer, outerParts));
        }
        else workers.For(tiles, new FeedForwardWork(kernels, call, inner, Phase.Tiles, tiles, tileRows));
    }

    public unsafe void Run(int part, int thread)
    {
        int rows = _call.X.Rows, panels = (_phase == Phase.Outer ? _call.Out : _call.In).PanelCount(_kernels.PanelColumns);
        (int from, int to) = (GemmWork.Share(panels, part, _parts), GemmWork.Share(panels, part + 1, _parts));
        switch (_phase)
        {
            case Phase.Inner: FeedForward.Inner(_kernels, _call, _inner, 0, rows, from, to); break;
            case Phase.Outer: FeedForward.Outer(_kernels, _call, _inner, 0, rows, from, to); break;
            default:
                Matrix inner = new(_inner.Data + (nint)thread * _tileRows * _inner.Stride, _tileRows, _inner.Columns, _inner.Stride);
                FeedForward.Tile(_kernels, _call, inner, part * _tileRows, Math.Min(rows, (part + 1) * _tileRows));
                break;
        }
    }

    /// <summary>Rows of a tile: what the cache asks for, made smaller where the threads would else have unequal shares.</summary>
    private static int TileRows(in FeedForwardCall call, int threads)
    {
        int rows = call.X.Rows, most = FeedForward.TileRows(call.X.Columns, call.In.Outputs), tiles = (rows + most - 1) / most;
        if (tiles < 4 * threads) tiles = (tiles + threads - 1) / threads * threads;
        return Math.Clamp(((rows + tiles - 1) / tiles + 5) / 6 * 6, 6, most);
    }
}
