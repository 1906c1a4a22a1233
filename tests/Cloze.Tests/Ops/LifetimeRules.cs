using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Ops;

/// <summary>The rules of lifetimes that stand in <see cref="IOps{T}"/>, as small programs for one reading: what lives on is used once more, what has died is refused.</summary>
internal sealed class LifetimeRules<T>(Func<IOps<T>> open, IWeightFactory<T> factory) where T : class
{
    private static readonly BertConfig s_config = new() { VocabSize = 50, HiddenSize = 8, NumHiddenLayers = 2, NumAttentionHeads = 2, IntermediateSize = 12 };

    private readonly Weights<T> _weights = new(new RandomStart(seed: 1, request => InitialValues.Of(request, 0.02)), factory);

    private T Table => _weights.Table(5, 4, "table");

    public void ScopesEndWhatTheyDoNotKeep()
    {
        IOps<T> ops = open();
        T x = Make(ops), kept, lost, adopted;
        using (IScope<T> outer = ops.Scope("outer"))
        {
            using (IScope<T> inner = ops.Scope("inner"))
            {
                kept = inner.Keep(Make(ops));
                lost = Make(ops);
                adopted = outer.Adopt(Make(ops));
                inner.Keep(x);
            }
            Lives("what an inner scope keeps", ops, kept);
            Lives("what an outer scope adopts", ops, adopted);
            Dies("what nobody keeps", ops, lost);
            outer.Keep(adopted);
        }
        Lives("what was adopted and then kept", ops, adopted);
        Dies("what was kept once, two scopes on", ops, kept);
        Lives("what belongs to an outer scope, though an inner one kept it", ops, x);
    }

    public void ScopesCloseInTheReverseOrder()
    {
        IOps<T> ops = open();
        IScope<T> first = ops.Scope("first"), second = ops.Scope("second");
        Refused("the outer scope first", first.Dispose);
        second.Dispose();
        first.Dispose();
    }

    public void ViewsLiveAsLongAsTheirWhole()
    {
        IOps<T> ops = open();
        T view, whole, other;
        using (IScope<T> scope = ops.Scope("views"))
        {
            whole = Make(ops);
            view = scope.Keep(ops.Columns(ops.Columns(whole, 1, 3), 1, 2));
            other = ops.Columns(Make(ops), 0, 2);
        }
        Lives("the whole of a kept view", ops, whole);
        Lives("a kept view of a view", ops, view);
        Dies("a view of what died", ops, other);
        ops.Release(view);
        Dies("the whole of a released view", ops, whole);
    }

    public void ReleaseEndsALifeOnce()
    {
        IOps<T> ops = open();
        T x = Make(ops), view = ops.Columns(x, 0, 2), y = ops.Add(x, x);
        ops.Release(x);
        Dies("what was released", ops, x);
        Dies("a view of what was released", ops, view);
        Lives("what was made of it", ops, y);
        Refused("a second release", () => ops.Release(x));
        Refused("the release of a weight", () => ops.Release(Table));
        LinearWeights<T> part = _weights.Outputs(_weights.Linear("linear", 4, 4), 1, 2);
        Refused("the release of a part of a weight", () => ops.Release(part.Weight));
    }

    /// <summary>Neither operand nor result is released where they stand; what was kept may be, further out.</summary>
    public void DropoutAndStopGradientMayGiveTheirOperand()
    {
        IOps<T> ops = open();
        T kept, stopped;
        using (IScope<T> scope = ops.Scope("dropout")) kept = scope.Keep(ops.Dropout(Make(ops), 0.5f));
        using (IScope<T> scope = ops.Scope("stop")) stopped = scope.Keep(ops.StopGradient(Make(ops)));
        Lives("a kept result of Dropout", ops, kept);
        Lives("a kept result of StopGradient", ops, stopped);
        ops.Release(kept);
        Dies("such a result, released by who got it", ops, kept);
    }

    public void HiddenStatesOutliveTheScopesInBetween()
    {
        Bert<T> bert = new(s_config, _weights);
        TokenBatch batch = TokenBatchBuilder.Pack(new(1, 6, [1, 2, 3, 4, 5, 6]), bert.Positions, GlobalRules.None, bert.Limits).Batch;
        IOps<T> ops = open();
        using IScope<T> call = ops.Scope("call");
        HiddenStates<T> keep = new(call);
        T hidden;
        using (IScope<T> task = ops.Scope("task"))
        using (IScope<T> model = ops.Scope("model"))
            hidden = call.Adopt(bert.Forward(ops, batch, keep));
        Assert.Equal(3, keep.States.Count);
        foreach (T state in keep.States) Lives("a kept state", ops, state);
        Lives("the result, which is the last of them", ops, hidden);
    }

    public void WhatDependsOnWeightsOnlyIsMadeOnceAndStays()
    {
        IOps<T> ops = open();
        T table = Table;
        Derived<T> own = new(make => make.Add(table, table)), weight = new(make => table);
        T first;
        using (ops.Scope("asking")) first = ops.Derived(own);
        Lives("what was derived in a scope that closed", ops, first);
        Assert.Same(first, ops.Derived(own));
        Refused("the release of what derives from nothing but a weight", () => ops.Release(ops.Derived(weight)));
        Assert.Same(Table, Table);
    }

    /// <summary>A new tensor [5,4].</summary>
    private T Make(IOps<T> ops) => ops.Embedding(Table, new([0, 1, 2, 3, 4]));

    private static void Lives(string what, IOps<T> ops, T x) => Assert.False(IsRefused(() => ops.Add(x, x)), $"{what} is refused");

    private static void Dies(string what, IOps<T> ops, T x) => Refused(what, () => ops.Add(x, x));

    private static void Refused(string what, Action action) => Assert.True(IsRefused(action), $"{what} is not refused");

    private static bool IsRefused(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
