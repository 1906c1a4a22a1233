using System.Text.Json;

namespace Cloze.Tokenizers;

/// <summary>tokenizer.json: the vocabulary goes straight into its pool, the small parts are read from where they stand.</summary>
internal sealed class TokenizerJson
{
    private readonly string _path;
    private byte[] _json;
    private int _start;
    private VocabularyScan? _scan;
    private MergesScan? _merges;
    private TablesAhead? _tables;
    private readonly Dictionary<string, JsonValue> _parts = [], _model = [];
    private char[] _pool = [];
    private VocabularyEntry[] _entries = [];
    private int _poolLength, _count;
    private bool _hasVocabulary;

    private TokenizerJson(string path, byte[] json) => (_path, _json, _start) = (path, json, JsonValue.Start(json));

    /// <exception cref="TokenizerException">It is broken, or it asks for what is not supported.</exception>
    public static TokenizerParts Read(string path)
    {
        FirstCalls.CompileScan();
        byte[] json = TokenizerBytes.Read(path);
        FirstCalls.CompileFor(json);
        TokenizerJson file = new(path, json);
        try
        {
            VocabularyScan? scan = VocabularyScan.Take(json, file._start, path);
            file._tables = scan?.Tables;
            file.Scan(scan);
        }
        catch (JsonException)
        {
            file = new(path, json);
            file.Scan(null); // throws again, with the place in the whole file
        }
        return file.Parts();
    }

    /// <summary>The normalizer alone, whatever the model; null: the file has none.</summary>
    internal static INormalizer? ReadNormalizer(string path) =>
        JsonValue.Parse(TokenizerBytes.Read(path), path).Find("normalizer") is { } normalizer ? NormalizerJson.Read(normalizer) : null;

    private void Scan(VocabularyScan? scan)
    {
        if (scan is not null) (_scan, _json, _start) = (scan, scan.Rest, 0);
        Utf8JsonReader reader = new(_json.AsSpan(_start));
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new TokenizerException($"{_path} holds no JSON object. Give a tokenizer.json, or a vocabulary that ends in .txt.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                if (name == "model" && reader.TokenType == JsonTokenType.StartObject) TakeModel(ref reader);
                else _parts[name] = JsonValue.Take(ref reader, _json, _start, _path, name);
            }
            while (reader.Read()) { } // anything behind the object is a fault
        }
        catch (JsonException e) when (scan is null)
        {
            throw JsonValue.NotJson(_path, _json.AsSpan(_start), e);
        }
        catch (InvalidOperationException e)
        {
            throw new TokenizerException($"{_path}: a text is not valid Unicode. Fetch the file again.", e);
        }
    }

    private void TakeModel(ref Utf8JsonReader reader)
    {
        _parts.Remove("model");
        _hasVocabulary = true;
        _model.Clear();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == "vocab" && reader.TokenType == JsonTokenType.StartObject) Entries(ref reader);
            else _model[name] = JsonValue.Take(ref reader, _json, _start, _path, $"model.{name}");
        }
    }

    /// <summary>Texts and ids of the vocabulary.</summary>
    private void Entries(ref Utf8JsonReader reader)
    {
        if (_scan is { } scan)
        {
            (_pool, _entries, _count, _merges, _scan) = (scan.Pool, scan.Entries, scan.Entries.Length, scan.Merges, null);
            reader.Skip(); // {} in its place
            return;
        }
        _tables = null; // another vocabulary, or all of the file again
        int rest = _json.Length - (int)reader.BytesConsumed;
        _pool = new char[rest / 2 + 64];
        _entries = new VocabularyEntry[rest / 12 + 16];
        (_poolLength, _count) = (0, 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int most = reader.ValueSpan.Length; // no more units than bytes
            if (_pool.Length - _poolLength < most + Tokenizers.Vocabulary.PoolSlack)
                Array.Resize(ref _pool, Math.Max(_pool.Length * 2, _poolLength + most + Tokenizers.Vocabulary.PoolSlack));
            int length = reader.CopyString(_pool.AsSpan(_poolLength, most));
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0)
                throw new TokenizerException(
                    $"{_path}: model.vocab gives \"{_pool.AsSpan(_poolLength, length)}\" an id that is no whole number from 0 to {int.MaxValue}. "
                    + "Save the tokenizer again.");
            if (_count == _entries.Length) Array.Resize(ref _entries, _count * 2);
            _entries[_count++] = new(_poolLength, length, id);
            _poolLength += length;
        }
    }

    private TokenizerParts Parts()
    {
        if (Part("version") is { } version && version.Text() != "1.0") throw TokenizerComponents.Unsupported(version, version.Text(), "1.0");
        List<IPreTokenizerStep> preTokenizers = Part("pre_tokenizer") is { } preTokenizer ? PreTokenizerJson.Read(preTokenizer) : [];
        INormalizer? normalizer = Part("normalizer") is { } normalization ? NormalizerJson.Read(normalization) : null;
        ITokenModel model = Model(preTokenizers);
        AddedTokenIds added = new(model);
        if (Part("added_tokens") is { } list)
            foreach (JsonValue token in list.Items()) added.Add(SpecialToken.Read(token, special: false));
        return new(model, Part("post_processor") is { } processor ? PostProcessorJson.Read(processor) : Template.None, added.Tokens)
        {
            Normalizer = normalizer,
            PreTokenizers = preTokenizers,
            Decoder = Part("decoder") is { } decoder ? DecoderJson.Read(decoder) : null,
            Truncation = Part("truncation") is { } truncation ? TokenizerComponents.Truncation(truncation) : null,
            Padding = Part("padding") is { } padding ? TokenizerComponents.Padding(padding) : null,
        };
    }

    /// <summary>Older files name no type; what only one of them has tells it then.</summary>
    private ITokenModel Model(List<IPreTokenizerStep> preTokenizers)
    {
        if (!_hasVocabulary) throw new TokenizerException($"{_path}: model is missing. Save the tokenizer again with the library that made it.");
        string type = Field("type")?.Text() ?? (_model.ContainsKey("max_input_chars_per_word") ? "WordPiece" : _model.ContainsKey("merges") ? "BPE" : _model.ContainsKey("vocab") ? "Unigram" : "without a type");
        return type switch
        {
            "WordPiece" => WordPiece(),
            "BPE" => Bpe(preTokenizers),
            "WordLevel" => WordLevel(),
            "Unigram" when Field("vocab") is { } pieces => UnigramJson.Read(pieces, Field("unk_id"), Field("byte_fallback")?.Flag() ?? false),
            "Unigram" => throw NoVocabulary(),
            _ => throw new TokenizerException($"{_path}: model is {type}, which is not supported; supported: BPE, Unigram, WordLevel, WordPiece. Save the tokenizer with one of these models."),
        };
    }

    private ITokenModel WordPiece()
    {
        string unknown = Field("unk_token")?.Text() ?? "[UNK]", prefix = Field("continuing_subword_prefix")?.Text() ?? "##";
        Vocabulary vocabulary = Vocabulary();
        WordPiece model = new(vocabulary, unknown, prefix, Field("max_input_chars_per_word")?.Number() ?? 100);
        return vocabulary.HasSharedIds ? new OwnTexts(model, vocabulary, unknown, prefix) : model;
    }

    private ITokenModel WordLevel()
    {
        string unknown = Field("unk_token")?.Text() ?? "[UNK]";
        Vocabulary vocabulary = Vocabulary();
        WordLevel model = new(vocabulary, unknown);
        return vocabulary.HasSharedIds ? new OwnTexts(model, vocabulary, unknown, prefix: "") : model;
    }

    private Bpe Bpe(List<IPreTokenizerStep> preTokenizers)
    {
        if (Field("dropout") is { } dropout && dropout.Open(JsonTokenType.Number, "a number").GetDouble() != 0) throw dropout.Wrong("null (dropout makes tokens random; it is for training)");
        BpeOptions options = new(Field("unk_token")?.Text(), Field("continuing_subword_prefix")?.Text() ?? "", Field("end_of_word_suffix")?.Text() ?? "",
            Field("fuse_unk")?.Flag() ?? false, Field("byte_fallback")?.Flag() ?? false, Field("ignore_merges")?.Flag() ?? false);
        Vocabulary vocabulary = Vocabulary();
        if (Field("merges") is not { } merges) throw new TokenizerException($"{_path}: model.merges is missing. Save the tokenizer again with the library that made it.");
        return BpeFiles.Model(vocabulary, Merges(merges, vocabulary, options.Prefix), options, preTokenizers);
    }

    private PairTable Merges(JsonValue merges, Vocabulary vocabulary, string prefix)
    {
        if (_merges is not { } scan || !merges.IsEmptyList) return BpeMerges.Read(merges, vocabulary, prefix);
        return _tables is not null && prefix.Length == 0 ? _tables.Merges() : BpeMerges.Read(scan, vocabulary, prefix, _path);
    }

    /// <summary>An object of texts and ids.</summary>
    private Vocabulary Vocabulary()
    {
        if (_model.TryGetValue("vocab", out JsonValue? vocabulary)) throw vocabulary.Wrong("an object of texts and ids");
        if (_entries.Length == 0) throw NoVocabulary();
        if (_tables is not null) return _tables.Vocabulary();
        Array.Resize(ref _entries, _count);
        return new(_pool, _entries);
    }

    private TokenizerException NoVocabulary() => new($"{_path}: model.vocab is missing. Save the tokenizer again with the library that made it.");

    /// <summary>A part of the file; null: absent or null.</summary>
    private JsonValue? Part(string name) => _parts.TryGetValue(name, out JsonValue? value) && !value.IsNull ? value : null;

    private JsonValue? Field(string name) => _model.TryGetValue(name, out JsonValue? value) && !value.IsNull ? value : null;
}
