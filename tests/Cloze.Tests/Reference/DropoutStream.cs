namespace Cloze.Tests.Reference;

/// <summary>Where the masks of one operation come from: a counter, so that a replay, a backward pass and any order of work see the same mask, and none is stored.</summary>
/// <param name="Key">Of seed, step, scope path and operation number.</param>
/// <param name="Rate">Probability of zero; 0: nothing is drawn.</param>
internal readonly record struct DropoutStream(ulong Key, float Rate)
{
    public static DropoutStream None => default;

    public static DropoutStream Create(ulong seed, ulong step, string path, int operation, int part, float rate)
    {
        ulong key = Mix(Mix(Mix(seed) ^ step) ^ Hash(path));
        return new(Mix(key ^ ((ulong)operation << 8 | (uint)part)), rate);
    }

    /// <summary>0 or 1/(1−rate) for one element.</summary>
    public float Factor(long element)
    {
        if (Rate == 0) return 1;
        uint draw = (uint)(Mix(Key + (ulong)element * 0x9E3779B97F4A7C15) >> 40); // 24 bits
        return draw < (uint)(Rate * (1 << 24)) ? 0 : 1 / (1 - Rate);
    }

    /// <summary>The finalizer of SplitMix64.</summary>
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>FNV-1a: string.GetHashCode differs from run to run.</summary>
    private static ulong Hash(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in text) hash = (hash ^ c) * 0x100000001B3;
        return hash;
    }
}
