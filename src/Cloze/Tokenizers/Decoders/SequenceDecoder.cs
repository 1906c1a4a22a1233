namespace Cloze.Tokenizers;

/// <summary>Decoders one after another.</summary>
/// <remarks>tokenizers decoders/sequence.rs.</remarks>
/// <exception cref="TokenizerException">The texts would grow out of proportion.</exception>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> parts) : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        long given = Length(tokens);
        foreach (IDecoder part in parts)
        {
            tokens = part.Decode(tokens);
            TextGrowth.Check(Length(tokens), given, "The decoders make");
        }
        return tokens;
    }

    private static long Length(List<string> tokens)
    {
        long length = tokens.Count; // most decoders write a space for each at most
        foreach (string token in tokens) length += token.Length;
        return length;
    }
}

/// <summary>Makes one token of all.</summary>
/// <remarks>tokenizers decoders/fuse.rs.</remarks>
internal sealed class FuseDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens) => [string.Concat(tokens)];
}
