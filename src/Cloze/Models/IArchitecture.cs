using Cloze.Heads;
using Cloze.Ops;
namespace Cloze.Models;

/// <summary>One architecture of the lineage: how its files are recognised and spelled, and how its models are built for any reading.</summary>
/// <remarks>Each model file holds one; the registry lists them. Immutable; safe to share between threads.</remarks>
public interface IArchitecture
{
    /// <summary>Values of <c>model_type</c> in config.json that are this network; the first is its name: "bert".</summary>
    IReadOnlyList<string> ModelTypes { get; }

    /// <summary>The reference's classes and what stands on the encoder in each: "BertForMaskedLM" → masked language modelling.</summary>
    IReadOnlyDictionary<string, ModelTask> Classes { get; }

    /// <summary>How files spell the names that the model uses.</summary>
    TensorNames Names { get; }

    /// <summary>
    /// Published sizes by name: "bert-base" → what the config.json of that model says, without what has no effect. For costs, and for random starts.
    /// </summary>
    IReadOnlyDictionary<string, string> Shapes { get; }

    /// <summary>Whether a file's tensors are this network's: decides between architectures of one model type, and where config.json names none.</summary>
    /// <param name="stored">Names as the file spells them.</param>
    bool Recognises(IEnumerable<string> stored);

    /// <summary>
    /// The configuration, an immutable record of the architecture's own, with what the file says and config.json does not (a pooler, an untied decoder).
    /// </summary>
    /// <param name="file">Null: nothing is stored yet (a random start, a cost estimate).</param>
    /// <exception cref="CheckpointException">A field is missing or malformed, or its value changes the result and is not supported.</exception>
    object Configure(ConfigFields config, IStoredTensors? file);

    /// <summary>What a tensor is drawn from in a random start, as the reference draws it.</summary>
    /// <param name="config">From <see cref="Configure"/>.</param>
    InitialValues Initial(object config, TensorRequest request);

    /// <summary>The model's own pooler, whatever the task; null where the file holds none.</summary>
    /// <param name="config">From <see cref="Configure"/>.</param>
    Pooler<T>? BuildPooler<T>(object config, IWeights<T> weights) where T : class;

    /// <summary>The model for one reading. Missing and mis-shaped tensors are noted by <paramref name="weights"/>, not thrown.</summary>
    /// <param name="config">From <see cref="Configure"/>.</param>
    /// <param name="task">One of the values of <see cref="Classes"/>.</param>
    /// <param name="labels">Classes of a classifier of sequences or tokens.</param>
    EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class;
}

/// <summary>The names of the reference's classes.</summary>
internal static class ReferenceClasses
{
    /// <summary>Each family's name with the suffix of each task: "Bert" → BertModel, BertForMaskedLM …</summary>
    public static IReadOnlyDictionary<string, ModelTask> Of(ReadOnlySpan<string> families, params ReadOnlySpan<ModelTask> tasks)
    {
        Dictionary<string, ModelTask> classes = [];
        foreach (string family in families)
            foreach (ModelTask task in tasks) classes.Add(family + Suffix(task), task);
        return classes;
    }

    /// <exception cref="ArgumentOutOfRangeException">No such head stands on this architecture.</exception>
    public static ArgumentOutOfRangeException NoSuchHead(string architecture, ModelTask task) => new(nameof(task), task, $"{architecture} has no such head.");

    /// <summary>For what holds a generator and a discriminator.</summary>
    /// <exception cref="CheckpointException">Another task is wanted.</exception>
    public static void RequirePreTraining(ModelTask task)
    {
        if (task == ModelTask.PreTraining) return;
        throw new CheckpointException($"The checkpoint holds a generator and a discriminator, which only {ModelTasks.Name(ModelTask.PreTraining)} runs, not {ModelTasks.Name(task)}; "
            + "for one of them give a folder of its own.");
    }

    private static string Suffix(ModelTask task) => task switch
    {
        ModelTask.Base => "Model",
        ModelTask.MaskedLm => "ForMaskedLM",
        ModelTask.NextSentence => "ForNextSentencePrediction",
        _ => $"For{task}",
    };
}
