using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Cloze.Tokenizers;

/// <summary>The merges of a BPE model, from a tokenizer.json (both spellings) or a merges.txt, as pairs of ids.</summary>
internal sealed class BpeMerges(Vocabulary vocabulary, string prefix, string file)
{
    private int[] _pairs = new int[4096]; // left, right and merged ids
    private int _count;

    /// <summary><c>model.merges</c>: a list of <c>"left right"</c> or <c>["left", "right"]</c>.</summary>
    /// <exception cref="TokenizerException">One is spelled otherwise, or names what the vocabulary lacks.</exception>
    public static PairTable Read(JsonValue merges, Vocabulary vocabulary, string prefix)
    {
        BpeMerges list = new(vocabulary, prefix, merges.File);
        Utf8JsonReader reader = merges.Open(JsonTokenType.StartArray, "a list of merges");
        char[] left = new char[64], right = new char[64];
        try
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    list.AddLine(Text(ref reader, ref left));
                    continue;
                }
                if (reader.TokenType != JsonTokenType.StartArray) throw merges.Wrong("a list of merges, each a text or two texts,");
                ReadOnlySpan<char> first = Next(ref reader, ref left, merges), second = Next(ref reader, ref right, merges);
                if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray) throw merges.Wrong("a list of merges of two tokens");
                list.Add(first, second);
            }
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException($"{merges.File}: a text in {merges.Name} is not valid Unicode. Fetch the file again.", e);
        }
        return list.Table();
    }

    /// <summary>Merges that were taken out of a file.</summary>
    /// <exception cref="TokenizerException">One names what the vocabulary lacks.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static PairTable Read(MergesScan merges, Vocabulary vocabulary, string prefix, string file)
    {
        BpeMerges list = new(vocabulary, prefix, file);
        for (int i = 0, start = 0; i < 2 * merges.Count; i += 2)
        {
            int left = merges.Ends[i], right = merges.Ends[i + 1];
            list.Add(merges.Pool.AsSpan(start..left), merges.Pool.AsSpan(left..right));
            start = right;
        }
        return list.Table();
    }

    /// <summary>merges.txt: a merge a line; a line that begins with #version says nothing.</summary>
    /// <exception cref="TokenizerException">A line is no merge, or names what the vocabulary lacks.</exception>
    public static PairTable Read(string path, Vocabulary vocabulary)
    {
        BpeMerges list = new(vocabulary, "", path);
        foreach (ReadOnlySpan<char> line in VocabularyText.ReadText(path).AsSpan().EnumerateLines())
            if (!line.IsEmpty) list.AddLine(line);
        return list.Table();
    }

    private void AddLine(ReadOnlySpan<char> line)
    {
        if (line.StartsWith("#version")) return;
        int space = line.IndexOf(' ');
        if (space < 0 || line[(space + 1)..].Contains(' ')) throw new TokenizerException($"{file}: the merge \"{line}\" is not two tokens with a space between them. Fetch the file again.");
        Add(line[..space], line[(space + 1)..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        if (!right.StartsWith(prefix)) throw new TokenizerException($"{file}: the merge \"{left} {right}\" has a right part without continuing_subword_prefix {prefix}. Save the tokenizer again.");
        ReadOnlySpan<char> rest = right[prefix.Length..];
        ulong leftHash = Vocabulary.Hash(left), hash = leftHash;
        foreach (char c in rest) hash = hash * Vocabulary.Multiplier + c + 1;
        int l = vocabulary.Find(leftHash, left, default), r = vocabulary.Find(Vocabulary.Hash(right), right, default), merged = vocabulary.Find(hash, left, rest);
        if (l < 0 || r < 0 || merged < 0)
            throw new TokenizerException(
                $"{file}: the merge \"{left} {right}\" needs \"{(l < 0 ? left : r < 0 ? right : $"{left}{rest}")}\", which the vocabulary lacks. Vocabulary and merges must come from one tokenizer.");
        if (_count + 3 > _pairs.Length) Array.Resize(ref _pairs, _pairs.Length * 2);
        _pairs[_count++] = l;
        _pairs[_count++] = r;
        _pairs[_count++] = merged;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private PairTable Table()
    {
        PairTable table = new(_count / 3);
        for (int i = 0; i < _count; i += 3) table.Set(_pairs[i], _pairs[i + 1], i / 3, _pairs[i + 2]);
        return table;
    }

    private static ReadOnlySpan<char> Next(ref Utf8JsonReader reader, ref char[] buffer, JsonValue merges)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.String) throw merges.Wrong("a list of merges of two tokens");
        return Text(ref reader, ref buffer);
    }

    private static ReadOnlySpan<char> Text(ref Utf8JsonReader reader, ref char[] buffer)
    {
        if (reader.ValueSpan.Length > buffer.Length) buffer = new char[reader.ValueSpan.Length * 2];
        return buffer.AsSpan(0, reader.CopyString(buffer));
    }
}
