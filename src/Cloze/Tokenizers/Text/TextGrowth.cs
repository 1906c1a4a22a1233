namespace Cloze.Tokenizers;

/// <summary>What the parts of a file may make of a text: a few that lengthen it, one after another, could fill the memory.</summary>
internal static class TextGrowth
{
    private const long MostTimes = 64, MostMore = 1 << 18;

    /// <summary>UTF-16 units that may be made of so many.</summary>
    public static long Most(long given) => MostMore + MostTimes * given;

    /// <exception cref="TokenizerException">They are more.</exception>
    public static void Check(long made, long given, string by)
    {
        if (made > Most(given)) throw new TokenizerException($"{by} at least {made} characters of {given}; no more than {MostTimes} times as many and {MostMore} are made.");
    }
}
