namespace Cloze.Checkpoints;

/// <summary>Finds the dictionary of names and tensors in what a training program has saved.</summary>
internal static class TorchState
{
    private const int MostWrappers = 4;

    /// <summary>Where people put a model's state beside an optimizer, a step, a schedule: Lightning, DeepSpeed, Composer, and by hand.</summary>
    private static readonly string[] s_wrappers = ["state_dict", "model_state_dict", "model", "module", "state"];

    /// <summary>The tensors by name; what is no tensor is left out.</summary>
    /// <exception cref="CheckpointException">There are none.</exception>
    public static Dictionary<string, TorchTensor> Find(object? root, string path)
    {
        if (root is not PickleDict state)
            throw new CheckpointException($"{path} holds {Kind(root)}; a dictionary of names and tensors is needed (torch.save of model.state_dict()).");
        state = Unwrap(state, MostWrappers) ?? state;
        Dictionary<string, TorchTensor> tensors = [];
        foreach ((string name, object? value) in state.Texts)
            if (value is TorchTensor tensor) tensors.Add(name, tensor);
        if (tensors.Count == 0) throw new CheckpointException($"{path} holds a dictionary, but no tensor in it that has a name.");
        return tensors;
    }

    /// <summary>The innermost dictionary with tensors on the first way that has one; null: no way has.</summary>
    private static PickleDict? Unwrap(PickleDict state, int most)
    {
        if (most > 0)
            foreach (string wrapper in s_wrappers)
                if (state.Texts.GetValueOrDefault(wrapper) is PickleDict inner && Unwrap(inner, most - 1) is { } found) return found;
        return state.Texts.Values.Any(value => value is TorchTensor) ? state : null;
    }

    private static string Kind(object? value) => value switch
    {
        TorchTensor => "one tensor",
        PickleList or PickleTuple => "a list",
        _ => "no tensors",
    };
}
