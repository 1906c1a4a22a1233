using System.Diagnostics;
namespace Cloze.Fuzzing;

/// <summary>Something that reads files, and how it is tried.</summary>
/// <param name="Seeds">Good and odd files, of at most 4 KB each.</param>
/// <param name="Try">Reads one mutant to its end, or throws.</param>
/// <param name="IsDocumented">Whether an exception is the one that is documented for a broken file.</param>
/// <param name="FreeBytes">What reading may allocate beside 4 times the mutant, in bytes.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Try, Func<Exception, bool> IsDocumented, long FreeBytes = 1 << 20);

/// <summary>What a run over mutants found.</summary>
/// <param name="MostMilliseconds">Of one mutant.</param>
/// <param name="MostBytes">That one mutant made the reader allocate, freed or not.</param>
/// <param name="Faults">Mutants that were neither read nor refused, or cost too much: number, reason and the bytes in base 64.</param>
internal sealed record FuzzResult(string Name, int Cases, int Loaded, int Refused, double MostMilliseconds, long MostBytes, IReadOnlyList<string> Faults);

/// <summary>Tries a reader on mutants: each is read, or refused by the documented exception, within a second and in proportion to its size.</summary>
/// <remarks>A mutant that ends the process is the one whose number was said last; the same seed makes it again.</remarks>
internal static class FuzzRun
{
    public const int MostSeedBytes = 4096;
    private const int MostFaults = 10, BytesPerByte = 4, Again = 3;
    private const double MostMilliseconds = 1000;

    /// <param name="say">Told the number of mutants that are done, now and then; null: nobody is.</param>
    public static FuzzResult Of(FuzzTarget target, int cases, int seed, Action<int>? say = null)
    {
        if (target.Seeds.Count == 0 || target.Seeds.Any(bytes => bytes.Length is 0 or > MostSeedBytes))
            throw new ArgumentException($"{target.Name} needs seeds of 1 to {MostSeedBytes} bytes.");
        List<byte[]> good = [];
        foreach (byte[] file in target.Seeds) // also compiles what is run, so that the first mutant does not pay for it
        {
            Cost(target, file, out Exception? fault);
            if (fault is null) good.Add(file);
        }
        Mutations mutations = new(target.Seeds, good, seed);
        List<string> faults = [];
        int loaded = 0, refused = 0;
        double slowest = 0;
        long largest = 0;
        for (int i = 0; i < cases && faults.Count < MostFaults; i++)
        {
            byte[] mutant = mutations.Next();
            (double milliseconds, long bytes) = Cost(target, mutant, out Exception? thrown);
            for (int again = 0; again < Again && (milliseconds > MostMilliseconds || IsTooMuch(bytes)); again++) // another process may have had the processor
            {
                (double once, long allocated) = Cost(target, mutant, out thrown);
                (milliseconds, bytes) = (Math.Min(milliseconds, once), Math.Min(bytes, allocated));
            }
            (slowest, largest) = (Math.Max(slowest, milliseconds), Math.Max(largest, bytes));
            if (thrown is null) loaded++;
            else if (target.IsDocumented(thrown)) refused++;
            else faults.Add($"{i}: {thrown.GetType().Name}: {thrown.Message} {thrown.StackTrace?.Split('\n')[0].Trim()}: {Convert.ToBase64String(mutant)}");
            if (milliseconds > MostMilliseconds) faults.Add($"{i}: took {milliseconds:F0} ms: {Convert.ToBase64String(mutant)}");
            if (IsTooMuch(bytes)) faults.Add($"{i}: allocated {bytes} bytes for {mutant.Length}: {Convert.ToBase64String(mutant)}");
            if (i % 10_000 == 0) say?.Invoke(i);

            bool IsTooMuch(long bytes) => bytes > (long)BytesPerByte * mutant.Length + target.FreeBytes;
        }
        return new(target.Name, loaded + refused + faults.Count, loaded, refused, slowest, largest, faults);
    }

    private static (double Milliseconds, long Bytes) Cost(FuzzTarget target, byte[] mutant, out Exception? thrown)
    {
        thrown = null;
        long bytes = GC.GetAllocatedBytesForCurrentThread(), started = Stopwatch.GetTimestamp();
        try
        {
            target.Try(mutant);
        }
#pragma warning disable CA1031 // whatever is thrown is what is looked for
        catch (Exception e)
#pragma warning restore CA1031
        {
            thrown = e;
        }
        return (Stopwatch.GetElapsedTime(started).TotalMilliseconds, GC.GetAllocatedBytesForCurrentThread() - bytes);
    }
}
