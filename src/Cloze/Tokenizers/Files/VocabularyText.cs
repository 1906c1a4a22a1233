using System.Buffers;
using System.Text.Unicode;

namespace Cloze.Tokenizers;

/// <summary>vocab.txt: a token a line, its id is the number of the line.</summary>
internal static class VocabularyText
{
    /// <summary>A text file; a byte order mark is not text.</summary>
    /// <exception cref="TokenizerException">The file is not UTF-8.</exception>
    public static string ReadText(string path)
    {
        byte[] bytes = TokenizerBytes.Read(path);
        if (!Utf8.IsValid(bytes)) throw new TokenizerException($"{path} is not UTF-8. Fetch the file again.");
        return System.Text.Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF');
    }

    /// <summary>Lines as Python reads them: \n, \r\n and \r end a line; nothing else does, and nothing is trimmed. A byte order mark is not text.</summary>
    /// <exception cref="TokenizerException">The file is not UTF-8.</exception>
    public static Vocabulary Read(string path)
    {
        byte[] bytes = TokenizerBytes.Read(path);
        char[] text = new char[bytes.Length + Vocabulary.PoolSlack]; // no more units than bytes
        if (Utf8.ToUtf16(bytes, text, out int read, out int length, replaceInvalidSequences: false) != OperationStatus.Done)
            throw new TokenizerException($"{path} is not UTF-8 at byte {read}; a vocabulary has one token a line. Fetch the file again.");

        VocabularyEntry[] entries = new VocabularyEntry[bytes.Length / 8 + 16];
        int count = 0;
        for (int start = text[0] == '\uFEFF' ? 1 : 0; start < length;)
        {
            int size = text.AsSpan(start, length - start).IndexOfAny('\r', '\n');
            if (size < 0) size = length - start;
            if (count == entries.Length) Array.Resize(ref entries, count * 2);
            entries[count] = new(start, size, count);
            count++;
            start += size;
            start += start + 1 < length && text[start] == '\r' && text[start + 1] == '\n' ? 2 : 1;
        }
        Array.Resize(ref entries, count);
        return new(text, entries);
    }
}
