namespace Cloze.Tokenizers;

/// <summary>Decoders one after another.</summary>
/// <remarks>tokenizers decoders/sequence.rs.</remarks>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> parts) : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        foreach (IDecoder part in parts) tokens = part.Decode(tokens);
        return tokens;
    }
}

/// <summary>Makes one token of all.</summary>
/// <remarks>tokenizers decoders/fuse.rs.</remarks>
internal sealed class FuseDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens) => [string.Concat(tokens)];
}
