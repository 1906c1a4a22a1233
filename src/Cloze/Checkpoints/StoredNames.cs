using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>Finds what a model asks for under the spelling that a file uses.</summary>
/// <remarks>
/// Wrappers around the whole model (<c>module.</c>, <c>model.</c>, <c>_orig_mod.</c>, also stacked) are taken off where every tensor has them, and where one
/// may be the encoder's own prefix only if another stands below it; the encoder's
/// prefix may be one of the architecture's or absent, and what stands below it may have another program's name; LayerNorm's weights may have their names of 2018; a tied tensor may stand under its other name.
/// </remarks>
internal sealed class StoredNames
{
    private static readonly string[] s_wrappers = ["module.", "model.", "_orig_mod."];
    private readonly Dictionary<string, FileTensor> _tensors;
    private readonly TensorNames _names;
    private readonly int _wrapped;
    private readonly string? _prefix;
    private readonly (string Name, string Stored)? _within;

    public StoredNames(IReadOnlyDictionary<string, FileTensor> tensors, TensorNames names)
    {
        _names = names;
        int wrapped = 0;
        string first = tensors.Keys.FirstOrDefault("");
        while (s_wrappers.FirstOrDefault(wrapper => first.AsSpan(wrapped).StartsWith(wrapper)) is { } wrapper
            && tensors.Keys.All(name => name.StartsWith(first[..(wrapped + wrapper.Length)], StringComparison.Ordinal))
            && (!names.Prefixes.Contains(wrapper[..^1]) || PrefixBelow(tensors.Keys, wrapped + wrapper.Length) is not null))
            wrapped += wrapper.Length;
        _wrapped = wrapped;
        _tensors = tensors.ToDictionary(tensor => tensor.Key[wrapped..], tensor => tensor.Value);
        _prefix = PrefixBelow(_tensors.Keys, 0);
        if (names.Within is { } within && _tensors.Keys.Any(name => name.StartsWith(Prefixed(within.Stored), StringComparison.Ordinal))) _within = within;
    }

    /// <summary>All tensors.</summary>
    public IEnumerable<FileTensor> Tensors => _tensors.Values;

    /// <summary>The name of a tensor without wrappers around the whole model.</summary>
    public string Plain(FileTensor tensor) => tensor.Name[_wrapped..];

    /// <summary>The tensor that model files call <paramref name="name"/>; null: it is not there.</summary>
    public FileTensor? Find(string name) => Spelled(name)
        ?? _names.Aliases.Where(alias => alias.Name == name).Select(alias => Spelled(alias.Alias)).FirstOrDefault(found => found is not null);

    /// <summary>What is stored under another name of the same tensor; null: nothing.</summary>
    public FileTensor? FindTied(string name) =>
        _names.Aliases.Where(alias => alias.Alias == name).Select(alias => Spelled(alias.Name)).FirstOrDefault(found => found is not null);

    /// <summary>What the reference makes anew and some files still hold: never unexpected.</summary>
    public static bool IsBuffer(string name) => name.Split('.')[^1] is "position_ids" or "token_type_ids"
        || name.EndsWith("inv_freq", StringComparison.Ordinal);

    /// <summary>The first of the encoder's prefixes that some name has after so many characters.</summary>
    private string? PrefixBelow(IEnumerable<string> names, int from) => _names.Prefixes.FirstOrDefault(prefix =>
        names.Any(name => name.AsSpan(from).StartsWith($"{prefix}.", StringComparison.Ordinal)));

    private string Prefixed(string rest) => _prefix is null ? rest : $"{_prefix}.{rest}";

    private FileTensor? Spelled(string name)
    {
        string spelled = name;
        if (_names.Prefixes is [string expected, ..] && name.StartsWith($"{expected}.", StringComparison.Ordinal))
        {
            string rest = name[(expected.Length + 1)..];
            if (_within is var (own, stored) && rest.StartsWith(own, StringComparison.Ordinal)) rest = stored + rest[own.Length..];
            spelled = Prefixed(rest);
        }
        return _tensors.GetValueOrDefault(spelled)
            ?? (spelled.EndsWith("LayerNorm.weight", StringComparison.Ordinal) ? _tensors.GetValueOrDefault($"{spelled[..^"weight".Length]}gamma")
            : spelled.EndsWith("LayerNorm.bias", StringComparison.Ordinal) ? _tensors.GetValueOrDefault($"{spelled[..^"bias".Length]}beta") : null);
    }
}
