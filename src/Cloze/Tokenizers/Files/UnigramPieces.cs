namespace Cloze.Tokenizers;

/// <summary>Gathers the pieces of a Unigram model from a SentencePiece file and from what a converter puts around them; ids are places in this list.</summary>
internal sealed class UnigramPieces(SentencePieceFile file)
{
    private readonly List<string> _own = [];
    private readonly VocabularyEntry[] _entries = new VocabularyEntry[file.Count + 8];
    private readonly double[] _scores = new double[file.Count + 8];
    private int _count, _ownLength;

    /// <summary>Pieces of the converter with score 0.</summary>
    public void Add(params ReadOnlySpan<string> pieces)
    {
        foreach (string piece in pieces) Add(0, piece);
    }

    public void Add(double score, string piece)
    {
        _own.Add(piece);
        (_entries[_count], _scores[_count]) = (new(file.PoolLength + _ownLength, piece.Length, _count), score);
        _ownLength += piece.Length;
        _count++;
    }

    /// <summary>The file's pieces from one on.</summary>
    /// <param name="first">Its number.</param>
    /// <param name="isAlbert">Pieces of a digit and a comma at the end lose 100, so that "1,000" is never cut behind its comma (AlbertConverter, check_number_comma).</param>
    public void AddFrom(int first, bool isAlbert = false)
    {
        for (int i = first; i < file.Count; i++)
        {
            VocabularyEntry entry = file.Pieces[i];
            (_entries[_count], _scores[_count]) = (new(entry.Start, entry.Length, _count), isAlbert && EndsInNumberComma(file.TextOf(i)) ? file.ScoreOf(i) - 100.0 : file.ScoreOf(i));
            _count++;
        }
    }

    public Unigram Model(int unknown)
    {
        char[] pool = new char[file.PoolLength + _ownLength];
        file.Pool.AsSpan(0, file.PoolLength).CopyTo(pool);
        int at = file.PoolLength;
        foreach (string piece in _own)
        {
            piece.CopyTo(pool.AsSpan(at));
            at += piece.Length;
        }
        return new(pool, _entries[.._count], _scores[.._count], unknown, byteFallback: false);
    }

    /// <summary>Python's str.isdigit: decimal digits, and digits like ² and ①.</summary>
    private static bool EndsInNumberComma(ReadOnlySpan<char> piece) => piece.Length > 1 && piece[^1] == ',' && System.Globalization.CharUnicodeInfo.GetDigitValue(piece[^2]) >= 0;
}
