using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Tokenizers;
namespace Cloze.Pipelines;

/// <summary>Whether a tokenizer and a limit of tokens fit a model's tables. Asked when they are loaded: not every text would show that they do not.</summary>
internal static class ModelInput
{
    /// <exception cref="CheckpointException">The tokenizer has an id that the model's vocabulary does not have.</exception>
    public static void RequireWords(InputLimits limits, Tokenizer tokenizer, string folder)
    {
        if (tokenizer.LargestId < limits.Words) return;
        string file = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(file)) file = Path.Combine(folder, "vocab.txt");
        throw new CheckpointException($"{file} has the id {tokenizer.LargestId} ('{tokenizer.TokenOf(tokenizer.LargestId)}'); {Config(folder)} gives the model "
            + $"a vocabulary of {limits.Words} (ids 0 … {limits.Words - 1}). Put the tokenizer beside the model that it was made with.");
    }

    /// <summary>How many tokens of a text a model reads: what a file states, else what its tokenizer names, but no more than its position table has.</summary>
    /// <param name="folder">With config.json and, perhaps, tokenizer_config.json.</param>
    /// <param name="stated">What <paramref name="statedBy"/> says; null: nothing.</param>
    /// <exception cref="CheckpointException">More is stated than the position table has.</exception>
    public static int MaxTokens(IEncoder<CpuTensor> encoder, string folder, int? stated = null, string? statedBy = null)
    {
        int wanted = stated ?? Named(folder), fits = Fitting(encoder, wanted);
        if (stated is { } tokens && tokens > fits)
            throw new CheckpointException($"{statedBy}: max_seq_length is {tokens}; the model in {Config(folder)} has positions for {fits} tokens. "
                + $"Set max_seq_length to {fits} or less.");
        return fits;
    }

    private static int Named(string folder)
    {
        int? positions = SentenceTransformerFolder.Json(Config(folder)).Int32OrNull("max_position_embeddings", minimum: 1);
        string path = Path.Combine(folder, "tokenizer_config.json");
        double tokenizer = File.Exists(path) ? SentenceTransformerFolder.Json(path).Number("model_max_length", double.MaxValue) : double.MaxValue;
        return (int)Math.Min(positions ?? int.MaxValue, tokenizer);
    }

    /// <summary>As many of so many tokens as have a place: a table's first rows may be set aside (RoBERTa's, up to the pad's).</summary>
    private static int Fitting(IEncoder<CpuTensor> encoder, int tokens)
    {
        (_, _, int? rows, int? columns) = encoder.Limits;
        tokens = Math.Min(tokens, columns ?? int.MaxValue);
        if (rows is not { } most) return tokens;
        int[] ids = new int[Math.Min(tokens, most)], positions = new int[ids.Length];
        int fits = ids.Length;
        foreach (int id in (int[])[0, 1])   // at most one of them is the pad, which takes no place of its own
        {
            Array.Fill(ids, id);
            encoder.Positions(ids, positions);
            int beyond = Array.FindIndex(positions, position => position >= most);
            if (beyond >= 0) fits = Math.Min(fits, beyond);
        }
        return fits;
    }

    private static string Config(string folder) => Path.Combine(folder, "config.json");
}
