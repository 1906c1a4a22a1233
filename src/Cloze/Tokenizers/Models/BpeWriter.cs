using System.Text;

namespace Cloze.Tokenizers;

/// <summary>Writes tokens that are given by their length in bytes of the word's UTF-8: each covers every character that it has a byte of.</summary>
internal ref struct BpeWriter(ReadOnlySpan<char> word, TokenSink sink)
{
    private readonly ReadOnlySpan<char> _word = word;
    private readonly bool _isAscii = Ascii.IsValid(word);
    private int _at; // in bytes
    private int _unit, _unitEnd, _byteEnd; // the character that holds the last byte seen

    public void Add(int id, int bytes)
    {
        if (_isAscii && _at + bytes <= _word.Length) // bytes of a suffix may go beyond
        {
            sink.Add(id, _at, bytes);
            _at += bytes;
            return;
        }
        MoveTo(_at);
        int start = _unit;
        _at += bytes;
        MoveTo(_at - 1);
        sink.Add(id, start, _unitEnd - start);
    }

    private void MoveTo(int place)
    {
        while (_byteEnd <= place && _unitEnd < _word.Length)
        {
            _unit = _unitEnd;
            char c = _word[_unit];
            bool isPair = char.IsHighSurrogate(c);
            _unitEnd += isPair ? 2 : 1;
            _byteEnd += c < 0x80 ? 1 : c < 0x800 ? 2 : isPair ? 4 : 3;
        }
    }
}
