namespace Cloze.Checkpoints;

/// <summary>What stands behind a name that a pickle may use.</summary>
internal enum TorchGlobalKind
{
    /// <summary>A class of storages; its type is that of the elements, null for one that says nothing of them.</summary>
    Storage,
    DType,
    RebuildTensor, RebuildTensorV2, RebuildTensorV3, RebuildParameter, RebuildParameterWithState, RebuildFromType,
    TensorClass, ParameterClass,
    OrderedDict, Counter, Size,
    /// <summary>Makes something that is no part of a tensor.</summary>
    Encode, ByteArray, Set, Complex, Device, Layout,
    /// <summary>A value that is no part of a tensor.</summary>
    Constant,
    /// <summary>Makes a tensor that no encoder's file holds: may be named, is refused when it is called.</summary>
    OtherTensor,
}

/// <summary>An element type of torch.</summary>
/// <param name="Name">As torch prints it: "torch.float32".</param>
/// <param name="Type">Null: no encoder's weights are stored so.</param>
/// <param name="Bytes">Of one element.</param>
internal sealed record TorchType(string Name, TensorType? Type, int Bytes);

/// <summary>A name that a pickle may use: a mark of what is meant, never something that could be run.</summary>
internal sealed record TorchGlobal(string Name, TorchGlobalKind Kind, TorchType? Type = null);

/// <summary>The names that a file of tensors may hold: torch/_weights_only_unpickler.py, _get_allowed_globals. All others are refused when they appear.</summary>
internal static class TorchGlobals
{
    /// <summary>The type of a storage that says nothing of its elements.</summary>
    public static TorchType Byte { get; } = new("torch.uint8", TensorType.U8, 1);

    private static readonly TorchType[] s_types =
    [
        new("torch.float64", TensorType.F64, 8), new("torch.float32", TensorType.F32, 4), new("torch.float16", TensorType.F16, 2),
        new("torch.bfloat16", TensorType.BF16, 2), new("torch.float8_e4m3fn", TensorType.F8E4M3, 1), new("torch.float8_e5m2", TensorType.F8E5M2, 1),
        new("torch.int64", TensorType.I64, 8), new("torch.int32", TensorType.I32, 4), new("torch.int16", TensorType.I16, 2), new("torch.int8", TensorType.I8, 1),
        new("torch.uint64", TensorType.U64, 8), new("torch.uint32", TensorType.U32, 4), new("torch.uint16", TensorType.U16, 2), Byte,
        new("torch.bool", TensorType.BOOL, 1),
        new("torch.complex32", null, 4), new("torch.complex64", null, 8), new("torch.complex128", null, 16),
        new("torch.float8_e4m3fnuz", null, 1), new("torch.float8_e5m2fnuz", null, 1), new("torch.float8_e8m0fnu", null, 1),
        new("torch.quint8", null, 1), new("torch.qint8", null, 1), new("torch.qint32", null, 4), new("torch.quint4x2", null, 1), new("torch.quint2x4", null, 1),
    ];

    private static readonly (string Class, string Type)[] s_storages =
    [
        ("DoubleStorage", "torch.float64"), ("FloatStorage", "torch.float32"), ("HalfStorage", "torch.float16"), ("BFloat16Storage", "torch.bfloat16"),
        ("LongStorage", "torch.int64"), ("IntStorage", "torch.int32"), ("ShortStorage", "torch.int16"), ("CharStorage", "torch.int8"),
        ("ByteStorage", "torch.uint8"), ("BoolStorage", "torch.bool"), ("ComplexFloatStorage", "torch.complex64"),
        ("ComplexDoubleStorage", "torch.complex128"), ("QUInt8Storage", "torch.quint8"), ("QInt8Storage", "torch.qint8"),
        ("QInt32Storage", "torch.qint32"), ("QUInt4x2Storage", "torch.quint4x2"), ("QUInt2x4Storage", "torch.quint2x4"),
    ];

    private static readonly (string Rebuild, string Made)[] s_otherTensors =
    [
        ("_rebuild_qtensor", "a quantized tensor"), ("_rebuild_sparse_tensor", "a sparse tensor"), ("_rebuild_nested_tensor", "a nested tensor"),
        ("_rebuild_meta_tensor_no_storage", "a tensor of the device meta, which has no values"),
        ("_rebuild_wrapper_subclass", "a tensor of a class of its own"), ("_rebuild_device_tensor_from_numpy", "a tensor from a NumPy array"),
        ("_rebuild_device_tensor_from_cpu_tensor", "a tensor of another device's own kind"),
    ];

    private static readonly Dictionary<string, TorchGlobal> s_all = All().ToDictionary(global => global.Name);

    /// <exception cref="PickleFault">It is not among them.</exception>
    /// <param name="protocol">Files of protocol 2 spell the built-in module as Python 2 did.</param>
    public static TorchGlobal Find(string module, string name, int protocol)
    {
        if (protocol == 2 && module == "__builtin__") module = "builtins";
        return s_all.TryGetValue($"{module}.{name}", out TorchGlobal? global) ? global
            : throw PickleFault.Foreign($"it names {FileFault.Shown($"{module}.{name}")}, which is none of the names that tensors need: it is no plain file of weights");
    }

    /// <summary>What a call would make, for messages.</summary>
    public static string Made(TorchGlobal global) =>
        Array.Find(s_otherTensors, other => global.Name == $"torch._utils.{other.Rebuild}").Made ?? "nothing that a file of tensors needs";

    private static IEnumerable<TorchGlobal> All()
    {
        foreach (TorchType type in s_types) yield return new(type.Name, TorchGlobalKind.DType, type);
        foreach ((string name, string typeName) in s_storages)
        {
            TorchType type = Array.Find(s_types, type => type.Name == typeName)!;
            yield return new($"torch.{name}", TorchGlobalKind.Storage, type);
            if (name[0] != 'Q') yield return new($"torch.cuda.{name}", TorchGlobalKind.Storage, type);
        }
        yield return new("torch.storage.UntypedStorage", TorchGlobalKind.Storage);
        yield return new("torch._utils._rebuild_tensor", TorchGlobalKind.RebuildTensor);
        yield return new("torch._utils._rebuild_tensor_v2", TorchGlobalKind.RebuildTensorV2);
        yield return new("torch._utils._rebuild_tensor_v3", TorchGlobalKind.RebuildTensorV3);
        yield return new("torch._utils._rebuild_parameter", TorchGlobalKind.RebuildParameter);
        yield return new("torch._utils._rebuild_parameter_with_state", TorchGlobalKind.RebuildParameterWithState);
        yield return new("torch._tensor._rebuild_from_type_v2", TorchGlobalKind.RebuildFromType);
        yield return new("torch.Tensor", TorchGlobalKind.TensorClass);
        yield return new("torch.nn.parameter.Parameter", TorchGlobalKind.ParameterClass);
        yield return new("collections.OrderedDict", TorchGlobalKind.OrderedDict);
        yield return new("collections.Counter", TorchGlobalKind.Counter);
        yield return new("torch.Size", TorchGlobalKind.Size);
        yield return new("_codecs.encode", TorchGlobalKind.Encode);
        yield return new("builtins.bytearray", TorchGlobalKind.ByteArray);
        yield return new("builtins.set", TorchGlobalKind.Set);
        yield return new("builtins.complex", TorchGlobalKind.Complex);
        yield return new("torch.device", TorchGlobalKind.Device);
        yield return new("torch.serialization._get_layout", TorchGlobalKind.Layout);
        foreach (string scheme in (string[])["per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric",
            "per_channel_affine_float_qparams"])
            yield return new($"torch.{scheme}", TorchGlobalKind.Constant);
        foreach ((string rebuild, _) in s_otherTensors) yield return new($"torch._utils.{rebuild}", TorchGlobalKind.OtherTensor);
    }
}
