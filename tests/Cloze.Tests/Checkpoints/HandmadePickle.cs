using System.Buffers.Binary;
using System.Text;
namespace Cloze.Tests.Checkpoints;

/// <summary>Writes a file of torch.save before 1.6 opcode by opcode, without the code under test.</summary>
internal sealed class HandmadePickle
{
    private readonly List<byte> _bytes = [0x80, 2];
    private readonly List<(string Key, float[] Values)> _storages = [];

    /// <summary>One opcode and what follows it.</summary>
    public HandmadePickle Op(char opcode, params byte[] rest)
    {
        _bytes.Add((byte)opcode);
        _bytes.AddRange(rest);
        return this;
    }

    public HandmadePickle Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X', [.. length, .. utf8]);
    }

    public HandmadePickle Number(long number)
    {
        if (number != (int)number) return Op('\x8a', [8, .. BitConverter.GetBytes(number)]);
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)number);
        return Op('J', bytes);
    }

    public HandmadePickle Numbers(params long[] numbers)
    {
        Op('(');
        foreach (long number in numbers) Number(number);
        return Op('t');
    }

    public HandmadePickle Global(string module, string name) => Op('c', Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    /// <summary>A view of a storage of float32; the first use of a key says its values.</summary>
    public HandmadePickle Tensor(string key, float[] values, int offset, int[] size, int[] stride) =>
        Tensor(key, values, offset, Array.ConvertAll(size, length => (long)length), stride);

    public HandmadePickle Tensor(string key, float[] values, int offset, long[] size, int[] stride)
    {
        if (_storages.All(storage => storage.Key != key)) _storages.Add((key, values));
        Global("torch._utils", "_rebuild_tensor_v2").Op('(');
        Op('(').Text("storage").Global("torch", "FloatStorage").Text(key).Text("cuda:1").Number(values.Length).Op('N').Op('t').Op('Q');
        return Number(offset).Numbers(size).Numbers(Array.ConvertAll(stride, step => (long)step)).Op('\x89').Op('}').Op('t').Op('R');
    }

    public byte[] File()
    {
        List<byte> file = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        file.AddRange([0x80, 2, (byte)'M', 0xe9, 3, (byte)'.']);
        file.AddRange([0x80, 2, (byte)'}', (byte)'.']);
        file.AddRange(_bytes);
        file.Add((byte)'.');
        HandmadePickle keys = new();
        keys.Op(']').Op('(');
        foreach ((string key, _) in _storages) keys.Text(key);
        keys.Op('e').Op('.');
        file.AddRange(keys._bytes);
        foreach ((_, float[] values) in _storages) file.AddRange([.. BitConverter.GetBytes((long)values.Length), .. HandmadeFiles.Bytes(values)]);
        return [.. file];
    }
}
