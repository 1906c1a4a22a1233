using Cloze.Kernels;
namespace Cloze.Cpu;

/// <summary>Rows in parts.</summary>
/// <param name="run">From the first row, to one behind the last.</param>
internal sealed class RowWork(Action<int, int> run, int rows, int parts) : IWork
{
    private const long PartElements = 32 * 1024;   // some 10 µs of one core

    public static void Run(IParallel workers, int rows, long elements, Action<int, int> run)
    {
        int parts = (int)Math.Min(Math.Min(elements / PartElements, rows), 4L * workers.Threads);
        if (workers.Threads == 1 || parts <= 1) run(0, rows);
        else workers.For(parts, new RowWork(run, rows, parts));
    }

    public void Run(int part, int thread) => run(GemmWork.Share(rows, part, parts), GemmWork.Share(rows, part + 1, parts));
}
