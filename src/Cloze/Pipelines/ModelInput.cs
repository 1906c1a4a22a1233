using Cloze.Checkpoints;
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
        int wanted = stated ?? LengthFiles.Named(encoder.Limits, folder), fits = Math.Min(wanted, encoder.LongestSequence() ?? wanted);
        if (stated is { } tokens && tokens > fits)
            throw new CheckpointException($"{statedBy}: max_seq_length is {tokens}; the model in {Config(folder)} has positions for {fits} tokens. "
                + $"Set max_seq_length to {fits} or less.");
        return fits;
    }

    private static string Config(string folder) => Path.Combine(folder, "config.json");
}
