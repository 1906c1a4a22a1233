using Cloze.Cpu;
using Cloze.Ops;
using Cloze.Tokenizers;
namespace Cloze.Pipelines;

/// <summary>One call's options as a model reads them.</summary>
/// <param name="Prompt">Before each text; empty: none.</param>
/// <param name="Skip">Tokens of the prompt that are left out of the pooling.</param>
/// <param name="Dimensions">Numbers that are kept of a vector.</param>
/// <param name="Normalize">Whether vectors get length 1 after that.</param>
internal sealed record EmbedPlan(EmbedOptions Options, string Prompt, int Skip, int Dimensions, bool Normalize);

/// <summary>Text → tokens → encoder → pooling → the folder's modules → vector. Immutable; shared between calls.</summary>
internal sealed class EmbeddingPipeline
{
    private const int LeastShare = 256;   // tokens of a batch: fewer would read all weights for little work
    private readonly LoadedModel _model;
    private readonly PoolingSettings _pooling;
    private readonly EmbeddingModule[] _modules;
    private readonly int? _folderDimensions;
    private readonly Func<int, GlobalRule> _ownGlobals;

    /// <exception cref="CheckpointException">
    /// A module's weights are missing or do not fit; the tokenizer has ids, or the folder a limit, that the model's tables have no rows for.
    /// </exception>
    public EmbeddingPipeline(LoadedModel model, Tokenizer tokenizer, SentenceTransformerFolder settings)
    {
        (_model, Tokenizer, _pooling, _folderDimensions) = (model, settings.LowerCase ? tokenizer.LowerCasing() : tokenizer, settings.Pooling,
            settings.Dimensions);
        ModelInput.RequireWords(model.Model.Encoder.Limits, Tokenizer, settings.EncoderFolder);
        MaxTokens = ModelInput.MaxTokens(model.Model.Encoder, settings.EncoderFolder, settings.MaxTokens, settings.LimitFile);
        GlobalRule globals = model.Model.Globals;
        _ownGlobals = _ => globals;
        int width = _pooling.Modes.Count * model.Model.Encoder.HiddenSize;
        _modules = new EmbeddingModule[settings.Modules.Count];
        for (int i = 0; i < _modules.Length; i++)
        {
            _modules[i] = EmbeddingModule.Load(settings.Modules[i], width, model.Runtime);
            width = _modules[i].Outputs;
        }
        FullDimensions = width;
    }

    public Tokenizer Tokenizer { get; }
    public int MaxTokens { get; }
    public int Dimensions => Math.Min(_folderDimensions ?? FullDimensions, FullDimensions);
    public bool HasGlobalAttention => _model.Model.GlobalSeparator is not null;
    private int FullDimensions { get; }

    /// <exception cref="ArgumentException">An option is out of range, or there is no such prompt.</exception>
    public EmbedPlan Plan(EmbedOptions options, EmbedPrompts prompts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchTokens, 1);
        if (options.Global is not null) _model.Model.RequireGlobalSeparator();
        if (options.Dimensions is { } asked) ArgumentOutOfRangeException.ThrowIfLessThan(asked, 1);
        string prompt = prompts.Of(options);
        int dimensions = Math.Min(options.Dimensions ?? Dimensions, FullDimensions);
        return new(options, prompt, _pooling.IncludePrompt || prompt.Length == 0 ? 0 : PromptTokens(prompt), dimensions,
            options.Normalize ?? options.Dimensions is not null);
    }

    /// <summary>Puts a text's tokens into the window.</summary>
    public void Tokenize(string text, EmbedPlan plan, TokenWindow window)
    {
        (int tokens, bool isCut) = window.Add(plan.Prompt.Length == 0 ? text : plan.Prompt + text, Tokenizer, MaxTokens);
        plan.Options.Statistics?.Add(tokens, isCut);
    }

    /// <summary>Computes what waits in the window.</summary>
    /// <param name="vectors">Receives the vector of text i at place i.</param>
    /// <remarks>
    /// Batches go side by side, one on each thread, which then wait for each other once a window and keep what they compute in their own caches. Where there
    /// is too little for that, or a text is too long, threads share every operation of one batch. Either way no more tokens are in the model at once than
    /// one batch may hold, and the bits are the same.
    /// </remarks>
    public void Forward(TokenWindow window, EmbedPlan plan, Memory<ReadOnlyMemory<float>> vectors, CancellationToken cancellation)
    {
        window.Sort();
        int threads = _model.Runtime.Threads, share = plan.Options.BatchTokens / threads, from = 0;
        bool sideBySide = threads > 1 && share >= LeastShare;
        for (int count; from < window.Count && !(sideBySide && window.LengthAt(from) <= share); from += count)
        {
            cancellation.ThrowIfCancellationRequested();
            count = window.BatchLength(from, plan.Options.BatchTokens);
            Forward(window, from, count, plan, vectors.Span, window.Packing(0), alone: false);
        }
        if (from == window.Count) return;
        List<int> starts = window.Shares(from, share, LeastShare, threads);
        if (starts.Count <= threads)
        {
            Forward(window, from, window.Count - from, plan, vectors.Span, window.Packing(0), alone: false);
            return;
        }
        for (int thread = 0; thread < threads; thread++) window.Packing(thread);   // made before threads ask for them
        _model.Runtime.SideBySide(starts.Count - 1, (batch, thread) =>
        {
            cancellation.ThrowIfCancellationRequested();
            Forward(window, starts[batch], starts[batch + 1] - starts[batch], plan, vectors.Span, window.Packing(thread), alone: true);
        });
    }

    /// <summary>Computes one batch.</summary>
    /// <param name="alone">On this thread only.</param>
    private void Forward(TokenWindow window, int from, int count, EmbedPlan plan, Span<ReadOnlyMemory<float>> vectors, TokenPacking packing, bool alone)
    {
        IEncoder<CpuTensor> encoder = _model.Model.Encoder;
        ReadOnlySpan<long> order = window.Order.Slice(from, count);
        TokenBatch batch = packing.Pack(window, order, encoder.Positions, GlobalsOf(window, plan), encoder.Limits);
        using CpuOps ops = _model.NewHeldCall(alone);
        using IScope<CpuTensor> scope = ops.Scope("embed");
        bool firstOnly = plan.Skip == 0 && _pooling.Modes is [Pooling.First];
        RowSet? pooled = firstOnly ? batch.First : plan.Skip > 0 ? TokenPacking.WithoutFirst(batch, plan.Skip) : null;
        CpuTensor hidden = encoder.Forward(ops, batch, keep: null, pooled);                             // [N,H], or [R,H] of the rows that are pooled
        if (plan.Skip > 0) batch = batch.Only(pooled!);
        CpuTensor x = firstOnly ? hidden : Pool(ops, hidden, batch);                                    // [B,modes·H]
        foreach (EmbeddingModule module in _modules) x = module.Forward(ops, x);
        if (plan.Dimensions < x.Columns) x = ops.Columns(x, 0, plan.Dimensions);
        if (plan.Normalize) x = ops.Normalize(x);
        for (int sequence = 0; sequence < order.Length; sequence++) vectors[(int)order[sequence]] = x.Row(sequence).ToArray();
    }

    /// <summary>Which tokens of each text of the window are global.</summary>
    private Func<int, GlobalRule> GlobalsOf(TokenWindow window, EmbedPlan plan) => plan.Options.Global is { } global
        ? text => global.Rule(window.First + text, _model.Model.GlobalSeparator!.Value)
        : _ownGlobals;

    private CpuTensor Pool(CpuOps ops, CpuTensor hidden, TokenBatch batch)
    {
        if (_pooling.Modes is [Pooling only]) return ops.Pool(hidden, batch, only);
        int h = hidden.Columns, width = _pooling.Modes.Count * h;
        float[] joined = new float[batch.Sequences * width];
        for (int mode = 0; mode < _pooling.Modes.Count; mode++)
        {
            CpuTensor pooled = ops.Pool(hidden, batch, _pooling.Modes[mode]);
            for (int sequence = 0; sequence < batch.Sequences; sequence++) pooled.Row(sequence).CopyTo(joined.AsSpan(sequence * width + mode * h));
        }
        return ops.Input(batch.Sequences, width, joined);
    }

    /// <summary>Tokens of the prompt alone, but for the special token at its end.</summary>
    private int PromptTokens(string prompt)
    {
        Encoding encoding = Tokenizer.Encode(prompt, new() { Truncation = new(MaxTokens) });
        return encoding.Count - (encoding.Count > 0 && encoding.SpecialTokensMask()[^1] == 1 ? 1 : 0);
    }
}
