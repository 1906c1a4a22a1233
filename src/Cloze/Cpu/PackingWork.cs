using Cloze.Kernels;
namespace Cloze.Cpu;

/// <summary>Packs a matrix panel by panel from where it is stored: no second copy of it stands in memory, only a panel's rows for each thread.</summary>
internal sealed unsafe class PackingWork : IWork
{
    private readonly IKernels _kernels;
    private readonly PackedMatrix _packed;
    private readonly Matrix _matrix;         // what is packed, or
    private readonly StoredRows? _stored;    // where it is stored
    private readonly int _first, _partPanels;
    private readonly float* _scratch;

    private PackingWork(IKernels kernels, PackedMatrix packed, Matrix matrix, StoredRows? stored, int first, int partPanels, float* scratch)
    {
        (_kernels, _packed, _matrix, _stored, _first, _partPanels) = (kernels, packed, matrix, stored, first, partPanels);
        _scratch = scratch;
    }

    public static long PanelFloats(IKernels kernels, int outputs, int inputs) =>
        (long)(outputs + kernels.PanelColumns - 1) / kernels.PanelColumns * kernels.PanelColumns * inputs;

    /// <summary>Rows of a weight, from <paramref name="first"/> on.</summary>
    public static void Run(CpuRuntime runtime, PackedMatrix packed, int first, StoredRows stored)
    {
        using BlockPool.Lease scratch = runtime.Pool.Lend((long)runtime.Threads * runtime.Kernels.PanelColumns * packed.Inputs);
        Run(runtime, packed, default, stored, first, scratch.Data);
    }

    /// <summary>An activation.</summary>
    public static void Run(CpuRuntime runtime, PackedMatrix packed, Matrix matrix) => Run(runtime, packed, matrix, null, 0, null);

    public void Run(int part, int thread)
    {
        int width = _kernels.PanelColumns, panels = _packed.PanelCount(width), inputs = _packed.Inputs;
        for (int panel = part * _partPanels; panel < Math.Min(panels, (part + 1) * _partPanels); panel++)
        {
            int row = panel * width, rows = Math.Min(width, _packed.Outputs - row);
            Matrix from = _stored is null ? _matrix.Slice(row, rows) : Rows(row + _first, rows, _scratch + (nint)thread * width * inputs);
            _kernels.Pack(from, _packed.Panels + (nint)row * inputs);
        }
    }

    private static void Run(CpuRuntime runtime, PackedMatrix packed, Matrix matrix, StoredRows? stored, int first, float* scratch)
    {
        const int PartElements = 32 * 1024;   // some 10 µs
        int panels = packed.PanelCount(runtime.Kernels.PanelColumns), partPanels = Math.Max(1, PartElements / (runtime.Kernels.PanelColumns * packed.Inputs));
        runtime.Workers.For((panels + partPanels - 1) / partPanels, new PackingWork(runtime.Kernels, packed, matrix, stored, first, partPanels, scratch));
    }

    private Matrix Rows(int row, int count, float* scratch)
    {
        int inputs = _packed.Inputs;
        float* rows = _stored!.InPlace(row, count);
        if (rows is null)
        {
            rows = scratch;
            for (int i = 0; i < count; i++) _stored.Read(row + i, rows + (nint)i * inputs);
        }
        return new(rows, count, inputs, inputs);
    }
}
