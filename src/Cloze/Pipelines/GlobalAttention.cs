using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>A caller's choice of global tokens: those that see all tokens of their text, and that all see (Longformer).</summary>
/// <remarks>Beltagy et al. 2020, arXiv:2004.05150, section 3.1. Immutable.</remarks>
public sealed class GlobalAttention
{
    private readonly Func<int, GlobalRule> _rule;
    private readonly GlobalAttention[]? _each;

    /// <param name="rule">Of a separator's id.</param>
    private GlobalAttention(Func<int, GlobalRule> rule, GlobalAttention[]? each = null) => (_rule, _each) = (rule, each);

    /// <summary>No token: every token sees its window and no more.</summary>
    public static GlobalAttention None { get; } = new(_ => GlobalRules.None);

    /// <summary>The first token, as for classifying a text.</summary>
    public static GlobalAttention Cls { get; } = new(_ => GlobalRules.First);

    /// <summary>All tokens before the first separator, as for answering a question that stands before its context.</summary>
    public static GlobalAttention Question { get; } = new(GlobalRules.BeforeSeparator);

    /// <summary>Tokens by their places in a text, special tokens counted; ^1 is its last. A place that a text does not have is left out.</summary>
    public static GlobalAttention Tokens(params ReadOnlySpan<Index> places)
    {
        Index[] chosen = [.. places];
        return Marking((global) =>
        {
            foreach (Index place in chosen)
                if (place.GetOffset(global.Length) is var token && (uint)token < (uint)global.Length) global[token] = true;
        });
    }

    /// <summary>Tokens by ranges of places, special tokens counted; what a text does not have of them is left out.</summary>
    public static GlobalAttention Spans(params ReadOnlySpan<Range> spans)
    {
        Range[] chosen = [.. spans];
        return Marking((global) =>
        {
            foreach (Range span in chosen)
            {
                int start = Math.Clamp(span.Start.GetOffset(global.Length), 0, global.Length), end = Math.Clamp(span.End.GetOffset(global.Length), 0, global.Length);
                if (start < end) global[start..end].Fill(true);
            }
        });
    }

    /// <summary>Of each text of a call its own, in their order.</summary>
    /// <exception cref="ArgumentException">One of them is of several texts itself.</exception>
    public static GlobalAttention Each(IReadOnlyList<GlobalAttention> ofTexts)
    {
        ArgumentNullException.ThrowIfNull(ofTexts);
        GlobalAttention[] each = [.. ofTexts];
        if (each.Any(one => one._each is not null)) throw new ArgumentException("A choice for one text is a choice for several.", nameof(ofTexts));
        return new(_ => throw new InvalidOperationException("Each text has a rule of its own."), each);
    }

    /// <summary>The mask that a batch takes: 1 for a global token, row-major.</summary>
    /// <param name="separatorId">What ends a question (<see cref="Models.EncoderModel{T}.GlobalSeparator"/>).</param>
    /// <param name="first">Texts of the call that came before this batch.</param>
    /// <exception cref="ArgumentException">There is a choice for fewer texts than there are, or a question has no end.</exception>
    public int[] Mask(PaddedTokens tokens, int separatorId, int first = 0)
    {
        int length = tokens.Length;
        int[] mask = new int[tokens.Ids.Length];
        bool[] real = new bool[length], global = new bool[length];
        for (int sequence = 0; sequence < tokens.Sequences; sequence++)
        {
            int offset = sequence * length;
            for (int column = 0; column < length; column++) real[column] = tokens.IsReal(offset + column);
            Array.Clear(global);
            if (real.Contains(true)) Rule(first + sequence, separatorId)(tokens.Ids.AsSpan(offset, length), real, global);
            for (int column = 0; column < length; column++) mask[offset + column] = global[column] ? 1 : 0;
        }
        return mask;
    }

    /// <summary>What marks the global tokens of one text of a call.</summary>
    /// <exception cref="ArgumentException">There is no choice for it.</exception>
    internal GlobalRule Rule(int text, int separatorId)
    {
        if (_each is null) return _rule(separatorId);
        return text < _each.Length
            ? _each[text]._rule(separatorId)
            : throw new ArgumentException($"Global tokens are chosen for {_each.Length} texts; there are more.");
    }

    private delegate void Mark(Span<bool> global);

    /// <summary>Places count real tokens, so that pads and holes change nothing.</summary>
    private static GlobalAttention Marking(Mark mark) => new(_ => (ids, real, global) =>
    {
        bool[] tokens = new bool[real.Count(true)];
        mark(tokens);
        for (int column = 0, token = 0; column < real.Length; column++) if (real[column]) global[column] = tokens[token++];
    });
}
