namespace Cloze.Tokenizers;

/// <summary>Lower case, then another normalizer (null: none).</summary>
internal sealed class LowercaseFirst(INormalizer? next) : INormalizer
{
    private readonly Lowercase _lowercase = new();

    public bool IsLocalAtSpaces => next is null or { IsLocalAtSpaces: true };

    public void Normalize(AlignedText source, AlignedBuffer target)
    {
        if (next is null)
        {
            _lowercase.Normalize(source, target);
            return;
        }
        AlignedBuffer lower = new();
        _lowercase.Normalize(source, lower);
        next.Normalize(lower.Text, target);
    }
}
