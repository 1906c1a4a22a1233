namespace Cloze.Checkpoints;

/// <summary>The operations of a pickle that a file of tensors needs: those of torch/_weights_only_unpickler.py, and no others.</summary>
/// <remarks>Python's pickletools.py describes each. What is missing here (INST, OBJ, EXT1, STACK_GLOBAL, POP, DUP, FRAME …) is refused by its number.</remarks>
internal enum PickleOpcode : byte
{
    Mark = (byte)'(', Stop = (byte)'.', Proto = 0x80,
    None = (byte)'N', NewTrue = 0x88, NewFalse = 0x89,
    BinInt = (byte)'J', BinInt1 = (byte)'K', BinInt2 = (byte)'M', Long1 = 0x8a, BinFloat = (byte)'G',
    BinUnicode = (byte)'X', ShortBinString = (byte)'U',
    EmptyTuple = (byte)')', Tuple1 = 0x85, Tuple2 = 0x86, Tuple3 = 0x87, Tuple = (byte)'t',
    EmptyList = (byte)']', Append = (byte)'a', Appends = (byte)'e',
    EmptyDict = (byte)'}', SetItem = (byte)'s', SetItems = (byte)'u', EmptySet = 0x8f,
    BinGet = (byte)'h', LongBinGet = (byte)'j', BinPut = (byte)'q', LongBinPut = (byte)'r',
    Global = (byte)'c', Reduce = (byte)'R', NewObj = 0x81, Build = (byte)'b', BinPersId = (byte)'Q',
}
