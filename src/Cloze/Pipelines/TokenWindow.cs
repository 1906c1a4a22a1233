using Cloze.Tokenizers;
namespace Cloze.Pipelines;

/// <summary>The tokens of the texts that are waiting, end to end, and the order in which they go through the model.</summary>
/// <remarks>Bounded, and used again: in steady state it allocates nothing for a token. For one thread.</remarks>
internal sealed class TokenWindow
{
    private const int MaxTexts = 4096, BatchesWaiting = 16, MaxCharacters = 4 * 1024 * 1024;
    private readonly TokenIdBuffer _tokens = new();
    private int[] _starts = new int[257];
    private long[] _order = [];
    private long _characters;

    public int Count { get; private set; }

    /// <summary>The memory of batches.</summary>
    public TokenPacking Packing { get; } = new();

    public ReadOnlySpan<int> Ids(int text) => _tokens.Ids[_starts[text].._starts[text + 1]];
    public ReadOnlySpan<int> TypeIds(int text) => _tokens.TypeIds[_starts[text].._starts[text + 1]];
    public int Length(int text) => _starts[text + 1] - _starts[text];

    /// <summary>Whether enough is waiting to sort texts by length and fill batches of so many tokens.</summary>
    public bool IsFull(int batchTokens) =>
        Count >= MaxTexts || _characters >= MaxCharacters || _tokens.Count >= (long)BatchesWaiting * batchTokens;

    /// <summary>Takes in a text.</summary>
    /// <param name="maxTokens">What is beyond is cut.</param>
    /// <returns>Its tokens, and whether it was cut.</returns>
    public (int Tokens, bool IsCut) Add(string text, Tokenizer tokenizer, int maxTokens)
    {
        bool isCut = tokenizer.AppendIds(text, maxTokens, _tokens);
        if (Count + 2 > _starts.Length) Array.Resize(ref _starts, 2 * _starts.Length);
        _starts[++Count] = _tokens.Count;
        _characters += text.Length;
        return (Length(Count - 1), isCut);
    }

    public void Clear()
    {
        (Count, _characters) = (0, 0);
        _tokens.Clear();
    }

    /// <summary>The texts, longest first; equally long ones as they came. A text is the low 32 bits of an element.</summary>
    /// <remarks>The first batch is the largest, so that the peak of memory is known before the work starts.</remarks>
    public ReadOnlySpan<long> Sort()
    {
        if (_order.Length < Count) _order = new long[Math.Max(Count, 256)];
        for (int text = 0; text < Count; text++) _order[text] = (long)(int.MaxValue - Length(text)) << 32 | (uint)text;
        Array.Sort(_order, 0, Count);
        return _order.AsSpan(0, Count);
    }

    /// <summary>How many texts of the order from <paramref name="from"/> on fit into one batch; at least one.</summary>
    public int BatchLength(ReadOnlySpan<long> order, int from, int batchTokens)
    {
        int count = 0;
        for (long tokens = 0; from + count < order.Length; count++)
        {
            tokens += Length((int)order[from + count]);
            if (count > 0 && tokens > batchTokens) break;
        }
        return count;
    }
}
