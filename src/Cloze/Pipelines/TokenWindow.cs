using Cloze.Tokenizers;
namespace Cloze.Pipelines;

/// <summary>The tokens of the texts that are waiting, end to end, and the order in which they go through the model.</summary>
/// <remarks>Bounded, and used again: in steady state it allocates nothing for a token. For one thread.</remarks>
internal sealed class TokenWindow
{
    private const int MaxTexts = 4096, MaxBatches = 16, MaxCharacters = 4 * 1024 * 1024;
    private readonly List<TokenPacking> _packings = [];
    private readonly List<int> _shares = [];
    private readonly TokenIdBuffer _tokens = new();
    private int[] _starts = new int[257];
    private long[] _order = [];
    private long _characters;
    private int _batches = MaxBatches;

    public int Count { get; private set; }

    /// <summary>Texts of the call that came before these.</summary>
    public int First { get; private set; }

    /// <summary>The texts as they go through the model, since <see cref="Sort"/>: the low 32 bits of each.</summary>
    public ReadOnlySpan<long> Order => _order.AsSpan(0, Count);

    public ReadOnlySpan<int> Ids(int text) => _tokens.Ids[_starts[text].._starts[text + 1]];
    public ReadOnlySpan<int> TypeIds(int text) => _tokens.TypeIds[_starts[text].._starts[text + 1]];
    public int Length(int text) => _starts[text + 1] - _starts[text];

    /// <summary>Tokens of the text at a place of the order.</summary>
    public int LengthAt(int place) => Length((int)_order[place]);

    /// <summary>The memory of batches: one for each thread.</summary>
    public TokenPacking Packing(int thread)
    {
        while (_packings.Count <= thread) _packings.Add(new());
        return _packings[thread];
    }

    /// <summary>Begins a run.</summary>
    /// <param name="early">Whether the first results shall come early: a window of one batch is followed by one of two, and so on up to 16.</param>
    public void Begin(bool early) => (_batches, First) = (early ? 1 : MaxBatches, 0);

    /// <summary>Whether enough is waiting to sort texts by length and fill batches of so many tokens.</summary>
    public bool IsFull(int batchTokens) => Count >= MaxTexts || _characters >= MaxCharacters || _tokens.Count >= (long)_batches * batchTokens;

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

    /// <summary>Empties it for the next window.</summary>
    public void Clear()
    {
        _batches = Math.Min(2 * _batches, MaxBatches);
        (First, Count, _characters) = (First + Count, 0, 0);
        _tokens.Clear();
    }

    /// <summary>Orders the texts, longest first; equally long ones as they came.</summary>
    /// <remarks>The first batch is the largest, so that the peak of memory is known before the work starts.</remarks>
    public void Sort()
    {
        if (_order.Length < Count) _order = new long[Math.Max(Count, 256)];
        for (int text = 0; text < Count; text++) _order[text] = (long)(int.MaxValue - Length(text)) << 32 | (uint)text;
        Array.Sort(_order, 0, Count);
    }

    /// <summary>How many texts of the order from <paramref name="from"/> on fit into one batch; at least one.</summary>
    public int BatchLength(int from, int batchTokens)
    {
        int count = 0;
        for (long tokens = 0; from + count < Count; count++)
        {
            tokens += LengthAt(from + count);
            if (count > 0 && tokens > batchTokens) break;
        }
        return count;
    }

    /// <summary>Cuts the order from <paramref name="from"/> on into batches for threads that take one after the other: large ones first, then smaller ones, so
    /// that all threads end at nearly the same time.</summary>
    /// <param name="most">Tokens of a batch at most; a longer text goes alone.</param>
    /// <param name="least">What none but the last is made smaller than.</param>
    /// <returns>Where each begins, and the end of the order; until the next call.</returns>
    public List<int> Shares(int from, int most, int least, int threads)
    {
        const int Rest = 2;   // of what is left, a thread takes one part in so many
        _shares.Clear();
        _shares.Add(from);
        long left = 0;
        for (int place = from; place < Count; place++) left += LengthAt(place);
        while (from < Count)
        {
            int count = BatchLength(from, (int)Math.Clamp(left / (Rest * threads), Math.Min(least, most), most));
            for (int place = from; place < from + count; place++) left -= LengthAt(place);
            _shares.Add(from += count);
        }
        return _shares;
    }
}
