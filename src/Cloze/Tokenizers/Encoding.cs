using System.Runtime.InteropServices;

namespace Cloze.Tokenizers;

/// <summary>The tokens of a text or a pair. Immutable.</summary>
/// <remarks>
/// One array holds ids, word ids and offsets; what is constant over stretches (types, masks, sequences) is kept as a few runs and written out on request,
/// so an encoding costs 16 bytes a token.
/// </remarks>
public sealed class Encoding
{
    private readonly Tokenizer _tokenizer;

    internal Encoding(Tokenizer tokenizer, int[] lanes, TokenRun[] runs, TokenSurface[]? surfaces, IReadOnlyList<Encoding> overflow)
    {
        _tokenizer = tokenizer;
        (Lanes, Runs, Surfaces, Overflow) = (lanes, runs, surfaces, overflow);
    }

    /// <summary>How many tokens there are, special and padding tokens included.</summary>
    public int Count => Lanes.Length / 4;

    /// <summary>The id of each token.</summary>
    public ReadOnlySpan<int> Ids => Lanes.AsSpan(0, Count);

    /// <summary>The pre-token (or given word) of each token within its sequence; −1 for special and padding tokens.</summary>
    public ReadOnlySpan<int> WordIds => Lanes.AsSpan(Count, Count);

    /// <summary>Where each token lies in the text (or given word) of its sequence, in UTF-16 units; (0, 0) for special and padding tokens.</summary>
    public ReadOnlySpan<TokenOffset> Offsets => MemoryMarshal.Cast<int, TokenOffset>(Lanes.AsSpan(Count * 2));

    /// <summary>The further windows of a truncated text, in the reference's order.</summary>
    public IReadOnlyList<Encoding> Overflow { get; }

    /// <summary>Ids, word ids, and offsets as pairs.</summary>
    internal int[] Lanes { get; }

    internal TokenRun[] Runs { get; }

    internal TokenSurface[]? Surfaces { get; }

    /// <summary>The type (segment) of each token; a new array.</summary>
    public int[] TypeIds() => Each(static run => run.TypeId);

    /// <summary>0 for padding tokens, else 1; a new array.</summary>
    public int[] AttentionMask() => Each(static run => run.Source >= TokenSource.Padding ? 0 : 1);

    /// <summary>1 for tokens that the template or padding added, else 0; a new array.</summary>
    public int[] SpecialTokensMask() => Each(static run => run.Source >= TokenSource.Special ? 1 : 0);

    /// <summary>
    /// 0 or 1: the first or second sequence; −1 for special and padding tokens; a new array. As in the reference, padding of a single text is 0 where the tokenizer has no post-processor.
    /// </summary>
    public int[] SequenceIds() => Each(static run => run.Source switch { TokenSource.First or TokenSource.PaddingOfFirst => 0, TokenSource.Second => 1, _ => -1 });

    /// <summary>The text of each token, a new array: its vocabulary entry, or for an added token also the white space that it swallowed.</summary>
    public string[] Tokens()
    {
        string[] tokens = new string[Count];
        for (int i = 0; i < tokens.Length; i++) tokens[i] = _tokenizer.TokenOf(Ids[i]) ?? "";
        foreach (TokenSurface surface in Surfaces ?? []) tokens[surface.Index] = surface.Text;
        return tokens;
    }

    private int[] Each(Func<TokenRun, int> value)
    {
        int[] values = new int[Count];
        int at = 0;
        foreach (TokenRun run in Runs)
        {
            values.AsSpan(at, run.Length).Fill(value(run));
            at += run.Length;
        }
        return values;
    }
}

/// <summary>Where a run of tokens comes from; the last: padding that counts as the first sequence.</summary>
internal enum TokenSource : byte { First, Second, Special, Padding, PaddingOfFirst }

/// <summary>A run of tokens of one source and one type.</summary>
internal readonly record struct TokenRun(int Length, int TypeId, TokenSource Source);

/// <summary>What a model reads of a text or a pair.</summary>
/// <param name="Ids">The id of each token, special tokens included.</param>
/// <param name="TypeIds">The type of each token; null: all 0.</param>
public readonly record struct TokenIds(int[] Ids, int[]? TypeIds);
