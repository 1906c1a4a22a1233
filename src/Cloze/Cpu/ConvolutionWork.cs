using Cloze.Kernels;
using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>A convolution along the sequences of a batch, tile of rows by tile of rows: neighbours side by side, then a product.</summary>
internal sealed unsafe class ConvolutionWork : IWork
{
    private const int TileRows = 48;

    private readonly IKernels _kernels;
    private readonly GemmCall _call;
    private readonly int[] _neighbours;
    private readonly int _width, _firstColumn;
    private readonly float* _scratch;

    private ConvolutionWork(IKernels kernels, GemmCall call, int[] neighbours, int width, int firstColumn, float* scratch)
    {
        (_kernels, _call, _neighbours, _width, _firstColumn) = (kernels, call, neighbours, width, firstColumn);
        _scratch = scratch;
    }

    /// <param name="call">X is the operand itself; the weight has its columns from <paramref name="firstColumn"/> on, times <paramref name="width"/>.</param>
    public static void Run(CpuRuntime runtime, in GemmCall call, int[] neighbours, int width, int firstColumn)
    {
        using BlockPool.Lease scratch = runtime.Pool.Lend((long)runtime.Workers.Threads * TileRows * call.Weight.Inputs);
        int tiles = (call.X.Rows + TileRows - 1) / TileRows;
        runtime.Workers.For(tiles, new ConvolutionWork(runtime.Kernels, call, neighbours, width, firstColumn, scratch.Data));
    }

    /// <summary>For each row of a batch the rows under the taps of a kernel; −1 beyond an end and at a hole. [N,width].</summary>
    public static int[] Neighbours(TokenBatch batch, int width)
    {
        int[] neighbours = new int[batch.Tokens * width];
        Array.Fill(neighbours, -1);
        ReadOnlySpan<int> starts = batch.All.Starts.Span, columns = batch.Columns.Span;
        int half = width / 2;
        for (int sequence = 0; sequence < batch.Sequences; sequence++)
            for (int row = starts[sequence]; row < starts[sequence + 1]; row++)
                for (int other = Math.Max(starts[sequence], row - half); other < Math.Min(starts[sequence + 1], row + half + 1); other++)   // columns ascend
                {
                    int tap = columns[other] - columns[row] + half;
                    if (tap >= 0 && tap < width) neighbours[row * width + tap] = other;
                }
        return neighbours;
    }

    public void Run(int part, int thread)
    {
        int from = part * TileRows, rows = Math.Min(TileRows, _call.X.Rows - from), inputs = _call.Weight.Inputs;
        Matrix unfolded = new(_scratch + (nint)thread * TileRows * inputs, rows, inputs, inputs);
        fixed (int* neighbours = _neighbours) Convolution.Unfold(_call.X, neighbours + from * _width, _width, _firstColumn, unfolded);
        GemmCall tile = _call;
        (tile.X, tile.Y) = (unfolded, _call.Y.Slice(from, rows));
        _kernels.Multiply(tile, 0, rows, 0, tile.Weight.PanelCount(_kernels.PanelColumns));
    }
}
