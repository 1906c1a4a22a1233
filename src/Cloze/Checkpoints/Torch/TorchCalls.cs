namespace Cloze.Checkpoints;

/// <summary>What the few calls that a file of tensors makes give: a view, a container, or something that nobody looks into.</summary>
/// <remarks>torch/_utils.py (_rebuild_…), torch/_tensor.py (_rebuild_from_type_v2), and REDUCE, NEWOBJ and BUILD of torch/_weights_only_unpickler.py.</remarks>
internal static class TorchCalls
{
    /// <exception cref="PickleFault">It is no call that tensors need.</exception>
    public static object? Reduce(object? function, object? arguments)
    {
        if (function is not TorchGlobal global) throw new PickleFault("something is called that is no function");
        if (arguments is not PickleTuple { Items: var given }) throw new PickleFault($"{global.Name} is called with something else than a tuple");
        switch (global.Kind)
        {
            case TorchGlobalKind.RebuildTensor:
                Require(global, given, 4, 4);
                return TorchTensor.Of(Storage(given), Storage(given).Type, given[1], given[2], given[3]);
            case TorchGlobalKind.RebuildTensorV2:
                Require(global, given, 6, 7);
                RequirePlain(given.ElementAtOrDefault(6));
                return TorchTensor.Of(Storage(given), Storage(given).Type, given[1], given[2], given[3]);
            case TorchGlobalKind.RebuildTensorV3:
                Require(global, given, 7, 8);
                RequirePlain(given.ElementAtOrDefault(7));
                TorchType type = given[6] is TorchGlobal { Kind: TorchGlobalKind.DType, Type: { } named } ? named : throw new PickleFault("a tensor has no dtype");
                return TorchTensor.Of(Storage(given), type, given[1], given[2], given[3]);
            case TorchGlobalKind.RebuildParameter:
                Require(global, given, 3, 3);
                return Tensor(given);
            case TorchGlobalKind.RebuildParameterWithState: // the state: attributes of the Python object
                Require(global, given, 4, 4);
                return Tensor(given);
            case TorchGlobalKind.ParameterClass:
                Require(global, given, 1, 2);
                return Tensor(given);
            case TorchGlobalKind.RebuildFromType: // (function, class, its arguments, attributes)
                Require(global, given, 4, 4);
                if (given[1] is not TorchGlobal { Kind: TorchGlobalKind.TensorClass or TorchGlobalKind.ParameterClass })
                    throw PickleFault.Foreign("a tensor of a class of its own is not supported");
                return given[0] is TorchGlobal { Kind: not TorchGlobalKind.RebuildFromType } && Reduce(given[0], given[2]) is TorchTensor tensor ? tensor
                    : throw new PickleFault($"{global.Name} makes something that is no tensor");
            case TorchGlobalKind.OrderedDict or TorchGlobalKind.Counter:
                Require(global, given, 0, 1);
                return Dictionary(given);
            case TorchGlobalKind.Size:
                Require(global, given, 0, 1);
                return given is [] ? PickleTuple.Empty : new PickleTuple([.. Sequence(given[0])]);
            case TorchGlobalKind.ByteArray:
                Require(global, given, 0, 2);
                if (given is [not PickleOpaque]) throw new PickleFault("bytes are made from something else than bytes or a text and its encoding");
                return PickleOpaque.Instance;
            case TorchGlobalKind.Encode:
                Require(global, given, 2, 2);
                if (given is not [string, "latin1" or "latin-1" or "utf-8" or "utf8" or "ascii"]) throw new PickleFault("bytes are not written as a text in latin1");
                return PickleOpaque.Instance;
            case TorchGlobalKind.Set:
                Require(global, given, 0, 1);
                if (given is [var members] && Sequence(members).Any(member => !PickleKeys.IsHashable(member))) throw new PickleFault("a list is in a set");
                return PickleOpaque.Instance;
            case TorchGlobalKind.Complex or TorchGlobalKind.Device or TorchGlobalKind.Layout:
                Require(global, given, 1, 2);
                return PickleOpaque.Instance;
            default:
                throw PickleFault.Foreign($"{global.Name} is called, which makes {TorchGlobals.Made(global)}; an encoder's weights are none");
        }
    }

    /// <exception cref="PickleFault">It is none of the classes of which a file of tensors makes objects so.</exception>
    public static object? NewObject(object? type, object? arguments) =>
        type is TorchGlobal { Kind: TorchGlobalKind.ParameterClass or TorchGlobalKind.OrderedDict or TorchGlobalKind.Size } ? Reduce(type, arguments)
            : throw new PickleFault("an object is made of something that is no class of a file of tensors");

    /// <summary>How many values a call reads or copies beyond its own arguments.</summary>
    public static int Copied(object? arguments) => arguments is not PickleTuple { Items: [var first, ..] } ? 0 : first switch
    {
        PickleList list => list.Items.Count,
        PickleTuple tuple => tuple.Items.Length,
        PickleDict dictionary => dictionary.Texts.Count,
        _ => 0,
    };

    /// <summary>Sets attributes of a Python object: of a dictionary they are dropped (<c>_metadata</c> of a state), and nothing else has any.</summary>
    /// <exception cref="PickleFault">It is not a dictionary, or the attributes are none.</exception>
    public static void Build(object? target, object? state)
    {
        if (target is not PickleDict) throw new PickleFault("attributes are set on something that has none");
        if (state is not PickleDict) throw new PickleFault("attributes are not a dictionary");
    }

    private static void Require(TorchGlobal global, object?[] given, int least, int most)
    {
        if (given.Length < least || given.Length > most) throw new PickleFault($"{global.Name} is called with {given.Length} arguments");
    }

    private static TorchStorage Storage(object?[] given) =>
        given[0] as TorchStorage ?? throw new PickleFault("a tensor is made of something that is no storage");

    private static TorchTensor Tensor(object?[] given) =>
        given[0] as TorchTensor ?? throw new PickleFault("a parameter is made of something that is no tensor");

    /// <summary>The last argument of newer files: a negated or conjugated view has other values than its storage.</summary>
    private static void RequirePlain(object? metadata)
    {
        if (metadata is null) return;
        if (metadata is not PickleDict { HasOtherKeys: false } dictionary) throw new PickleFault("the metadata of a tensor are not a dictionary of texts");
        foreach ((string name, object? value) in dictionary.Texts)
            if (value is not false) throw PickleFault.Foreign($"a tensor is marked {FileFault.Shown(name)}, which is not supported");
    }

    private static IReadOnlyList<object?> Sequence(object? value) => value switch
    {
        PickleList list => list.Items,
        PickleTuple tuple => tuple.Items,
        _ => throw new PickleFault("something else than a list or a tuple is taken apart"),
    };

    private static PickleDict Dictionary(object?[] given)
    {
        PickleDict made = new();
        if (given is [PickleDict other])
        {
            foreach ((string key, object? value) in other.Texts) made.Set(key, value);
            if (other.HasOtherKeys) made.Set(null, null);
            return made;
        }
        if (given is [var pairs])
        {
            foreach (object? pair in Sequence(pairs))
            {
                if (Sequence(pair) is not [var key, var value] || !PickleKeys.IsHashable(key)) throw new PickleFault("a dictionary is made of something else than pairs");
                made.Set(key, value);
            }
        }
        return made;
    }
}
