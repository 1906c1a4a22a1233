using System.Globalization;
using Cloze.Ops;
namespace Cloze.Heads;

/// <summary>What the labels of a sequence are.</summary>
public enum ProblemType
{
    Regression,
    SingleLabelClassification,
    MultiLabelClassification,
    /// <summary>A probability for each class; no value of problem_type.</summary>
    SoftLabels,
}

/// <summary>What config.json says about a task, whatever the architecture.</summary>
/// <param name="Labels">Names of the classes in their order.</param>
/// <param name="Problem">Null: it follows from the labels that are given.</param>
public sealed record TaskConfig(IReadOnlyList<string> Labels, ProblemType? Problem)
{
    /// <summary><c>id2label</c>, else <c>num_labels</c>, else two classes; <c>problem_type</c>. Next sentence has two classes whatever they say.</summary>
    /// <exception cref="CheckpointException">The keys of id2label are not 0, 1, 2 …, or problem_type is unknown.</exception>
    public static TaskConfig Read(ConfigFields config, ModelTask task)
    {
        int count = config.Int32("num_labels", 2, minimum: 1, maximum: 1 << 20);
        IReadOnlyList<string> labels = config.Fields("id2label") is { } names ? Named(config, names) : [.. Enumerable.Range(0, count).Select(Default)];
        ProblemType? problem = config.Text("problem_type") switch
        {
            null => null,
            "regression" => ProblemType.Regression,
            "single_label_classification" => ProblemType.SingleLabelClassification,
            "multi_label_classification" => ProblemType.MultiLabelClassification,
            string other => throw config.Unsupported("problem_type", $"\"{other}\"", "regression, single_label_classification, multi_label_classification"),
        };
        return task == ModelTask.NextSentence ? new(["is next", "is random"], ProblemType.SingleLabelClassification) : new(labels, problem);
    }

    private static string[] Named(ConfigFields config, ConfigFields names)
    {
        Dictionary<int, string> labels = [];
        foreach (string key in names.Names)
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || !labels.TryAdd(id, names.Text(key) ?? Default(id)))
                throw config.Unsupported("id2label", $"an object with the key \"{key}\"", "whole numbers from 0 on as keys");
        }
        if (labels.Count == 0 || labels.Keys.Max() != labels.Count - 1)
            throw config.Unsupported("id2label", $"an object of {labels.Count} keys", "the keys 0, 1, 2 … without a gap");
        return [.. labels.OrderBy(label => label.Key).Select(label => label.Value)];
    }

    private static string Default(int id) => $"LABEL_{id.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>How an architecture's classes read labels, where they differ.</summary>
/// <param name="IgnoresZero">Masked words: label 0 is none, as −100 is (MosaicBERT's and DeBERTa's original pretraining code).</param>
/// <param name="IgnoresNegative">Classes of a sequence: any label below 0 is none (DeBERTa); else −100 only.</param>
/// <param name="FloatsAre">What float labels of several classes are where problem_type does not say.</param>
/// <param name="ScoresLabelledOnly">Masked words: where labels are given, only rows that have one are scored (ModernBERT's sparse_prediction).</param>
/// <param name="Unlabelled">Masked words: the label that says that there is none; −100 is left out of the loss in any case.</param>
/// <param name="OrderLabel">What the class calls its label of two segments; null: it takes none.</param>
public sealed record LabelRules(
    bool IgnoresZero = false, bool IgnoresNegative = false, ProblemType FloatsAre = ProblemType.MultiLabelClassification, bool ScoresLabelledOnly = false,
    int Unlabelled = Labels.Ignored, string? OrderLabel = null)
{
    /// <summary>Whether a label of a masked word is one.</summary>
    public bool IsWord(int label) => IgnoresZero ? label > 0 : label != Unlabelled;

    /// <summary>As most of the reference's classes do.</summary>
    public static LabelRules Reference { get; } = new();

    /// <summary>The reference's class with a label of two segments: "next_sentence_label", "sentence_order_label".</summary>
    public static LabelRules OfSegments(string label) => new(OrderLabel: label);
}
