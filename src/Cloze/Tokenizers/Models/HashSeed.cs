namespace Cloze.Tokenizers;

/// <summary>What hash tables over the texts of a file multiply by: other in every process, so that no file can be made to fill one bucket.</summary>
/// <remarks>Multiplicative hashing with a random odd factor, Dietzfelbinger et al. 1997. The runtime seeds the hash of strings anew for each process. Only
/// places in tables depend on it, never a result.</remarks>
internal static class HashSeed
{
    public static ulong Multiplier { get; } = 1UL << 63 | (ulong)(uint)"high".GetHashCode(StringComparison.Ordinal) << 32 | (uint)"low".GetHashCode(StringComparison.Ordinal) | 1;
}
