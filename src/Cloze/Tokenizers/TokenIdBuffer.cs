namespace Cloze.Tokenizers;

/// <summary>
/// What a model reads of many texts, end to end: memory that is used again, so that tokenizing allocates nothing for a token. For one thread.
/// </summary>
public sealed class TokenIdBuffer
{
    private int[] _ids = new int[1024];
    private int[] _typeIds = new int[1024];

    /// <summary>Tokens of all texts, special tokens included.</summary>
    public int Count { get; private set; }

    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);
    public ReadOnlySpan<int> TypeIds => _typeIds.AsSpan(0, Count);

    public void Clear() => Count = 0;

    internal void Append(ReadOnlySpan<int> ids, int typeId)
    {
        int end = checked(Count + ids.Length);
        if (end > _ids.Length)
        {
            int size = Math.Max(end, 2 * _ids.Length);
            Array.Resize(ref _ids, size);
            Array.Resize(ref _typeIds, size);
        }
        ids.CopyTo(_ids.AsSpan(Count));
        _typeIds.AsSpan(Count, ids.Length).Fill(typeId);
        Count = end;
    }
}
