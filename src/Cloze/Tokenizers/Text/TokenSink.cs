using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>The tokens of one sequence while they are made. Belongs to one call's workspace and is reused.</summary>
internal sealed class TokenSink
{
    private int[] _ids = new int[256], _words = new int[256];
    private TokenOffset[] _offsets = new TokenOffset[256];
    private ulong[] _scratch = new ulong[128];
    private int _base, _word;

    public int Count { get; private set; }
    public int Capacity => Math.Max(_ids.Length, Unigram.Capacity);
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);
    public ReadOnlySpan<int> Words => _words.AsSpan(0, Count);
    public ReadOnlySpan<TokenOffset> Offsets => _offsets.AsSpan(0, Count);

    /// <summary>Texts of the few tokens that are not their vocabulary entry: (index, text).</summary>
    public List<TokenSurface> Surfaces { get; } = [];

    /// <summary>The first of <see cref="Surfaces"/> whose token is <paramref name="index"/> or a later one.</summary>
    public int SurfaceFrom(int index)
    {
        int low = 0, high = Surfaces.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Surfaces[middle].Index < index) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>Whether somebody asks for them; ids alone need no texts.</summary>
    public bool KeepsSurfaces { get; set; } = true;

    /// <summary>The last token that is not its vocabulary entry, kept or not; −1: none.</summary>
    public int LastSurface { get; private set; } = -1;

    /// <summary>After how many tokens a model may end, be it within a word.</summary>
    public int Limit { get; set; } = int.MaxValue;

    /// <summary>Tokens that begin with a space put before a character of two units, whose place it has: one character into them is two units.</summary>
    public List<int> WidePrefixes { get; } = [];

    /// <summary>Where the current word begins.</summary>
    public int WordStart => _base;

    /// <summary>Words that the model of this tokenizer cut lately.</summary>
    public WordCache Cache { get; } = new();

    /// <summary>Room for a word of a Unigram model.</summary>
    public UnigramPaths Unigram { get; } = new();

    /// <summary>Room for a word of a BPE model.</summary>
    public BpeWord Bpe { get; } = new();

    /// <summary>Scratch memory for models; what it holds is whatever was left in it.</summary>
    public Span<ulong> Scratch(int count)
    {
        if (_scratch.Length < count) _scratch = new ulong[Math.Max(_scratch.Length * 2, count)];
        return _scratch.AsSpan(0, count);
    }

    public void Clear()
    {
        Count = 0;
        Surfaces.Clear();
        LastSurface = -1;
        WidePrefixes.Clear();
    }

    /// <summary>What follows belongs to pre-token <paramref name="word"/>, whose first unit stands at <paramref name="start"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StartWord(int start, int word) => (_base, _word) = (start, word);

    /// <summary>A token at <paramref name="start"/> of the current word, in UTF-16 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id, int start, int length)
    {
        int n = Count;
        int[] ids = _ids, words = _words;
        TokenOffset[] offsets = _offsets;
        if ((uint)n >= (uint)ids.Length || (uint)n >= (uint)words.Length || (uint)n >= (uint)offsets.Length)
        {
            Grow();
            (ids, words, offsets) = (_ids, _words, _offsets);
        }
        ids[n] = id;
        words[n] = _word;
        start += _base;
        offsets[n] = new(start, start + length);
        Count = n + 1;
    }

    /// <summary>The tokens of a remembered word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in WordCache.Line line)
    {
        int n = Count, count = line.Count, start = _base, word = _word;
        while (n + WordCache.MaxTokens > _ids.Length) Grow();
        Span<int> ids = _ids.AsSpan(n, WordCache.MaxTokens), words = _words.AsSpan(n, WordCache.MaxTokens);
        Span<TokenOffset> offsets = _offsets.AsSpan(n, WordCache.MaxTokens);
        for (int k = 0; k < count; k++)
        {
            ids[k] = line.Ids[k];
            words[k] = word;
            offsets[k] = new(start + line.Starts[k], start + line.Ends[k]);
        }
        Count = n + count;
    }

    /// <summary>The next token's text is not its vocabulary entry.</summary>
    public void AddSurface(ReadOnlySpan<char> text)
    {
        LastSurface = Count;
        if (KeepsSurfaces) Surfaces.Add(new(Count, text.ToString()));
    }

    /// <summary>The text of token <paramref name="index"/>, behind all that have one so far, is not its vocabulary entry.</summary>
    public void AddSurface(int index, string text) => Surfaces.Add(new(index, text));

    /// <summary>Takes back the tokens from <paramref name="count"/> on.</summary>
    public void Rewind(int count) => Count = count;

    /// <summary>Turns the offsets from token <paramref name="from"/> on, positions in <paramref name="text"/>, into positions in the original.</summary>
    public void ToOriginal(int from, AlignedText text)
    {
        if (text.IsIdentity) return; // the base already counted the origin
        for (int i = from; i < Count; i++)
        {
            ref TokenOffset offset = ref _offsets[i];
            if ((text.Spans[offset.Start] & 3) == 2 && text.Chars[offset.Start] is ' ' or 'Ġ') WidePrefixes.Add(i);
            offset = text.Original(offset.Start, offset.End);
        }
    }

    private void Grow()
    {
        Array.Resize(ref _ids, _ids.Length * 2);
        Array.Resize(ref _words, _words.Length * 2);
        Array.Resize(ref _offsets, _offsets.Length * 2);
    }
}

/// <summary>The text of token <paramref name="Index"/> where it is not the vocabulary's text for its id.</summary>
internal sealed record TokenSurface(int Index, string Text);
