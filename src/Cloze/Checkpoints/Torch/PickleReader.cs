using System.Buffers.Binary;
using System.Globalization;
using System.Text;
namespace Cloze.Checkpoints;

/// <summary>Reads one pickle as data: a stack machine that makes texts, numbers, containers and tensors, and can do nothing else.</summary>
/// <remarks>
/// Python's pickle calls whatever a file names. This one knows the operations of torch/_weights_only_unpickler.py; a name is an entry of
/// <see cref="TorchGlobals"/> or the file is refused, at once, called or not. Nothing is walked recursively, so depth costs nothing, and the number of
/// values is bounded (docs/decisions/0042).
/// </remarks>
internal ref struct PickleReader
{
    /// <summary>Of a pickle; real ones have some hundred bytes for a tensor.</summary>
    public const int MostBytes = 64 << 20;
    /// <summary>Values that one pickle may make: far more than any checkpoint has, at most some hundred megabytes.</summary>
    private const int MostValues = 1 << 21;
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ITorchStorages _storages;
    private readonly string _where;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position, _opcodeAt, _values, _protocol;
    private long _copied;

    private PickleReader(ReadOnlySpan<byte> bytes, int position, ITorchStorages storages, string where)
    {
        _bytes = bytes;
        (_storages, _where, _position) = (storages, where, position);
    }

    /// <summary>The value of the pickle that begins at a position.</summary>
    /// <param name="position">Set to what follows its STOP.</param>
    /// <param name="where">File and record, for messages.</param>
    /// <exception cref="CheckpointException">It is broken, or asks for something that tensors do not need.</exception>
    public static object? Read(ReadOnlySpan<byte> bytes, ref int position, ITorchStorages storages, string where)
    {
        PickleReader reader = new(bytes, position, storages, where);
        try
        {
            object? value = reader.Run();
            position = reader._position;
            return value;
        }
        catch (PickleFault fault)
        {
            throw new CheckpointException($"{where}, byte {reader._opcodeAt}: {fault.Message}. Nothing of it was run; {fault.Remedy}.");
        }
    }

    private object? Run()
    {
        while (true)
        {
            _opcodeAt = _position;
            PickleOpcode opcode = (PickleOpcode)Take(1)[0];
            switch (opcode)
            {
                case PickleOpcode.Proto: _protocol = Take(1)[0]; break;
                case PickleOpcode.Stop: return Pop();
                case PickleOpcode.Mark: Count(); _marks.Add(_stack.Count); break;

                case PickleOpcode.None: Push(null); break;
                case PickleOpcode.NewTrue: Push(true); break;
                case PickleOpcode.NewFalse: Push(false); break;
                case PickleOpcode.BinInt: Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
                case PickleOpcode.BinInt1: Push((long)Take(1)[0]); break;
                case PickleOpcode.BinInt2: Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
                case PickleOpcode.Long1: Push(Number(Take(Take(1)[0]))); break;
                case PickleOpcode.BinFloat: Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
                case PickleOpcode.BinUnicode: Push(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))))); break;
                case PickleOpcode.ShortBinString: Push(Text(Take(Take(1)[0]))); break;

                case PickleOpcode.EmptyTuple: Push(PickleTuple.Empty); break;
                case PickleOpcode.Tuple1: PushTuple(1); break;
                case PickleOpcode.Tuple2: PushTuple(2); break;
                case PickleOpcode.Tuple3: PushTuple(3); break;
                case PickleOpcode.Tuple: Push(new PickleTuple(PopMark())); break;
                case PickleOpcode.EmptyList: Push(new PickleList()); break;
                case PickleOpcode.EmptyDict: Push(new PickleDict()); break;
                case PickleOpcode.EmptySet: Push(PickleOpaque.Instance); break;
                case PickleOpcode.Append: Append([Pop()]); break;
                case PickleOpcode.Appends: Append(PopMark()); break;
                case PickleOpcode.SetItem: object? last = Pop(), key = Pop(); SetItems([key, last]); break;
                case PickleOpcode.SetItems: SetItems(PopMark()); break;

                case PickleOpcode.BinGet: Push(Remembered(Take(1)[0])); break;
                case PickleOpcode.LongBinGet: Push(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
                case PickleOpcode.BinPut: _memo[Take(1)[0]] = Top; break;
                case PickleOpcode.LongBinPut: Count(); _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Top; break;

                case PickleOpcode.Global: Push(TorchGlobals.Find(Line(), Line(), _protocol)); break;
                case PickleOpcode.Reduce: object? arguments = Pop(), function = Pop(); Count(copied: TorchCalls.Copied(arguments)); Push(TorchCalls.Reduce(function, arguments)); break;
                case PickleOpcode.NewObj: object? given = Pop(), made = Pop(); Count(copied: TorchCalls.Copied(given)); Push(TorchCalls.NewObject(made, given)); break;
                case PickleOpcode.Build: object? state = Pop(); TorchCalls.Build(Top, state); break;
                case PickleOpcode.BinPersId: Push(_storages.Find(Pop())); break;

                default:
                    throw _protocol > 3
                        ? PickleFault.Foreign($"it is written in protocol {_protocol} of pickle (operation 0x{(byte)opcode:x2}); torch.save's own, 2, is read")
                        : new PickleFault($"operation 0x{(byte)opcode:x2} is none that a file of tensors needs");
            }
        }
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > _bytes.Length - _position) throw new PickleFault("it is cut short");
        ReadOnlySpan<byte> taken = _bytes.Slice(_position, (int)count);
        _position += (int)count;
        return taken;
    }

    /// <summary>A text up to the end of the line; both parts of a name end so.</summary>
    private string Line()
    {
        int length = _bytes[_position..].IndexOf((byte)'\n');
        if (length < 0) throw new PickleFault("a name has no end");
        string line = Text(Take(length));
        _position++;
        return line;
    }

    private static string Text(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return s_utf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            throw new PickleFault("a text is not valid UTF-8");
        }
    }

    private static object Number(ReadOnlySpan<byte> twosComplement)
    {
        if (twosComplement.Length > sizeof(long)) return new PickleBigNumber(twosComplement.ToArray());
        long number = 0;
        for (int i = 0; i < twosComplement.Length; i++) number |= (long)twosComplement[i] << (8 * i);
        int unused = 8 * (sizeof(long) - twosComplement.Length);
        return twosComplement.IsEmpty ? 0L : number << unused >> unused;
    }

    /// <summary>Where the values since the last MARK begin.</summary>
    private readonly int Base => _marks.Count == 0 ? 0 : _marks[^1];
    private readonly object? Top => _stack.Count > Base ? _stack[^1] : throw new PickleFault("a value is missing on the stack");

    private void Push(object? value)
    {
        Count();
        _stack.Add(value);
    }

    private void Count()
    {
        if (++_values > MostValues) throw PickleFault.Foreign(string.Create(CultureInfo.InvariantCulture, $"it holds more than {MostValues} values"));
    }

    /// <summary>What a container is made of has been written once in the pickle: more than it has bytes is copied only where something is copied again and again.</summary>
    private void Count(int copied)
    {
        if ((_copied += copied) > _bytes.Length) throw PickleFault.Foreign("containers are copied again and again");
    }

    private readonly object? Pop()
    {
        object? top = Top;
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    private readonly object?[] PopMark()
    {
        if (_marks.Count == 0) throw new PickleFault("a MARK is missing on the stack");
        object?[] items = [.. _stack[Base..]];
        _stack.RemoveRange(Base, items.Length);
        _marks.RemoveAt(_marks.Count - 1);
        return items;
    }

    private void PushTuple(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--) items[i] = Pop();
        Push(new PickleTuple(items));
    }

    private readonly object? Remembered(uint index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw new PickleFault($"value {index} was never stored");

    private readonly void Append(ReadOnlySpan<object?> items)
    {
        if (Top is not PickleList list) throw new PickleFault("an item is appended to something that is no list");
        foreach (object? item in items) list.Add(item);
    }

    private readonly void SetItems(ReadOnlySpan<object?> items)
    {
        if (Top is not PickleDict dictionary) throw new PickleFault("an item is set on something that is no dictionary");
        if (items.Length % 2 != 0) throw new PickleFault("a dictionary has a key without a value");
        for (int i = 0; i < items.Length; i += 2)
            dictionary.Set(PickleKeys.IsHashable(items[i]) ? items[i] : throw new PickleFault("a list or a dictionary is a key"), items[i + 1]);
    }
}

/// <summary>What is wrong in a pickle, without the place: <see cref="PickleReader"/> knows it.</summary>
internal sealed class PickleFault(string message, string remedy = "it is broken: copy or download it again") : Exception(message)
{
    /// <summary>What to do, a clause.</summary>
    public string Remedy => remedy;

    /// <summary>The file is whole, but is or holds something else than weights.</summary>
    public static PickleFault Foreign(string message) => new(message, "save the model's state_dict() alone, by torch.save or as safetensors");
}
