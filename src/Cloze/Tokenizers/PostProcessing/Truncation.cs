namespace Cloze.Tokenizers;

/// <summary>Of which sequence tokens are removed.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer one first, until both fit.</summary>
    LongestFirst,

    /// <summary>The first only.</summary>
    OnlyFirst,

    /// <summary>The second only.</summary>
    OnlySecond,
}

/// <summary>How a text that is too long is cut. Immutable.</summary>
/// <remarks>tokenizers utils/truncation.rs.</remarks>
/// <param name="MaxLength">Tokens that remain, special tokens included.</param>
/// <param name="Strategy">Of which sequence tokens are removed.</param>
/// <param name="Side">Where they are removed.</param>
/// <param name="Stride">By how many tokens the windows of a sequence overlap.</param>
public sealed record Truncation(int MaxLength, TruncationStrategy Strategy = TruncationStrategy.LongestFirst, Side Side = Side.Right, int Stride = 0)
{
    /// <summary>How many tokens of each sequence remain.</summary>
    /// <param name="first">Tokens of the first sequence.</param>
    /// <param name="second">Tokens of the second.</param>
    /// <param name="isPair">There is a second.</param>
    /// <param name="added">Special tokens that will be added.</param>
    internal (int First, int Second) Keep(int first, int second, bool isPair, int added)
    {
        int budget = MaxLength - added;
        if (budget < 0) throw new TokenizerException($"max_length is {MaxLength}, less than the {added} special tokens that are added. Give at least {added}.");
        int total = first + second;
        if (total <= budget) return (first, second);
        if (budget == 0) return (0, 0);
        if (Strategy == TruncationStrategy.LongestFirst) return isPair ? Longest(first, second, budget) : (budget, 0);

        int excess = total - budget;
        bool isFirst = Strategy == TruncationStrategy.OnlyFirst;
        if (!isFirst && !isPair) throw new TokenizerException("truncation only_second: there is no second sequence to cut. Give a pair, or another strategy.");
        int target = isFirst ? first : second;
        if (target <= excess)
            throw new TokenizerException(
                $"truncation {(isFirst ? "only_first" : "only_second")}: {excess} tokens must go, but that sequence has only {target}. "
                + "Give a longer max_length, or longest_first.");
        return isFirst ? (first - excess, second) : (first, second - excess);
    }

    private static (int First, int Second) Longest(int first, int second, int budget)
    {
        (int shorter, int longer) = first <= second ? (first, second) : (second, first);
        longer = shorter > budget ? shorter : Math.Max(shorter, budget - shorter);
        if (shorter + longer > budget) (shorter, longer) = (budget / 2, budget / 2 + budget % 2);
        return first <= second ? (shorter, longer) : (longer, shorter);
    }

    /// <summary>The windows of a sequence: the kept one first, then the others.</summary>
    internal List<Window> Windows(int count, int keep)
    {
        if (keep >= count) return [new(0, count)];
        if (keep == 0) return [new(0, 0), new(0, count)];
        if (Stride >= keep) throw new TokenizerException($"stride is {Stride}; it must be less than the {keep} tokens that are kept of the sequence.");
        List<Window> windows = [];
        int step = keep - Stride;
        if (Side == Side.Right)
        {
            for (int start = 0; ; start += step)
            {
                int end = Math.Min(start + keep, count);
                windows.Add(new(start, end - start));
                if (end == count) return windows;
            }
        }
        for (int end = count; ; end -= step)
        {
            int start = Math.Max(0, end - keep);
            windows.Add(new(start, end - start));
            if (start == 0) return windows;
        }
    }
}

/// <summary>Some tokens of a sequence that follow each other.</summary>
internal readonly record struct Window(int Start, int Length)
{
    public bool Holds(int token) => token >= Start && token < Start + Length;
}
