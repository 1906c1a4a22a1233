namespace Cloze.Checkpoints;

/// <summary>Finds the dictionary of names and tensors in what a training program has saved.</summary>
internal static class TorchState
{
    private const int MostWrappers = 4, MostShown = 5;
    private const string Save = "save the model's state_dict() by torch.save or as safetensors";

    /// <summary>Where people put a model's state beside an optimizer, a step, a schedule: Lightning, DeepSpeed, Composer, and by hand.</summary>
    private static readonly string[] s_wrappers = ["state_dict", "model_state_dict", "model", "module", "state"];

    /// <summary>The tensors by name; what is no tensor is left out.</summary>
    /// <exception cref="CheckpointException">There are none, or two of one name.</exception>
    public static Dictionary<string, TorchTensor> Find(object? root, string path)
    {
        if (root is not PickleDict state) throw new CheckpointException($"{path} holds {Kind(root)}; a dictionary of names and tensors is needed: {Save}.");
        state = Unwrap(state, MostWrappers, path) ?? throw new CheckpointException($"{path} holds a dictionary{Keys(state)}, but no tensor by a name in it, nor in "
            + $"dictionaries under {string.Join(", ", s_wrappers)}, at most {MostWrappers} deep{Elsewhere(state)}: {Save}.");
        Dictionary<string, TorchTensor> tensors = [];
        foreach ((string name, object? value) in state.Texts)
            if (value is TorchTensor tensor) tensors.Add(name, tensor);
        return tensors;
    }

    /// <summary>The innermost dictionary with tensors on the first way that has one; null: no way has.</summary>
    private static PickleDict? Unwrap(PickleDict state, int most, string path)
    {
        if (state.Ambiguous is { } name)
            throw new CheckpointException($"{path}: {FileFault.Shown(name)} stands twice in a dictionary, and which value counts is not said: {Save}.");
        if (most > 0)
            foreach (string wrapper in s_wrappers)
                if (state.Texts.GetValueOrDefault(wrapper) is PickleDict inner && Unwrap(inner, most - 1, path) is { } found) return found;
        return HasTensor(state) ? state : null;
    }

    private static bool HasTensor(PickleDict state) => state.Texts.Values.Any(value => value is TorchTensor);

    private static string Keys(PickleDict state) => state.Texts.Count == 0 ? state.HasOtherKeys ? " without a text as key" : " without entries"
        : $" of {string.Join(", ", state.Texts.Keys.Take(MostShown).Select(FileFault.Shown))}{(state.Texts.Count > MostShown ? " …" : "")}";

    /// <summary>Under which other key there are tensors.</summary>
    private static string Elsewhere(PickleDict state) =>
        state.Texts.FirstOrDefault(entry => entry.Value is PickleDict inner && HasTensor(inner)).Key is { } key ? $"; tensors stand under {FileFault.Shown(key)}" : "";

    private static string Kind(object? value) => value switch
    {
        null => "None",
        TorchTensor => "one tensor",
        PickleList => "a list",
        PickleTuple => "a tuple",
        string => "a text",
        long or double or bool or PickleBigNumber => "a number",
        TorchGlobal global => $"the name {global.Name}",
        _ => "something that is no dictionary",
    };
}
