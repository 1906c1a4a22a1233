using Cloze.Checkpoints;
using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>How a folder is loaded for embedding.</summary>
public sealed record TextEmbedderOptions
{
    /// <summary>How the tokens of a text become one vector, at least one way, concatenated in this order; null: as the folder says, else the mean.</summary>
    public IReadOnlyList<Pooling>? Pooling { get; init; }

    /// <summary>A LoRA adapter as PEFT saves it, on top of the encoder's weights; null: none.</summary>
    public string? Adapter { get; init; }

    /// <summary>Where the folder itself is an adapter: the folder of its base model; null: the one that the adapter names.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Threads that one call computes with, at least 1; null: CLOZE_THREADS, else the number of cores. The result does not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// The pooling that sentence-transformers calls cls, max, mean, mean_sqrt_len (or mean_sqrt_len_tokens), weightedmean or lasttoken; null: none of
    /// these.
    /// </summary>
    public static Pooling? ParsePooling(string name) => PoolingModes.Parse(name);
}

/// <summary>What the texts of a call are, where a model has prompts for it.</summary>
public enum TextRole
{
    /// <summary>Takes the folder's default prompt, where it has one.</summary>
    Any,
    /// <summary>Takes the prompt named <c>query</c>, else the default.</summary>
    Query,
    /// <summary>Takes the first prompt named <c>document</c>, <c>passage</c> or <c>corpus</c>, else the default.</summary>
    Document,
}

/// <summary>What one call asks for.</summary>
public sealed record EmbedOptions
{
    internal static EmbedOptions Default { get; } = new();

    /// <summary>Put before each text as it stands; wins over <see cref="PromptName"/> and <see cref="Role"/>. The empty text is no prompt.</summary>
    public string? Prompt { get; init; }

    /// <summary>One of <see cref="TextEmbedder.Prompts"/>; wins over <see cref="Role"/>.</summary>
    public string? PromptName { get; init; }

    public TextRole Role { get; init; }

    /// <summary>
    /// Keeps the first so many numbers of each vector and makes its length 1 again (Kusupati et al. 2022, arXiv:2205.13147); at least 1;
    /// more than the model gives is all, as in sentence-transformers; null: as the folder says, else all.
    /// </summary>
    /// <remarks>With <see cref="Normalize"/> false the length is left as it is.</remarks>
    public int? Dimensions { get; init; }

    /// <summary>
    /// Whether vectors are made length 1 at the very end, after the cut to <see cref="Dimensions"/>: what sentence-transformers calls
    /// <c>normalize_embeddings</c>. False: they stay as the folder's modules made them, so a folder with a Normalize module gives length 1 all the same,
    /// and less where <see cref="Dimensions"/> cuts. Null: only where <see cref="Dimensions"/> is given.
    /// </summary>
    public bool? Normalize { get; init; }

    /// <summary>Tokens that go through the model at once, at least 1; a longer text goes alone. Bounds memory; the result does not depend on it.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Tokens with global attention, for a model that has it (Longformer); null: as the model's head chooses, which is none for an encoder alone.</summary>
    public GlobalAttention? Global { get; init; }

    /// <summary>Counts what goes through; null: nobody counts.</summary>
    public EmbedStatistics? Statistics { get; init; }
}
