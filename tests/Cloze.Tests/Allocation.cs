namespace Cloze.Tests;

/// <summary>What some code allocates on this thread, in managed bytes.</summary>
internal static class Allocation
{
    /// <summary>
    /// The least of some runs: a collection that another test causes meanwhile counts what was left of this thread's 8 KB as allocated, and code that is compiled
    /// anew on the way allocates once. What every run allocates is in the least too.
    /// </summary>
    public static long Least(Action run, int runs = 12)
    {
        long least = long.MaxValue;
        for (int i = 0; i < runs; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
