using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Cloze.Checkpoints;
using Cloze.Tokenizers;
namespace Cloze.Pipelines;

/// <summary>Turns texts into vectors, as a sentence-transformers folder says, or by the mean of a plain checkpoint's last states.</summary>
/// <remarks>
/// Safe for concurrent calls. What a text gives is the same to the bit alone, in any batch, in any order and with any number of threads.
/// It owns the mapped files. <see cref="Dispose"/> may come while calls run: they finish, and the files are unmapped after the last of them;
/// a call that begins later throws <see cref="ObjectDisposedException"/>. Results are arrays of their own and outlive it.
/// </remarks>
public sealed class TextEmbedder : IDisposable
{
    private readonly LoadedModel _model;
    private readonly EmbeddingPipeline _pipeline;
    private readonly EmbedPrompts _prompts;
    private readonly ConcurrentBag<TokenWindow> _windows = [];
    private bool _isDisposed;

    private TextEmbedder(LoadedModel model, EmbeddingPipeline pipeline, EmbedPrompts prompts, bool isPlain) =>
        (_model, _pipeline, _prompts, HasDefaultPooling) = (model, pipeline, prompts, isPlain);

    /// <summary>Numbers of a vector, where a call does not ask for fewer.</summary>
    public int Dimensions => _pipeline.Dimensions;

    /// <summary>Tokens that are read of a text, special ones included; what is beyond is cut.</summary>
    public int MaxTokens => _pipeline.MaxTokens;

    /// <summary>Whether the folder does not say how tokens are pooled, so that the mean was taken.</summary>
    public bool HasDefaultPooling { get; }

    /// <summary>Whether tokens can be chosen that see all others (<see cref="EmbedOptions.Global"/>): the model is a Longformer.</summary>
    public bool HasGlobalAttention => _pipeline.HasGlobalAttention;

    /// <summary>The folder's prompts by name.</summary>
    public IReadOnlyDictionary<string, string> Prompts => _prompts.ByName;

    /// <summary>The tokenizer, as the model reads texts; without prompts.</summary>
    public Tokenizer Tokenizer => _pipeline.Tokenizer;

    /// <summary>How long it took to load the tokenizer and the weights, which are read side by side.</summary>
    public (TimeSpan Tokenizer, TimeSpan Weights) LoadTimes { get; private init; }

    /// <param name="folder">A sentence-transformers folder (with modules.json), a checkpoint with its tokenizer, or a LoRA adapter that names either.</param>
    /// <exception cref="CheckpointException">The folder is broken, incomplete or asks for what is not supported.</exception>
    /// <exception cref="TokenizerException">Its tokenizer is.</exception>
    /// <exception cref="ArgumentException">The pooling is an empty list; the number of threads, or CLOZE_THREADS, is not from 1 to 1024.</exception>
    public static TextEmbedder Load(string folder, TextEmbedderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        options ??= new();
        if (options.Pooling is { Count: 0 }) throw new ArgumentException("The pooling is an empty list. Name one mode or more, or leave it to the folder (null).");
        string? adapter = options.Adapter, baseModel = options.BaseModel;
        if (baseModel is not null && adapter is not null) throw new ArgumentException("BaseModel is that of a folder which is an adapter itself, so Adapter excludes it.");
        if (!File.Exists(Path.Combine(folder, ModuleEntry.FileName)))
        {
            (folder, adapter) = baseModel is null ? Checkpoint.Resolve(folder, adapter) : (baseModel, folder);
            baseModel = null;
        }
        SentenceTransformerFolder settings = SentenceTransformerFolder.Read(folder);
        bool isDefault = settings.IsPlain && options.Pooling is null;
        if (options.Pooling is { } modes) settings = settings with { Pooling = settings.Pooling with { Modes = modes } };
        long began = Stopwatch.GetTimestamp();
        Task<(Tokenizer Tokenizer, TimeSpan Took)> tokenizer = Task.Run(() => (Tokenizer.Load(settings.EncoderFolder), Stopwatch.GetElapsedTime(began)));
        LoadedModel? model = null;
        try
        {
            model = baseModel is null ? LoadedModel.Load(settings.EncoderFolder, threads: options.Threads, adapter: adapter)
                : LoadedModel.Load(baseModel, threads: options.Threads, adapter: settings.EncoderFolder);
            TimeSpan weights = Stopwatch.GetElapsedTime(began);
            (Tokenizer loaded, TimeSpan took) = tokenizer.GetAwaiter().GetResult();
            return new(model, new(model, loaded, settings), new(settings.Prompts, settings.DefaultPrompt), isDefault) { LoadTimes = (took, weights) };
        }
        catch
        {
            model?.Dispose();
            ((Task)tokenizer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();   // of two faults the first is told
            throw;
        }
    }

    /// <summary>What a call with these options puts before each text; empty: nothing.</summary>
    /// <exception cref="ArgumentException">No such prompt.</exception>
    public string PromptOf(EmbedOptions options) => _prompts.Of(options);

    /// <summary>The vector of one text.</summary>
    /// <exception cref="ArgumentException">No such prompt, or an option out of range.</exception>
    /// <exception cref="ObjectDisposedException">The embedder has been disposed.</exception>
    public ReadOnlyMemory<float> Embed(string text, EmbedOptions? options = null, CancellationToken cancellation = default) =>
        Embed([text], options, cancellation)[0];

    /// <summary>The vectors of texts, in their order.</summary>
    /// <inheritdoc cref="Embed(string, EmbedOptions?, CancellationToken)"/>
    public ReadOnlyMemory<float>[] Embed(IReadOnlyList<string> texts, EmbedOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ReadOnlyMemory<float>[] vectors = new ReadOnlyMemory<float>[texts.Count];
        using Run run = new(this, options, early: false);
        int first = 0;
        for (int text = 0; text < texts.Count; text++)
        {
            if (run.Add(texts[text], cancellation)) continue;
            run.Forward(vectors.AsMemory(first, text + 1 - first), cancellation);
            first = text + 1;
        }
        run.Forward(vectors.AsMemory(first), cancellation);
        return vectors;
    }

    /// <summary><see cref="Embed(IReadOnlyList{string}, EmbedOptions?, CancellationToken)"/> on the thread pool.</summary>
    public Task<ReadOnlyMemory<float>[]> EmbedAsync(IReadOnlyList<string> texts, EmbedOptions? options = null, CancellationToken cancellation = default) =>
        Task.Run(() => Embed(texts, options, cancellation), cancellation);

    /// <summary>The vectors of any number of texts, in their order and in bounded memory: texts are read as results are taken, a window at a time.</summary>
    /// <inheritdoc cref="Embed(string, EmbedOptions?, CancellationToken)"/>
    public IEnumerable<ReadOnlyMemory<float>> EmbedStream(IEnumerable<string> texts, EmbedOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Run.Check(this, options);
        return Stream(texts, options, cancellation);
    }

    /// <inheritdoc cref="EmbedStream(IEnumerable{string}, EmbedOptions?, CancellationToken)"/>
    /// <remarks>The model computes on the thread pool; texts become tokens where they come in.</remarks>
    public IAsyncEnumerable<ReadOnlyMemory<float>> EmbedStreamAsync(
        IAsyncEnumerable<string> texts, EmbedOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Run.Check(this, options);
        return StreamAsync(texts, options, cancellation);
    }

    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, true);
        _model.Dispose();
    }

    private IEnumerable<ReadOnlyMemory<float>> Stream(IEnumerable<string> texts, EmbedOptions? options, CancellationToken cancellation)
    {
        using Run run = new(this, options, early: true);
        foreach (string text in texts)
        {
            if (run.Add(text, cancellation)) continue;
            foreach (ReadOnlyMemory<float> vector in run.Forward(cancellation)) yield return vector;
        }
        foreach (ReadOnlyMemory<float> vector in run.Forward(cancellation)) yield return vector;
    }

    private async IAsyncEnumerable<ReadOnlyMemory<float>> StreamAsync(
        IAsyncEnumerable<string> texts, EmbedOptions? options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using Run run = new(this, options, early: true);
        await foreach (string text in texts.WithCancellation(cancellation).ConfigureAwait(false))
        {
            if (run.Add(text, cancellation)) continue;
            foreach (ReadOnlyMemory<float> vector in await Task.Run(() => run.Forward(cancellation), cancellation).ConfigureAwait(false)) yield return vector;
        }
        foreach (ReadOnlyMemory<float> vector in await Task.Run(() => run.Forward(cancellation), cancellation).ConfigureAwait(false)) yield return vector;
    }

    /// <summary>One call: the window that fills, and the options as this model reads them. It keeps the files mapped until it is disposed.</summary>
    private sealed class Run : IDisposable
    {
        private readonly TextEmbedder _embedder;
        private readonly IDisposable _mapping;
        private readonly TokenWindow _window;
        private readonly EmbedPlan _plan;

        /// <param name="early">Whether the first vectors shall come early, rather than all of them soon.</param>
        public Run(TextEmbedder embedder, EmbedOptions? options, bool early)
        {
            _embedder = embedder;
            ObjectDisposedException.ThrowIf(Volatile.Read(ref embedder._isDisposed), embedder);
            _mapping = embedder._model.Hold();
            try
            {
                _plan = embedder._pipeline.Plan(options ?? EmbedOptions.Default, embedder._prompts);
            }
            catch
            {
                _mapping.Dispose();
                throw;
            }
            _window = embedder._windows.TryTake(out TokenWindow? window) ? window : new();
            _window.Begin(early);
        }

        /// <summary>Refuses at once what a stream would refuse only when its first vector is asked for.</summary>
        public static void Check(TextEmbedder embedder, EmbedOptions? options)
        {
            using Run run = new(embedder, options, early: true);
        }

        /// <summary>Takes in a text.</summary>
        /// <returns>Whether there is room for more.</returns>
        public bool Add(string text, CancellationToken cancellation)
        {
            ArgumentNullException.ThrowIfNull(text);
            cancellation.ThrowIfCancellationRequested();
            _embedder._pipeline.Tokenize(text, _plan, _window);
            return !_window.IsFull(_plan.Options.BatchTokens);
        }

        public ReadOnlyMemory<float>[] Forward(CancellationToken cancellation)
        {
            ReadOnlyMemory<float>[] vectors = new ReadOnlyMemory<float>[_window.Count];
            Forward(vectors, cancellation);
            return vectors;
        }

        /// <summary>Computes what waits.</summary>
        /// <param name="vectors">Receives one vector a text, in the order in which they came.</param>
        public void Forward(Memory<ReadOnlyMemory<float>> vectors, CancellationToken cancellation)
        {
            _embedder._pipeline.Forward(_window, _plan, vectors, cancellation);
            _window.Clear();
        }

        public void Dispose()
        {
            _window.Clear();
            _embedder._windows.Add(_window);
            _mapping.Dispose();
        }
    }
}
