using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>What the rows of an output stand for.</summary>
public enum OutputRows
{
    Tokens,
    /// <summary>The tokens; the one column is a number of each, not a vector of one.</summary>
    TokenScores,
    Sequences,
    /// <summary>The choices of the first question, then those of the second …</summary>
    Choices,
    /// <summary>The tokens with a label.</summary>
    Labelled,
    /// <summary>A number of the whole batch: a loss.</summary>
    None,
}

/// <param name="Name">As the reference's output object names it: "logits".</param>
/// <param name="Value">One row for each of <paramref name="Rows"/>.</param>
public sealed record TaskOutput<T>(string Name, OutputRows Rows, T Value) where T : class;

/// <summary>Labels as they are given for a padded batch, row-major.</summary>
public sealed record TaskLabels
{
    /// <summary>Words, or a class, for each column; a class for each sequence; a choice for each question.</summary>
    public int[]? Classes { get; init; }
    /// <summary>Values for each sequence: regression, several labels, probabilities.</summary>
    public float[]? Values { get; init; }
    /// <summary>Of two segments: do they follow each other, are they in order?</summary>
    public int[]? Order { get; init; }
    /// <summary>The columns at which answers start and end.</summary>
    public int[]? Starts { get; init; }
    public int[]? Ends { get; init; }
}

/// <summary>What a model's head computes for one batch, under the reference's names, and the loss where labels are given; for any reading.</summary>
/// <param name="choices">Sequences of one question, where the task is multiple choice.</param>
public sealed class TaskRun<T>(EncoderModel<T> model, TaskConfig about, PackedTokens packed, TaskLabels labels, int choices = 1) where T : class
{
    private TokenBatch Batch => packed.Batch;

    /// <summary>Read by a class that judges two segments, and by no other.</summary>
    private int[]? Order => model.Rules.OrderLabel is null ? null : labels.Order;

    /// <summary>The head's outputs from the tokens on, owned by the innermost open scope; what it does not read of the last layer is not computed.</summary>
    public IReadOnlyList<TaskOutput<T>> Outputs(IOps<T> ops)
    {
        if (model.Head is IMaskedLm<T> words)
        {
            bool isSparse = model.Rules.ScoresLabelledOnly && labels.Classes is not null;
            T scores = words.Forward(ops, Batch, isSparse ? Words().Rows : Batch.All);
            return [new("logits", isSparse ? OutputRows.Labelled : OutputRows.Tokens, scores)];
        }
        (T hidden, TokenBatch batch) = model.ForHead(ops, Batch);
        return Outputs(ops, hidden, batch);
    }

    /// <summary>The head's outputs, owned by the innermost open scope.</summary>
    /// <param name="hidden">The encoder's last states, [N,H].</param>
    public IReadOnlyList<TaskOutput<T>> Outputs(IOps<T> ops, T hidden) => Outputs(ops, hidden, Batch);

    private IReadOnlyList<TaskOutput<T>> Outputs(IOps<T> ops, T hidden, TokenBatch batch)
    {
        switch (model.Head)
        {
            case null:
                return [];
            case Pooler<T> pooler:
                return [new("pooler_output", OutputRows.Sequences, pooler.Forward(ops, hidden, batch))];
            case MaskedLm<T> words when model.Rules.ScoresLabelledOnly && labels.Classes is not null:
                return [new("logits", OutputRows.Labelled, words.Head.Forward(ops, hidden, Words().Rows.Rows))];
            case MaskedLm<T> words:
                return [new("logits", OutputRows.Tokens, words.Head.Forward(ops, hidden))];
            case IMaskedLm<T> words:
                return [new("logits", OutputRows.Tokens, words.Forward(ops, Batch, Batch.All))];
            case PreTrainingHead<T> both:
                (T scores, T order) = both.Forward(ops, hidden, batch);
                return [new("prediction_logits", OutputRows.Tokens, scores), new(both.OrderOutput, OutputRows.Sequences, order)];
            case SequenceClassificationHead<T> classes:
                return [new("logits", OutputRows.Sequences, classes.Forward(ops, hidden, batch))];
            case MultipleChoiceHead<T> choice:
                return [new("logits", OutputRows.Choices, choice.Forward(ops, hidden, batch))];
            case TokenClassificationHead<T> tags:
                return [new("logits", OutputRows.Tokens, tags.Forward(ops, hidden))];
            case QuestionAnsweringHead<T> answers:
                T spans = answers.Forward(ops, hidden);
                return
                [
                    new("start_logits", OutputRows.TokenScores, ops.Columns(spans, 0, 1)),
                    new("end_logits", OutputRows.TokenScores, ops.Columns(spans, 1, 1)),
                ];
            case ReplacedTokenHead<T> replaced:
                return [new("logits", OutputRows.TokenScores, replaced.Forward(ops, hidden, batch))];
            case ReplacedTokenPretraining<T>:
                throw new ArgumentException($"A generator and a discriminator read two batches: {nameof(PairRun<>)} runs them.");
            default:
                throw new NotSupportedException($"Outputs of {model.Head.GetType().Name}.");
        }
    }

    /// <summary>The loss as the reference's class computes it, over real tokens; null where the labels that the task needs are not given.</summary>
    /// <param name="outputs">From <see cref="Outputs(IOps{T}, T)"/>, still alive.</param>
    /// <returns>NaN where no label counts, as the reference's mean over none; 0 where its code guards against that.</returns>
    /// <exception cref="ArgumentException">There are too many labels or too few, or one of them is no class, or they are floats where classes are needed.</exception>
    public T? Loss(ILosses<T> ops, IReadOnlyList<TaskOutput<T>> outputs) => model.Head switch
    {
        IMaskedLm<T> or PreTrainingHead<T> or TokenClassificationHead<T> or MultipleChoiceHead<T> when labels.Values is { } floats => throw NotWhole(floats),
        IMaskedLm<T> when labels.Classes is not null => WordLoss(ops, outputs[0].Value,
            outputs[0].Rows == OutputRows.Labelled ? Words().Labels : WordOfEachToken()),
        PreTrainingHead<T> when labels.Classes is not null && Order is { } order =>
            PreTrainingHead<T>.Loss(ops, outputs[0].Value, WordOfEachToken(), outputs[1].Value, Checked(order, Batch.Sequences, classes: 2)),
        SequenceClassificationHead<T> when (labels.Classes ?? Order ?? (object?)labels.Values) is not null => ClassLoss(ops, outputs[0].Value),
        MultipleChoiceHead<T> when labels.Classes is { } right => MultipleChoiceHead<T>.Loss(
            ops, outputs[0].Value, MultipleChoiceHead<T>.Questions(Batch.Sequences, choices), Checked(right, Batch.Sequences / choices, choices)),
        TokenClassificationHead<T> when labels.Classes is { } tags =>
            TokenClassificationHead<T>.Loss(ops, outputs[0].Value, Checked(OfTokens(tags), Batch.Tokens, about.Labels.Count)),
        QuestionAnsweringHead<T> when labels.Starts is { } starts && labels.Ends is { } ends => QuestionAnsweringHead<T>.Loss(
            ops, outputs[0].Value, outputs[1].Value, Batch, Spans(starts), Spans(ends)),
        ReplacedTokenHead<T> when (labels.Values ?? (labels.Classes is { } whole ? Floats(whole) : null)) is { } replaced =>
            ReplacedTokenHead<T>.Loss(ops, outputs[0].Value, OfTokens(replaced)),
        _ => null,
    };

    /// <summary>States of all tokens after each pass of the mask decoder; none where there is no such decoder.</summary>
    /// <param name="owner">The scope in which they live.</param>
    public IReadOnlyList<TaskOutput<T>> Passes(IOps<T> ops, IScope<T> owner)
    {
        if (model.Head is not DebertaMaskedLm<T> words) return [];
        using IScope<T> scope = ops.Scope("passes");
        HiddenStates<T> passes = new(owner);
        words.Forward(ops, Batch, Batch.All, keep: null, passes);
        return [.. passes.States.Select((state, i) => new TaskOutput<T>($"emd_states.{i + 1}", OutputRows.Tokens, state))];
    }

    /// <summary>Scores of the tokens with a word to predict and the loss of each, as pretraining code that looks at no others returns them.</summary>
    /// <param name="outputs">From <see cref="Outputs(IOps{T}, T)"/>, still alive.</param>
    /// <returns>Null: no words are given, or the model's class has scores of all tokens only.</returns>
    public (TaskOutput<T> Scores, IReadOnlyList<T> Losses)? Selected(ILosses<T> ops, IReadOnlyList<TaskOutput<T>> outputs)
    {
        if (model.Head is not IMaskedLm<T> || !model.Rules.IgnoresZero || labels.Classes is null) return null;
        (RowSet rows, Labels words) = Words();
        T scores = ops.SelectRows(outputs[0].Value, rows.Rows);
        T[] losses = new T[rows.Count];
        for (int i = 0; i < losses.Length; i++) losses[i] = ops.CrossEntropy(ops.SelectRows(scores, new([i])), new(new[] { words.Span[i] }));
        return (new("selected_logits", OutputRows.Labelled, scores), losses);
    }

    /// <summary>The tokens with a word to predict, and these words.</summary>
    /// <exception cref="ArgumentException">There are too many labels or too few, or one of them is no word.</exception>
    public (RowSet Rows, Labels Labels) Words()
    {
        int[] words = labels.Classes ?? throw new InvalidOperationException("No words are given.");
        Checked(WordsOf(words), Batch.Tokens, model.Encoder.Limits.Words);
        return packed.Labelled(words, IsWord);
    }

    /// <summary>Code that takes words above 0 only looks whether there is one: 0 without (MosaicBERT's and DeBERTa's original pretraining code).</summary>
    private T WordLoss(ILosses<T> ops, T logits, Labels words) =>
        model.Rules.IgnoresZero && words.Labelled == 0 ? ops.WeightedSum([]) : ops.CrossEntropy(logits, words);

    private T ClassLoss(ILosses<T> ops, T logits)
    {
        int sequences = Batch.Sequences, classes = about.Labels.Count;
        if (Order is { } order) return SequenceClassificationHead<T>.Loss(ops, logits, Checked(order, sequences, classes: 2));
        RequireNotOfColumns(sequences, classes);
        ProblemType problem = about.Problem ?? Inferred(sequences, classes);
        if (problem == ProblemType.SingleLabelClassification)
        {
            int[] right = labels.Classes ?? (about.Problem is null
                ? [.. labels.Values!.Select(label => label < 0 ? Labels.Ignored : (int)label)]
                : throw new ArgumentException("Labels are floats; a single label of several classes is a whole number."));
            if (about.Problem is null && labels.Classes is not null && right.Length == sequences * classes && right.Length != sequences)
                throw new ArgumentException($"The {right.Length} labels are whole numbers, so each is the one class of a sequence, and {sequences} are needed; "
                    + $"0 or 1 for each of {classes} classes are given as floats.");
            Labels known = Checked([.. right.Select(label => model.Rules.IgnoresNegative && label < 0 ? Labels.Ignored : label)], sequences, classes);
            bool isGuarded = model.Rules.IgnoresNegative && about.Problem is null;   // DeBERTa's class looks whether there is a label: 0 without
            return isGuarded && known.Labelled == 0 ? ops.WeightedSum([]) : SequenceClassificationHead<T>.Loss(ops, logits, known);
        }
        float[] values = labels.Values ?? (problem != ProblemType.MultiLabelClassification ? Floats(labels.Classes) : throw new ArgumentException(
            $"Labels are whole numbers, where problem_type is multi_label_classification; floats are needed, 0 or 1 for each of {classes} classes."));
        if (values.Length != sequences * classes)
            throw new ArgumentException($"There are {values.Length} labels; {sequences} sequences of {classes} values are needed.");
        return SequenceClassificationHead<T>.Loss(ops, logits, values, problem);
    }

    /// <summary>
    /// The reference's rules where problem_type is absent: floats are regression, several labels or what the architecture says; whole numbers are classes.
    /// DeBERTa's classes go by shape instead: one label a sequence is a class, even as a float; one for each class is its probability, even as a whole number.
    /// </summary>
    private ProblemType Inferred(int sequences, int classes)
    {
        if (classes == 1) return ProblemType.Regression;
        bool areClasses = model.Rules.FloatsAre == ProblemType.SoftLabels
            ? (labels.Classes?.Length ?? labels.Values!.Length) == sequences
            : labels.Values is null;
        return areClasses ? ProblemType.SingleLabelClassification : model.Rules.FloatsAre;
    }

    private bool IsWord(int label) => model.Rules.IsWord(label);

    private Labels WordOfEachToken() => Checked(WordsOf(labels.Classes!), Batch.Tokens, model.Encoder.Limits.Words);

    private int[] WordsOf(int[] padded) => [.. OfTokens(padded).Select(label => IsWord(label) ? label : Labels.Ignored)];

    private int[] OfTokens(int[] padded)
    {
        RequireColumns(padded.Length);
        return packed.Of(padded);
    }

    /// <summary>Targets of a sigmoid: none of them is "no label", −100 no more than others, as in the reference.</summary>
    private float[] OfTokens(float[] padded)
    {
        RequireColumns(padded.Length);
        return [.. packed.Places.Span.ToArray().Select(place => padded[place])];
    }

    private void RequireColumns(int count)
    {
        int needed = Batch.Sequences * packed.Length;
        if (count != needed) throw new ArgumentException($"There are {count} labels; one for each of {needed} columns is needed.");
    }

    /// <summary>Without <c>architectures</c> a file of a classifier does not tell whether its classes are of sequences or of tokens; the labels do.</summary>
    private void RequireNotOfColumns(int sequences, int classes)
    {
        if (labels.Classes is not { Length: var count } || count != sequences * packed.Length || count == sequences || count == sequences * classes) return;
        throw new ArgumentException($"There are {count} labels; {sequences} are needed. One for each column of [{sequences},{packed.Length}] is what "
            + $"--task {ModelTasks.Name(ModelTask.TokenClassification)} reads.");
    }

    private ArgumentException NotWhole(float[] floats)
    {
        string needed = model.Head is MultipleChoiceHead<T>
            ? $"the right choice of each of {Batch.Sequences / choices} questions"
            : $"one for each column of [{Batch.Sequences},{packed.Length}]";
        return new($"label.labels of {floats.Length} floats is not of whole numbers, which are needed: {needed}.");
    }

    private Labels Spans(int[] columns) =>
        columns.Length == Batch.Sequences
            ? packed.PlacesOf(columns)
            : throw new ArgumentException($"There are {columns.Length} answers for {Batch.Sequences} sequences.");

    private static Labels Checked(int[] values, int count, int classes)
    {
        if (values.Length != count) throw new ArgumentException($"There are {values.Length} labels; {count} are needed.");
        foreach (int value in values)
            if (value != Labels.Ignored && (uint)value >= (uint)classes)
                throw new ArgumentException($"A label is {value}; labels are 0 … {classes - 1}, or {Labels.Ignored} for none.");
        return new(values);
    }

    private static float[] Floats(ReadOnlySpan<int> values)
    {
        float[] floats = new float[values.Length];
        for (int i = 0; i < floats.Length; i++) floats[i] = values[i];
        return floats;
    }
}
