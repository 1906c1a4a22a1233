using System.Globalization;
using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Tokenizers;
namespace Cloze.Pipelines;

/// <summary>A word for a gap.</summary>
/// <param name="Score">Its probability among all of the vocabulary.</param>
/// <param name="Id">Its id.</param>
/// <param name="Token">Its text.</param>
/// <param name="Sequence">The text with the gap filled, as the tokenizer decodes it; with several gaps the others stay, and so do special tokens.</param>
public sealed record MaskFill(float Score, int Id, string Token, string Sequence);

/// <summary>Fills the gaps of a text by a masked language model. Safe for concurrent calls.</summary>
/// <remarks>It owns the mapped files; calls that run when it is disposed finish, later ones throw <see cref="ObjectDisposedException"/>.</remarks>
public sealed class FillMask : IDisposable
{
    private readonly LoadedModel _model;
    private readonly IMaskedLm<CpuTensor> _maskedLm;
    private readonly Tokenizer _tokenizer;
    private readonly int _maskId;
    private readonly int? _mostTokens;

    private FillMask(LoadedModel model, Tokenizer tokenizer, int maskId)
    {
        (_model, _tokenizer, _maskId) = (model, tokenizer, maskId);
        _maskedLm = (IMaskedLm<CpuTensor>)model.Model.Head!;
        _mostTokens = model.Model.Encoder.LongestSequence();
    }

    /// <summary>How a gap is written: "[MASK]".</summary>
    public string MaskToken => _tokenizer.TokenOf(_maskId)!;

    /// <summary>Whether gaps are filled through DeBERTa's enhanced mask decoder, which they are where the checkpoint holds its tensors.</summary>
    public bool UsesMaskDecoder => _maskedLm is IMaskDecoding { UsesMaskDecoder: true };

    /// <summary>Whether tokens can be chosen that see all others: the model is a Longformer.</summary>
    public bool HasGlobalAttention => _model.Model.GlobalSeparator is not null;

    /// <param name="folder">A checkpoint with a masked-LM head, and its tokenizer; or a LoRA adapter that names such a folder.</param>
    /// <param name="threads">Threads that one call computes with; null: CLOZE_THREADS, else the number of cores.</param>
    /// <param name="adapter">A LoRA adapter as PEFT saves it, on top of the folder's weights; null: none.</param>
    /// <exception cref="CheckpointException">The folder is broken, incomplete, not supported, or without such a head.</exception>
    /// <exception cref="TokenizerException">Its tokenizer is, or it has no token for a gap.</exception>
    /// <exception cref="ArgumentException">The number of threads, or CLOZE_THREADS, is not from 1 to 1024.</exception>
    public static FillMask Load(string folder, int? threads = null, string? adapter = null)
    {
        (folder, adapter) = Checkpoint.Resolve(folder, adapter);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        if (tokenizer.MaskToken is not { } mask || tokenizer.IdOf(mask) is not { } maskId)
            throw new TokenizerException($"The tokenizer in {folder} has no mask token, which stands for a gap.");
        LoadedModel model = LoadedModel.LoadForGaps(folder, threads, adapter);
        try
        {
            ModelInput.RequireWords(model.Model.Encoder.Limits, tokenizer, folder);
            return new(model, tokenizer, maskId);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The most probable words for each gap, in the order of the text; the best first.</summary>
    /// <param name="text">With one or more <see cref="MaskToken"/>.</param>
    /// <param name="top">Words a gap, at least 1.</param>
    /// <param name="global">Tokens with global attention, for a model that has it (Longformer); null: none.</param>
    /// <param name="cancellation">Looked at before the model computes.</param>
    /// <exception cref="ArgumentException">
    /// The text has no gap, or more tokens than the model has positions for; global tokens are chosen and the model has no global attention.
    /// </exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public IReadOnlyList<MaskFill>[] Fill(string text, int top = 5, GlobalAttention? global = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        Encoding encoding = _tokenizer.Encode(text);
        int[] ids = encoding.Ids.ToArray();
        int[] gaps = [.. Enumerable.Range(0, ids.Length).Where(place => ids[place] == _maskId)];
        if (gaps.Length == 0) throw new ArgumentException($"The text has no {MaskToken}, which stands for the gap to fill.", nameof(text));
        if (ids.Length > _mostTokens)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"The text has {ids.Length} tokens; the model reads {_mostTokens}, for which it has positions. Give less text around the gap."), nameof(text));
        }

        using CpuOps ops = _model.NewCall();
        cancellation.ThrowIfCancellationRequested();
        PaddedTokens tokens = new(1, ids.Length, ids) { Types = encoding.TypeIds() };
        PackedTokens packed = _model.Model.Pack(tokens with { Global = global?.Mask(tokens, _model.Model.RequireGlobalSeparator()) });
        CpuTensor scores = _maskedLm.Forward(ops, packed.Batch, packed.Where(place => ids[place] == _maskId));    // [gaps,V]
        return [.. gaps.Select((place, gap) => Best(scores.Row(gap), top).Select(best => Filled(ids, place, best, isOnly: gaps.Length == 1)).ToArray())];
    }

    public void Dispose() => _model.Dispose();

    private MaskFill Filled(int[] ids, int place, (int Id, float Score) best, bool isOnly)
    {
        int[] filled = [.. ids];
        filled[place] = best.Id;
        return new(best.Score, best.Id, _tokenizer.Decode([best.Id], skipSpecialTokens: false), _tokenizer.Decode(filled, skipSpecialTokens: isOnly));
    }

    /// <summary>The largest of a softmax, equal ones by id.</summary>
    private static (int Id, float Score)[] Best(ReadOnlySpan<float> scores, int top)
    {
        float largest = float.NegativeInfinity;
        foreach (float score in scores) largest = Math.Max(largest, score);
        double sum = 0;
        foreach (float score in scores) sum += Math.Exp(score - (double)largest);
        int count = Math.Min(top, scores.Length);
        Comparer<(float Score, int Id)> worstFirst = Comparer<(float Score, int Id)>.Create(static (a, b) =>
            a.Score != b.Score ? a.Score.CompareTo(b.Score) : b.Id.CompareTo(a.Id));
        PriorityQueue<int, (float Score, int Id)> best = new(count + 1, worstFirst);
        for (int id = 0; id < scores.Length; id++)
        {
            best.Enqueue(id, (scores[id], id));
            if (best.Count > count) best.Dequeue();
        }
        (int Id, float Score)[] result = new (int Id, float Score)[count];
        while (best.TryDequeue(out int id, out (float Score, int Id) entry)) result[best.Count] = (id, (float)(Math.Exp(entry.Score - (double)largest) / sum));
        return result;
    }
}
