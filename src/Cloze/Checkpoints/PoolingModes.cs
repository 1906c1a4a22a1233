using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>How sentence-transformers calls the ways in which the tokens of a text become one vector.</summary>
/// <remarks>sentence_transformers/models/Pooling.py: a flag each, concatenated in this order; since version 6 also a list of modes.</remarks>
internal static class PoolingModes
{
    public static readonly (string Flag, string Mode, Pooling Pooling)[] All =
    [
        ("pooling_mode_cls_token", "cls", Pooling.First),
        ("pooling_mode_max_tokens", "max", Pooling.Max),
        ("pooling_mode_mean_tokens", "mean", Pooling.Mean),
        ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", Pooling.MeanSqrtLength),
        ("pooling_mode_weightedmean_tokens", "weightedmean", Pooling.WeightedMean),
        ("pooling_mode_lasttoken", "lasttoken", Pooling.Last),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Known => string.Join(", ", All.Select(mode => mode.Mode));

    /// <summary>The mode of a name; null: unknown.</summary>
    public static Pooling? Parse(string name) =>
        name == "mean_sqrt_len" ? Pooling.MeanSqrtLength : All.FirstOrDefault(mode => mode.Mode == name) is { Mode: not null } found ? found.Pooling : null;
}
