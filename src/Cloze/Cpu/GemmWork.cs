using Cloze.Kernels;
namespace Cloze.Cpu;

/// <summary>A product in parts: blocks of rows, each in some ranges of panels.</summary>
internal sealed class GemmWork(IKernels kernels, GemmCall call, int rowParts, int panelParts) : IWork
{
    private const long PartFlops = 2_000_000;   // some 25 µs of one core: less is not worth waking another

    public static void Run(CpuRuntime runtime, in GemmCall call)
    {
        (int rows, int panels) = (call.X.Rows, call.Weight.PanelCount(runtime.Kernels.PanelColumns));
        (int rowParts, int panelParts) = Split(2L * rows * call.Weight.Outputs * call.Weight.Inputs, rows, panels, runtime.Workers.Threads);
        if (rowParts * panelParts == 1) runtime.Kernels.Multiply(call, 0, rows, 0, panels);
        else runtime.Workers.For(rowParts * panelParts, new GemmWork(runtime.Kernels, call, rowParts, panelParts));
    }

    public void Run(int part, int thread)
    {
        (int row, int panel) = Math.DivRem(part, panelParts);
        int rows = call.X.Rows, panels = call.Weight.PanelCount(kernels.PanelColumns);
        kernels.Multiply(
            call, Share(rows, row, rowParts), Share(rows, row + 1, rowParts), Share(panels, panel, panelParts), Share(panels, panel + 1, panelParts));
    }

    /// <summary>Where part <paramref name="part"/> of <paramref name="parts"/> begins.</summary>
    public static int Share(int all, int part, int parts) => (int)((long)all * part / parts);

    /// <summary>Rows in blocks that share a visit of a panel; panels as often as it takes to give each thread a few parts.</summary>
    public static (int Rows, int Panels) Split(long flops, int rows, int panels, int threads)
    {
        const int RowBlock = 192, PartsAThread = 4;
        int wanted = (int)Math.Min(flops / PartFlops, threads * PartsAThread);
        if (threads == 1 || wanted <= 1) return (1, 1);
        int rowParts = (rows + RowBlock - 1) / RowBlock;
        return (rowParts, Math.Clamp((wanted + rowParts - 1) / rowParts, 1, panels));
    }
}
