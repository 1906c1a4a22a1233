using System.Buffers;

namespace Cloze.Tokenizers;

/// <summary><c>behavior</c> of Split and Punctuation: what becomes of the matches.</summary>
internal enum SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Cuts at the matches of a pattern.</summary>
/// <remarks>tokenizers tokenizer/normalizer.rs, NormalizedString::split.</remarks>
/// <param name="pattern">What is looked for.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="isInverted"><c>invert</c>: what lies between the matches counts as the matches.</param>
internal sealed class PatternPreTokenizer(ITextPattern pattern, SplitBehavior behavior, bool isInverted = false) : IPreTokenizer
{
    public bool IsLocalAtSpaces { get; } = behavior is SplitBehavior.Removed or SplitBehavior.Isolated && pattern.IsLocalAtSpaces;

    public void Split(ReadOnlySpan<char> text, SplitList splits)
    {
        int first = splits.Count;
        pattern.FindAll(text, splits);
        if (IsAll(splits.Items[first..], text.Length))
        {
            if (behavior == SplitBehavior.Isolated || behavior == SplitBehavior.Removed && isInverted) return; // as the matches stand
        }

        int count = splits.Count - first;
        Split[] matches = ArrayPool<Split>.Shared.Rent(count + 1);
        splits.Items[first..].CopyTo(matches);
        splits.Rewind(first);
        Joiner joiner = new(splits, behavior);
        int at = 0;
        foreach (Split match in matches.AsSpan(0, count))
        {
            if (match.Start > at) joiner.Add(new(at, match.Start), isInverted);
            joiner.Add(match, !isInverted);
            at = match.End;
        }
        if (at < text.Length) joiner.Add(new(at, text.Length), isInverted);
        joiner.Flush();
        ArrayPool<Split>.Shared.Return(matches);
    }

    /// <summary>The matches follow each other without gaps, and none is empty.</summary>
    private static bool IsAll(ReadOnlySpan<Split> matches, int length)
    {
        int at = 0;
        foreach (Split match in matches)
        {
            if (match.Start != at || match.End == at) return false;
            at = match.End;
        }
        return at == length;
    }

    /// <summary>Takes matches and what lies between them, in order, and makes pre-tokens of them. Empty ones count until the end and are dropped then.</summary>
    private ref struct Joiner(SplitList splits, SplitBehavior behavior)
    {
        private Split _last;
        private bool _hasLast, _isLastMatch;

        public void Add(Split part, bool isMatch)
        {
            if (behavior == SplitBehavior.Removed && isMatch) return;
            bool joins = _hasLast && behavior switch
            {
                SplitBehavior.MergedWithPrevious => isMatch && !_isLastMatch,
                SplitBehavior.MergedWithNext => _isLastMatch && !isMatch,
                SplitBehavior.Contiguous => isMatch == _isLastMatch,
                _ => false,
            };
            if (!joins) Flush();
            _last = joins ? new(_last.Start, part.End) : part;
            (_hasLast, _isLastMatch) = (true, isMatch);
        }

        public readonly void Flush()
        {
            if (_hasLast && _last.End > _last.Start) splits.Add(_last.Start, _last.End);
        }
    }
}

/// <summary>Every code point of a set by itself.</summary>
internal sealed class CodePointPattern(Func<int, bool> contains) : ITextPattern
{
    private readonly bool[] _ascii = [.. Enumerable.Range(0, 128).Select(contains)];

    public bool IsLocalAtSpaces { get; } = contains(' ');

    public void FindAll(ReadOnlySpan<char> text, SplitList matches)
    {
        for (int i = 0; i < text.Length;)
        {
            int at = i;
            int c = UnicodeData.Next(text, ref i);
            if (c < 128 ? _ascii[c] : contains(c)) matches.Add(at, i);
        }
    }
}
