using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cloze.Kernels.Simd;
namespace Cloze.Benchmarks;

/// <summary>Seconds of this thread's own work, and the peak that a figure is a share of.</summary>
/// <remarks>
/// CPU time, where the system gives it, so that other processes on the machine distort little; what shares the core's units still does: compare within a
/// run.
/// </remarks>
internal static unsafe partial class Timing
{
    private const int ThreadClock = 3;   // CLOCK_THREAD_CPUTIME_ID

    public static double ThreadSeconds()
    {
        if (!OperatingSystem.IsLinux()) return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        long* time = stackalloc long[2];
        _ = GetTime(ThreadClock, time);
        return time[0] + time[1] * 1e-9;
    }

    /// <summary>Of one run, as the mean of some.</summary>
    public static double Seconds(int repeats, Action run)
    {
        double start = ThreadSeconds();
        for (int i = 0; i < repeats; i++) run();
        return (ThreadSeconds() - start) / repeats;
    }

    /// <summary>The figure below which <paramref name="share"/> of them lie.</summary>
    public static double Percentile(IEnumerable<double> figures, double share)
    {
        double[] sorted = [.. figures.Order()];
        return sorted[(int)Math.Round((sorted.Length - 1) * share)];
    }

    /// <summary>GFLOP/s of 12 independent chains of multiply-adds, which nothing but the units for them bounds.</summary>
    public static double MeasurePeak()
    {
        PeakCall call = default;
        SimdWidths.Run(SimdWidths.Chosen, ref call);
        return call.GigaFlops;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, long* time);

    private struct PeakCall : ISimdCall
    {
        public double GigaFlops;

        public void Invoke<S, V>() where S : struct, ISimd<V> where V : struct
        {
            const int Steps = 200_000;
            double start = ThreadSeconds();
            float kept = Chains<S, V>(Steps);
            double seconds = ThreadSeconds() - start;
            GigaFlops = kept == 0 ? 0 : 24.0 * S.Count * Steps / seconds / 1e9;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Chains<S, V>(int steps) where S : struct, ISimd<V> where V : struct
        {
            V x = S.All(1.0000001f), y = S.All(1e-9f);
            V c0 = x, c1 = x, c2 = x, c3 = x, c4 = x, c5 = x, c6 = x, c7 = x, c8 = x, c9 = x, c10 = x, c11 = x;
            for (int i = 0; i < steps; i++)
            {
                c0 = S.MulAdd(c0, x, y);
                c1 = S.MulAdd(c1, x, y);
                c2 = S.MulAdd(c2, x, y);
                c3 = S.MulAdd(c3, x, y);
                c4 = S.MulAdd(c4, x, y);
                c5 = S.MulAdd(c5, x, y);
                c6 = S.MulAdd(c6, x, y);
                c7 = S.MulAdd(c7, x, y);
                c8 = S.MulAdd(c8, x, y);
                c9 = S.MulAdd(c9, x, y);
                c10 = S.MulAdd(c10, x, y);
                c11 = S.MulAdd(c11, x, y);
            }
            V sum = S.Add(S.Add(S.Add(c0, c1), S.Add(c2, c3)), S.Add(S.Add(S.Add(c4, c5), S.Add(c6, c7)), S.Add(S.Add(c8, c9), S.Add(c10, c11))));
            float* lanes = stackalloc float[16];
            S.Store(sum, lanes);
            return *lanes;
        }
    }
}
