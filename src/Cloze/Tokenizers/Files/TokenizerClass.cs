namespace Cloze.Tokenizers;

/// <summary>Tokenizer classes of transformers that are built from their original files.</summary>
internal enum TokenizerFamily
{
    /// <summary>No class is named: the files decide.</summary>
    None,
    Albert,
    Bert,
    Camembert,
    Deberta,
    DebertaV2,
    Gpt2,
    Roberta,
    XlmRoberta,
}

/// <summary>Which class a folder names, as transformers 4.57 finds it where there is no tokenizer.json.</summary>
/// <remarks>
/// models/auto/tokenization_auto.py: <c>tokenizer_class</c> of tokenizer_config.json, else of config.json, else the class of config.json's <c>model_type</c>. A
/// model type that is not known here names nothing, and one whose class has no file in the folder does not either: models are trained with other tokenizers than
/// their type's (ALBERT on BERT's vocabulary).
/// </remarks>
internal static class TokenizerClass
{
    private static readonly Dictionary<string, TokenizerFamily> s_classes = new(StringComparer.Ordinal)
    {
        ["AlbertTokenizer"] = TokenizerFamily.Albert,
        ["BertTokenizer"] = TokenizerFamily.Bert,
        ["CamembertTokenizer"] = TokenizerFamily.Camembert,
        ["ConvBertTokenizer"] = TokenizerFamily.Bert,
        ["DebertaTokenizer"] = TokenizerFamily.Deberta,
        ["DebertaV2Tokenizer"] = TokenizerFamily.DebertaV2,
        ["DistilBertTokenizer"] = TokenizerFamily.Bert,
        ["DPRContextEncoderTokenizer"] = TokenizerFamily.Bert,
        ["DPRQuestionEncoderTokenizer"] = TokenizerFamily.Bert,
        ["ElectraTokenizer"] = TokenizerFamily.Bert,
        ["GPT2Tokenizer"] = TokenizerFamily.Gpt2,
        ["LayoutLMTokenizer"] = TokenizerFamily.Bert,
        ["LongformerTokenizer"] = TokenizerFamily.Roberta,
        ["LxmertTokenizer"] = TokenizerFamily.Bert,
        ["MobileBertTokenizer"] = TokenizerFamily.Bert,
        ["RetriBertTokenizer"] = TokenizerFamily.Bert,
        ["RobertaTokenizer"] = TokenizerFamily.Roberta,
        ["SqueezeBertTokenizer"] = TokenizerFamily.Bert,
        ["XLMRobertaTokenizer"] = TokenizerFamily.XlmRoberta,
    };

    private static readonly Dictionary<string, TokenizerFamily> s_modelTypes = new(StringComparer.Ordinal)
    {
        ["albert"] = TokenizerFamily.Albert,
        ["bert"] = TokenizerFamily.Bert,
        ["camembert"] = TokenizerFamily.Camembert,
        ["convbert"] = TokenizerFamily.Bert,
        ["deberta"] = TokenizerFamily.Deberta,
        ["deberta-v2"] = TokenizerFamily.DebertaV2,
        ["distilbert"] = TokenizerFamily.Bert,
        ["electra"] = TokenizerFamily.Bert,
        ["gpt2"] = TokenizerFamily.Gpt2,
        ["layoutlm"] = TokenizerFamily.Bert,
        ["longformer"] = TokenizerFamily.Roberta,
        ["lxmert"] = TokenizerFamily.Bert,
        ["mobilebert"] = TokenizerFamily.Bert,
        ["roberta"] = TokenizerFamily.Roberta,
        ["roberta-prelayernorm"] = TokenizerFamily.Roberta,
        ["squeezebert"] = TokenizerFamily.Bert,
        ["xlm-roberta"] = TokenizerFamily.XlmRoberta,
        ["xlm-roberta-xl"] = TokenizerFamily.XlmRoberta,
    };

    /// <param name="folder">Where config.json may be.</param>
    /// <param name="config">tokenizer_config.json; null: there is none.</param>
    /// <param name="isNamed">By its name; false: only the type of the model suggests it.</param>
    /// <exception cref="TokenizerException">A class is named that is not read.</exception>
    public static TokenizerFamily Of(string folder, JsonValue? config, out bool isNamed)
    {
        isNamed = true;
        if (config?.Find("tokenizer_class") is { } named) return Of(named);
        if (Sidecar.Read(folder, "config.json") is not { } model) return TokenizerFamily.None;
        if (model.Find("tokenizer_class") is { } ofModel) return Of(ofModel);
        isNamed = false;
        return model.Find("model_type") is { IsText: true } type ? s_modelTypes.GetValueOrDefault(type.Text()) : TokenizerFamily.None;
    }

    private static TokenizerFamily Of(JsonValue named)
    {
        string name = named.Text();
        if (s_classes.TryGetValue(name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name, out TokenizerFamily family)) return family;
        throw new TokenizerException($"{named.File}: tokenizer_class is {name}, which is not read from its original files; supported: {string.Join(", ", s_classes.Keys)}. "
            + "Save the tokenizer as tokenizer.json.");
    }
}

/// <summary>JSON files beside a vocabulary.</summary>
internal static class Sidecar
{
    /// <summary>Null: there is none.</summary>
    public static JsonValue? Read(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? JsonValue.Parse(WholeFile.Read(path), path) : null;
    }
}
