namespace Cloze.Ops;

/// <summary>One architecture of the lineage: how its files are recognised and spelled, and how its models are built for any reading.</summary>
/// <remarks>Each model file holds one; the registry lists them. A configuration is an immutable record of the architecture's own.</remarks>
public interface IArchitecture
{
    /// <summary><c>model_type</c> of config.json: "bert".</summary>
    string ModelType { get; }

    TensorNames Names { get; }

    /// <summary>The tasks that <see cref="Build"/> knows.</summary>
    IReadOnlyList<ModelTask> Tasks { get; }

    /// <summary>The configuration, with what the file says and config.json does not (a pooler, an untied decoder).</summary>
    /// <param name="file">Null: nothing is stored yet (a random start, a cost estimate).</param>
    /// <exception cref="CheckpointException">A field is missing or malformed, or its value changes the result and is not supported.</exception>
    object Configure(ConfigFields config, IStoredTensors? file);

    /// <param name="config">From <see cref="Configure"/>.</param>
    /// <param name="labels">Classes of a classifier: <c>id2label</c> or <c>num_labels</c> of config.json, else 2.</param>
    EncoderModel<T> Build<T>(object config, ModelTask task, int labels, IWeights<T> weights) where T : class;
}
