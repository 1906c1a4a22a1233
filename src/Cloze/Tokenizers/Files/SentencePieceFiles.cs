namespace Cloze.Tokenizers;

/// <summary>
/// A SentencePiece model with what lies beside it (tokenizer_config.json, special_tokens_map.json, added_tokens.json), as transformers 4.57 builds AlbertTokenizerFast,
/// CamembertTokenizerFast, DebertaV2TokenizerFast and XLMRobertaTokenizerFast from them.
/// </summary>
/// <remarks>
/// transformers convert_slow_tokenizer.py: SpmConverter and what inherits from it. <c>byte_fallback</c> of the model does not count there: unknown characters are
/// unknown. <c>remove_space</c> counts in the slow tokenizer only.
/// </remarks>
internal sealed class SentencePieceFiles
{
    private const char Space = '\u2581';

    private readonly string _path;
    private readonly SentencePieceFile _file;
    private readonly TokenizerFamily _family;
    private readonly JsonValue? _config;

    private SentencePieceFiles(string path, TokenizerFamily family, JsonValue? config) =>
        (_path, _file, _family, _config) = (path, SentencePieceFile.Read(path), family, config);

    /// <param name="path">The .model file.</param>
    /// <param name="family">The class; none: the file's own ids, and no special tokens around a text.</param>
    /// <param name="config">tokenizer_config.json; null: there is none.</param>
    /// <exception cref="TokenizerException">A file is broken, or not of this class.</exception>
    public static TokenizerParts Read(string path, TokenizerFamily family, JsonValue? config) => new SentencePieceFiles(path, family, config).Parts();

    private TokenizerParts Parts()
    {
        SequenceNormalizer normalizer = Normalizer();
        List<IPreTokenizerStep> preTokenizers = PreTokenizers();
        FirstCalls.Compile(FirstCalls.Kind.Unigram, normalizer, [.. preTokenizers]);
        Unigram model = Model();
        if (model.Repeated is { } twice) throw new TokenizerException($"{_path} is not a SentencePiece model: the piece {model.TokenOf(twice)} stands there twice. Fetch the file again.");
        List<SpecialToken> ofModel = [];
        for (int id = 0; id < _file.Count; id++)
            if (_file.TypeOf(id) is (PieceType.Control or PieceType.UserDefined) and var type)
                ofModel.Add(SpecialToken.Plain(_file.TextOf(id).ToString()) with { Special = type == PieceType.Control });

        SpecialTokens special = SpecialTokens.Read(Path.GetDirectoryName(Path.GetFullPath(_path))!, _config, Defaults(_family));
        List<AddedToken> added = special.Added(model, ofModel);
        return new(model, Around(added), added)
        {
            Normalizer = normalizer,
            PreTokenizers = preTokenizers,
            Decoder = new MetaspaceDecoder(Space.ToString(), isPrepended: true),
            MaskToken = special.Mask?.Content,
        };
    }

    private Unigram Model()
    {
        UnigramPieces pieces = new(_file);
        switch (_family)
        {
            case TokenizerFamily.XlmRoberta:
                // fairseq's ids: four special tokens, then the file's pieces behind its own three
                pieces.Add("<s>", "<pad>", "</s>", "<unk>");
                pieces.AddFrom(3);
                pieces.Add("<mask>");
                return pieces.Model(unknown: 3);
            case TokenizerFamily.Camembert:
                pieces.Add("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>");
                pieces.Add(-100, "<unk>NOTUSED");
                pieces.AddFrom(1);
                pieces.Add("<mask>");
                return pieces.Model(unknown: 3);
            default:
                pieces.AddFrom(0, isAlbert: _family == TokenizerFamily.Albert);
                return pieces.Model(_file.UnknownId);
        }
    }

    private SequenceNormalizer Normalizer()
    {
        List<INormalizer> steps = [];
        bool isAlbert = _family == TokenizerFamily.Albert, isDeberta = _family == TokenizerFamily.DebertaV2;
        if (isAlbert)
        {
            steps.Add(new Replace(new LiteralPattern("``"), "\""));
            steps.Add(new Replace(new LiteralPattern("''"), "\""));
            if (!Flag("keep_accents", false))
            {
                steps.Add(new UnicodeForm(isCompatible: true, isComposed: false));
                steps.Add(new StripAccents());
            }
        }
        if (isAlbert && Flag("do_lower_case", true) || isDeberta && Flag("do_lower_case", false)) steps.Add(new Lowercase());
        if (isDeberta) steps.Add(new Strip(left: true, right: true));
        if (_file.Charsmap.Length > 0) steps.Add(new Precompiled(new(_file.Charsmap, $"{_path}: normalizer_spec.precompiled_charsmap")));
        if (!isAlbert && !isDeberta) steps.Add(new Strip(left: false, right: true));
        steps.Add(new Replace(new SpacesPattern(), isAlbert || isDeberta ? " " : Space.ToString()));
        return new(steps);
    }

    private List<IPreTokenizerStep> PreTokenizers()
    {
        List<IPreTokenizerStep> steps = [];
        if (_family == TokenizerFamily.DebertaV2 && Flag("split_by_punct", false)) steps.Add(PreTokenizerJson.Punctuation(SplitBehavior.Isolated));
        steps.Add(new PrefixRewriter(Space, replacesSpaces: true, PrependScheme.Always));
        steps.Add(new MetaspacePreTokenizer(Space));
        return steps;
    }

    private bool Flag(string name, bool fallback) => _config?.Flag(name, fallback) ?? fallback;

    /// <summary>The converters name these tokens by their text, whatever the files beside the model call them.</summary>
    private Template Around(List<AddedToken> added)
    {
        switch (_family)
        {
            case TokenizerFamily.Albert:
            case TokenizerFamily.DebertaV2:
                return Template.Bert("[CLS]", Id("[CLS]"), "[SEP]", Id("[SEP]"));
            case TokenizerFamily.Camembert:
            case TokenizerFamily.XlmRoberta:
                return Template.Roberta("<s>", Id("<s>"), "</s>", Id("</s>")) with { HasTypesForAllWindows = false, JoinsSequences = false };
            default:
                return Template.None;
        }

        int Id(string content) => added.Find(token => token.Content == content)?.Id
            ?? throw new TokenizerException($"{_path} has no piece {content}, which the tokenizer adds to every text. Give the model of this class, or a tokenizer.json.");
    }

    private static Dictionary<string, SpecialToken> Defaults(TokenizerFamily family)
    {
        if (family == TokenizerFamily.None) return [];
        bool isFairseq = family is TokenizerFamily.XlmRoberta or TokenizerFamily.Camembert;
        SpecialToken first = SpecialToken.Plain(isFairseq ? "<s>" : "[CLS]"), last = SpecialToken.Plain(isFairseq ? "</s>" : "[SEP]");
        bool isDeberta = family == TokenizerFamily.DebertaV2;
        return new()
        {
            ["bos_token"] = first,
            ["eos_token"] = last,
            ["unk_token"] = SpecialToken.Plain(isDeberta ? "[UNK]" : "<unk>") with { Normalized = isDeberta },
            ["sep_token"] = last,
            ["pad_token"] = SpecialToken.Plain(isDeberta ? "[PAD]" : "<pad>"),
            ["cls_token"] = first,
            ["mask_token"] = SpecialToken.Plain(isFairseq ? "<mask>" : "[MASK]") with { LStrip = !isDeberta },
        };
    }
}
