using System.Text;
using System.Text.Unicode;
using Cloze.Cli.Output;
namespace Cloze.Cli.Input;

/// <summary>
/// Lines of UTF-8 text from a file or stdin: they end at LF or CRLF, a leading byte order mark is no text, invalid bytes become U+FFFD and are
/// counted.
/// </summary>
/// <remarks>Holds one line at a time: memory is bounded by the longest.</remarks>
internal sealed class TextLines : IDisposable
{
    private const int MaxLine = 512 * 1024 * 1024, BinaryProbe = 8192;   // bytes
    private readonly Stream _stream;
    private readonly bool _strict;
    private byte[] _buffer = new byte[64 * 1024];
    private int _start, _end;
    private bool _isAtEnd;

    /// <param name="source">For messages.</param>
    /// <param name="strict">Refuse invalid UTF-8 instead of replacing it.</param>
    public TextLines(Stream stream, string source, bool strict = false)
    {
        (_stream, Source, _strict) = (stream, source, strict);
        Fill();
        if (_buffer.AsSpan(0, _end).StartsWith("\uFEFF"u8)) _start = 3;
    }

    public string Source { get; }

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>Lines in which bytes were replaced.</summary>
    public long InvalidLines { get; private set; }

    /// <summary>Whether the first bytes hold a zero, which no text does.</summary>
    public bool IsBinary => _buffer.AsSpan(0, Math.Min(_end, BinaryProbe)).Contains((byte)0);

    /// <summary>How much of the file has been read; null: nobody knows its size.</summary>
    public double? Fraction => _stream.CanSeek && _stream.Length > 0 ? (double)(_stream.Position - (_end - _start)) / _stream.Length : null;

    /// <param name="path">A file, or <c>-</c> for stdin.</param>
    /// <exception cref="CommandException">It cannot be read.</exception>
    public static TextLines Open(string path, bool strict = false)
    {
        if (path == "-") return new(Console.OpenStandardInput(), "stdin", strict);
        try
        {
            FileStream file = Interruption.Wait(() => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0,
                FileOptions.SequentialScan));
            return new(file, path, strict);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be read: {Reason(path, e)}.", e);
        }
    }

    /// <summary>Why a file cannot be read, in a few words.</summary>
    public static string Reason(string path, Exception e) => e switch
    {
        _ when Directory.Exists(path) => "it is a folder",
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException => "permission is denied",
        _ => e.Message.TrimEnd('.'),
    };

    /// <summary>The next line without its end; null: there are no more.</summary>
    /// <exception cref="CommandException">Invalid UTF-8 in strict mode, or a line longer than 512 MB.</exception>
    public string? Read() => Next() is { } line ? Encoding.UTF8.GetString(line.Span) : null;

    /// <summary>As <see cref="Read"/>, in UTF-8; valid until the next call.</summary>
    public ReadOnlyMemory<byte>? ReadUtf8()
    {
        if (Next() is not { } line) return null;
        return Utf8.IsValid(line.Span) ? line : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(line.Span));
    }

    /// <summary>Says how much was replaced, if anything was.</summary>
    public void Report()
    {
        if (InvalidLines > 0)
            Messages.Write($"{Source}: {Messages.Count(InvalidLines, "line")} held invalid UTF-8, which was replaced by U+FFFD (--strict refuses it).");
    }

    public void Dispose() => _stream.Dispose();

    private ReadOnlyMemory<byte>? Next()
    {
        int scanned = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (length >= 0) return Take(scanned + length, ends: 1);
            scanned = _end - _start;
            if (_isAtEnd && scanned == 0) return null;
            if (_isAtEnd) return Take(scanned, ends: 0);
            Fill();
        }
    }

    private ReadOnlyMemory<byte> Take(int length, int ends)
    {
        ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, length);
        _start += length + ends;
        Line++;
        if (ends > 0 && line.Span.EndsWith("\r"u8)) line = line[..^1];
        if (!Utf8.IsValid(line.Span)) Invalid(line.Span);
        return line;
    }

    private void Invalid(ReadOnlySpan<byte> line)
    {
        InvalidLines++;
        if (!_strict) return;
        int valid = 0;
        while (Rune.DecodeFromUtf8(line[valid..], out _, out int consumed) == System.Buffers.OperationStatus.Done) valid += consumed;
        throw new CommandException($"{Source}:{Line}: byte {valid + 1} of the line is not valid UTF-8 (0x{line[valid]:X2}). "
            + "Without --strict it is replaced by U+FFFD.");
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
        {
            if (_end >= MaxLine) throw new CommandException($"{Source}:{Line + 1}: the line is longer than {MaxLine / 1024 / 1024} MB.");
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        int read = _stream.CanSeek ? ReadSome() : Interruption.Wait(ReadSome);
        _end += read;
        _isAtEnd = read == 0;

        int ReadSome() => _stream.Read(_buffer, _end, _buffer.Length - _end);
    }
}
