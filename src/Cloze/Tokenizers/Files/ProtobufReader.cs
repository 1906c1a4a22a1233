using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Cloze.Tokenizers;

/// <summary>The fields of one protobuf message, one after another.</summary>
/// <remarks>protobuf.dev, Encoding. Groups (wire types 3 and 4), long out of use, are refused like wire types that do not exist.</remarks>
/// <param name="rest">The message.</param>
/// <param name="path">The file, for errors.</param>
/// <param name="name">What the message is called there; empty: the whole file.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> rest, string path, string name)
{
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;

    private ReadOnlySpan<byte> _rest = rest;
    private ReadOnlySpan<byte> _bytes;
    private ulong _number;
    private int _wire;

    /// <summary>The number of the field that <see cref="Next"/> read.</summary>
    public int Field { get; private set; }

    /// <summary>Reads a field; false: there is none.</summary>
    /// <exception cref="TokenizerException">What follows is no field.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Next()
    {
        if (_rest.IsEmpty) return false;
        ulong key = ReadVarint();
        if (key >> 3 is 0 or > 0x1FFFFFFF) throw Broken($"a field has the number {key >> 3}");
        (Field, _wire) = ((int)(key >> 3), (int)(key & 7));
        switch (_wire)
        {
            case Varint: _number = ReadVarint(); break;
            case Fixed64: _bytes = Take(8); break;
            case Delimited: _bytes = Take(ReadVarint()); break;
            case Fixed32: _bytes = Take(4); break;
            default: throw Broken($"field {Field} has the wire type {_wire}");
        }
        return true;
    }

    public readonly ulong Number() => _wire == Varint ? _number : throw Wrong("a number");

    public readonly float Float() => _wire == Fixed32 ? BinaryPrimitives.ReadSingleLittleEndian(_bytes) : throw Wrong("a float");

    public readonly ReadOnlySpan<byte> Bytes() => _wire == Delimited ? _bytes : throw Wrong("bytes");

    public readonly ProtobufReader Message(string field) => new(Bytes(), path, field);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length) throw Broken($"field {Field} has {count} bytes, {_rest.Length} are left");
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            byte b = _rest[i];
            value |= (ulong)(b & 127) << 7 * i;
            if (b >= 128) continue;
            _rest = _rest[(i + 1)..];
            return value;
        }
        throw Broken("a number does not end");
    }

    private readonly TokenizerException Wrong(string needed) => Broken($"field {Field} has the wire type {_wire}, {needed} is needed");

    private readonly TokenizerException Broken(string what) =>
        new($"{path} is not a SentencePiece model: {(name.Length == 0 ? "" : $"in {name}, ")}{what}. Fetch the file again.");
}
