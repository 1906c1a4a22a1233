namespace Cloze.Tokenizers;

/// <summary>Where a normalizer writes. Belongs to one call's workspace and is reused.</summary>
internal sealed class AlignedBuffer
{
    /// <summary>Units behind the text that may be read.</summary>
    private const int Slack = 32;

    private char[] _chars = new char[256];
    private uint[] _spans = [];
    private int _origin, _given;
    private bool _isIdentity;
    private AlignedBuffer? _spare;
    private SplitList? _matches;

    public int Length { get; private set; }

    public int Capacity => Math.Max(_chars.Length, _spare?._chars.Length ?? 0);

    /// <summary>Combining marks that wait for the next starter.</summary>
    public PendingMarks Marks { get; } = new();

    /// <summary>Room for the matches of a pattern.</summary>
    public SplitList Matches => _matches ??= new();

    /// <summary>Another buffer, for normalizers that go over the text several times.</summary>
    public AlignedBuffer Spare => _spare ??= new();

    public AlignedText Text => new(_chars.AsSpan(0, Length), _isIdentity ? default : _spans.AsSpan(0, Length), _origin, _chars.AsSpan(0, Length + Slack));

    /// <summary>Empties the buffer; what follows is expected to be an image of <paramref name="source"/>, and is not made longer than <see cref="TextGrowth"/> allows.</summary>
    public void Start(AlignedText source)
    {
        Length = 0;
        _origin = source.Origin;
        _isIdentity = source.IsIdentity;
        TokenOffset original = source.Chars.IsEmpty ? default : source.Original(0, source.Chars.Length);
        _given = Math.Max(0, original.End - original.Start);
        Reserve(source.Chars.Length);
        if (!_isIdentity) ReserveSpans();
    }

    /// <summary>Room for <paramref name="count"/> more units; the caller fills a prefix of it and calls <see cref="Advance"/>.</summary>
    public Span<char> Room(int count)
    {
        Reserve(count);
        return _chars.AsSpan(Length, count);
    }

    /// <summary>
    /// Accepts <paramref name="count"/> units written to <see cref="Room"/>, images of the source's units from <paramref name="from"/> on, one by
    /// one.
    /// </summary>
    public void Advance(AlignedText source, int from, int count)
    {
        if (_isIdentity && Length != from) Materialize();
        if (!_isIdentity)
        {
            ReserveSpans();
            Span<uint> spans = _spans.AsSpan(Length, count);
            if (source.IsIdentity)
            {
                uint next = (uint)(source.Origin + from) << 2 | 1;
                for (int i = 0; i < spans.Length; i++, next += 4) spans[i] = next;
            }
            else
            {
                source.Spans.Slice(from, count).CopyTo(spans);
            }
        }
        Length += count;
    }

    /// <summary>Appends the source's units from <paramref name="from"/> to <paramref name="end"/> as they are.</summary>
    public void Copy(AlignedText source, int from, int end)
    {
        int first = Length;
        source.Chars[from..end].CopyTo(Room(end - from));
        Advance(source, from, end - from);
        if (!_isIdentity && source.IsIdentity) JoinPairs(first, (uint)(source.Origin + from));
    }

    /// <summary>The units from <paramref name="from"/> on, to be changed in place one by one.</summary>
    public Span<char> Written(int from) => _chars.AsSpan(from, Length - from);

    /// <summary>Takes what <paramref name="other"/> holds, for what this one holds.</summary>
    public void Swap(AlignedBuffer other)
    {
        (_chars, other._chars) = (other._chars, _chars);
        (_spans, other._spans) = (other._spans, _spans);
        (Length, other.Length) = (other.Length, Length);
        (_origin, other._origin) = (other._origin, _origin);
        (_isIdentity, other._isIdentity) = (other._isIdentity, _isIdentity);
    }

    /// <summary>Gives the last character another span.</summary>
    public void MoveLast(uint span)
    {
        if (_isIdentity) Materialize();
        _spans[Length - 1] = span;
        if (char.IsLowSurrogate(_chars[Length - 1])) _spans[Length - 2] = span;
    }

    /// <summary>Appends one code point that stands for <paramref name="span"/>.</summary>
    public void Append(int codePoint, uint span)
    {
        Reserve(2);
        int units = codePoint > 0xFFFF ? 2 : 1;
        if (_isIdentity && span != ((uint)(_origin + Length) << 2 | (uint)units)) Materialize();
        if (units == 1)
        {
            _chars[Length] = (char)codePoint;
        }
        else
        {
            _chars[Length] = (char)(0xD7C0 + (codePoint >> 10));
            _chars[Length + 1] = (char)(0xDC00 | (codePoint & 0x3FF));
        }
        if (!_isIdentity)
        {
            ReserveSpans();
            _spans[Length] = span;
            if (units == 2) _spans[Length + 1] = span;
        }
        Length += units;
    }

    /// <summary>Both halves of a surrogate pair stand for the whole of it; <paramref name="origin"/>: the original place of unit <paramref name="first"/>.</summary>
    private void JoinPairs(int first, uint origin)
    {
        ReadOnlySpan<char> chars = _chars.AsSpan(first, Length - first);
        for (int i = chars.IndexOfAnyInRange('\uD800', '\uDBFF'); i >= 0 && i < chars.Length; i++)
            if (char.IsHighSurrogate(chars[i])) _spans[first + i] = _spans[first + i + 1] = (origin + (uint)i) << 2 | 2;
    }

    private void Reserve(int more)
    {
        if (_chars.Length - Length - Slack >= more) return;
        TextGrowth.Check((long)Length + more, _given, "A normalizer or pre-tokenizer makes");
        Array.Resize(ref _chars, Math.Max(_chars.Length * 2, Length + more + Slack));
    }

    private void ReserveSpans()
    {
        if (_spans.Length < _chars.Length) Array.Resize(ref _spans, _chars.Length);
    }

    /// <summary>Writes down the identity so far; spans are explicit from now on.</summary>
    private void Materialize()
    {
        _isIdentity = false;
        ReserveSpans();
        for (int i = 0; i < Length; i++)
        {
            bool isPair = char.IsHighSurrogate(_chars[i]);
            _spans[i] = (uint)(_origin + i) << 2 | (isPair ? 2u : 1u);
            if (isPair) _spans[i + 1] = _spans[i++];
        }
    }
}
