namespace Cloze.Tokenizers;

/// <summary>Normalizers one after another.</summary>
/// <remarks>tokenizers normalizers/utils.rs, Sequence. A part that leaves the text as it is costs no copy.</remarks>
internal sealed class SequenceNormalizer : INormalizer
{
    private readonly INormalizer[] _parts;

    /// <param name="parts">In order; sequences among them are taken apart.</param>
    public SequenceNormalizer(IEnumerable<INormalizer> parts)
    {
        List<INormalizer> all = [];
        foreach (INormalizer part in parts)
        {
            if (part is SequenceNormalizer sequence) all.AddRange(sequence._parts);
            else all.Add(part);
        }
        _parts = all.ToArray();
        IsLocalAtSpaces = Array.TrueForAll(_parts, part => part.IsLocalAtSpaces);
    }

    public bool IsLocalAtSpaces { get; }

    public bool Normalize(AlignedText source, AlignedBuffer target)
    {
        AlignedBuffer current = target, next = target.Spare;
        AlignedText text = source;
        bool isChanged = false;
        foreach (INormalizer part in _parts)
        {
            if (!part.Normalize(text, next)) continue;
            (current, next) = (next, current);
            text = current.Text;
            isChanged = true;
        }
        if (isChanged && current != target) target.Swap(current);
        return isChanged;
    }
}
