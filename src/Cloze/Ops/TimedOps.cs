using System.Runtime.InteropServices;
namespace Cloze.Ops;

/// <summary>What one kind of operation took in one scope.</summary>
/// <param name="Path">Of the scope in which it was called; empty outside of all.</param>
public sealed record TimedLine(string Path, string Operation, int Calls, TimeSpan Time);

/// <summary>Measures how long each operation takes, by scope.</summary>
/// <param name="clock">Default: the system's.</param>
/// <remarks>
/// What is derived from weights counts where it is asked for first. An operation of the inner reading that only notes itself (a graph) takes its noting.
/// </remarks>
public sealed class TimedOps<T>(IOps<T> inner, TimeProvider? clock = null) : IOps<T> where T : class
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Dictionary<(string Path, string Operation), (int Calls, long Ticks)> _spent = [];
    private ScopePath _path = new();

    /// <summary>In the order in which they were called first.</summary>
    public IReadOnlyList<TimedLine> Lines =>
        [.. _spent.Select(spent => new TimedLine(spent.Key.Path, spent.Key.Operation, spent.Value.Calls, _clock.GetElapsedTime(0, spent.Value.Ticks)))];

    public T Embedding(T table, Rows rows, T? addTo = null)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Embedding), start, inner.Embedding(table, rows, addTo));
    }

    public T SelectRows(T x, Rows rows)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(SelectRows), start, inner.SelectRows(x, rows));
    }

    public T ReplaceRows(T x, Rows rows, T values)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(ReplaceRows), start, inner.ReplaceRows(x, rows, values));
    }

    public T Columns(T x, int start, int count) => inner.Columns(x, start, count); // a view: nothing to measure

    public T Linear(T x, LinearWeights<T> weight, Activation activation = Activation.Linear, T? residual = null, float dropout = 0)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Linear), start, inner.Linear(x, weight, activation, residual, dropout));
    }

    public T FeedForward(T x, FeedForwardWeights<T> weights, in FeedForwardSpec spec, T? residual = null)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(FeedForward), start, inner.FeedForward(x, weights, spec, residual));
    }

    public T LayerNorm(T x, NormWeights<T> norm)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(LayerNorm), start, inner.LayerNorm(x, norm));
    }

    public T Attention(T q, T k, T v, RowSet queries, TokenBatch batch, AttentionSpec<T> spec)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Attention), start, inner.Attention(q, k, v, queries, batch, spec));
    }

    public T Convolution(T x, ConvolutionWeights<T> weights, TokenBatch batch, Activation activation, float dropout = 0)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Convolution), start, inner.Convolution(x, weights, batch, activation, dropout));
    }

    public T Add(T a, T b)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Add), start, inner.Add(a, b));
    }

    public T Activate(T x, Activation activation)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Activate), start, inner.Activate(x, activation));
    }

    public T Normalize(T x)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Normalize), start, inner.Normalize(x));
    }

    public T Dropout(T x, float rate)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Dropout), start, inner.Dropout(x, rate));
    }

    public T StopGradient(T x) => inner.StopGradient(x);

    public T Pool(T x, TokenBatch batch, Pooling pooling)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Pool), start, inner.Pool(x, batch, pooling));
    }

    public T Derived(Derived<T> derived)
    {
        long start = _clock.GetTimestamp();
        return Took(nameof(Derived), start, inner.Derived(derived));
    }

    public void Release(T x) => inner.Release(x);

    public IScope<T> Scope(string name, ScopeKind kind = ScopeKind.Block)
    {
        ScopePath outer = _path;
        _path = outer.Enter(name);
        return new TimedScope(this, inner.Scope(name, kind), outer);
    }

    private T Took(string operation, long start, T result)
    {
        long ticks = _clock.GetTimestamp() - start;
        ref (int Calls, long Ticks) spent = ref CollectionsMarshal.GetValueRefOrAddDefault(_spent, (_path.ToString(), operation), out _);
        spent = (spent.Calls + 1, spent.Ticks + ticks);
        return result;
    }

    private sealed class TimedScope(TimedOps<T> ops, IScope<T> scope, ScopePath outer) : IScope<T>
    {
        public T Keep(T x) => scope.Keep(x);

        public T Adopt(T x) => scope.Adopt(x);

        public void Dispose()
        {
            scope.Dispose();
            ops._path = outer;
        }
    }
}
