namespace Cloze.Tokenizers;

/// <summary>What a regular expression of a tokenizer file says.</summary>
internal abstract record Pattern
{
    /// <summary>One code point of a set.</summary>
    public sealed record Set(CodePointSet Characters) : Pattern;

    /// <summary>Characters that follow each other, at least one; where case is ignored, several together may equal one.</summary>
    public sealed record Text(List<int> CodePoints, bool IgnoresCase) : Pattern
    {
        /// <summary>The same in sets and alternatives.</summary>
        public Pattern Spelled() => IgnoresCase ? SeveralFolding.Spell(CodePoints)
            : new Sequence(CodePoints.ConvertAll<Pattern>(codePoint => new Set(CodePointSet.Of(codePoint, codePoint))));
    }

    /// <summary>Parts that follow each other; none: the empty text.</summary>
    public sealed record Sequence(List<Pattern> Parts) : Pattern
    {
        /// <summary>Its parts stand by themselves, as in a capture.</summary>
        public bool IsGroup { get; init; }
    }

    /// <summary>One of some parts, an earlier one rather than a later one.</summary>
    public sealed record Choice(List<Pattern> Parts) : Pattern;

    /// <param name="Body">What is repeated.</param>
    /// <param name="Min">At least so often.</param>
    /// <param name="Max">At most so often; −1: no limit.</param>
    /// <param name="Kind">How it goes on.</param>
    public sealed record Repeat(Pattern Body, int Min, int Max, RepeatKind Kind) : Pattern;

    /// <summary>What follows, or must not follow, without being taken.</summary>
    public sealed record LookAhead(Pattern Body, bool IsNegative) : Pattern;

    /// <summary>What stands before, or must not stand before: one code point of a set.</summary>
    public sealed record LookBehind(CodePointSet Characters, bool IsNegative) : Pattern;

    /// <summary>A condition on a place.</summary>
    public sealed record Anchor(AnchorKind Kind) : Pattern;
}

/// <summary>As often as possible, as seldom as possible, or as often as possible and nothing given back.</summary>
internal enum RepeatKind { Greedy, Lazy, Possessive }

/// <summary><c>^ $ \A \z \Z \b \B</c>.</summary>
internal enum AnchorKind { LineStart, LineEnd, TextStart, TextEnd, TextEndOrLastNewline, WordBoundary, NotWordBoundary }

/// <summary>A regular expression that is wrong or is not read; the message names what.</summary>
internal sealed class PatternException(string pattern, int at, string what)
    : Exception($"the expression `{(pattern.Length > 200 ? pattern[..200] + "…" : pattern)}` has {what} at character {at + 1}");
