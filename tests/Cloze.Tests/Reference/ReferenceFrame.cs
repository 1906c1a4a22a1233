using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>A scope of <see cref="ReferenceOps"/>: owns what is made in it.</summary>
internal sealed class ReferenceFrame(ReferenceOps ops, ReferenceFrame? outer, ScopePath path) : IScope<ReferenceTensor>
{
    private readonly HashSet<ReferenceTensor> _owned = [];   // reference equality: ReferenceTensor overrides nothing

    public ReferenceFrame? Outer { get; } = outer;
    public ScopePath Path { get; } = path;
    public int Count => _owned.Count;

    public void Add(ReferenceTensor x)
    {
        _owned.Add(x);
        x.Owner = this;
    }

    public void Remove(ReferenceTensor x)
    {
        _owned.Remove(x);
        x.Owner = null;
    }

    public ReferenceTensor Keep(ReferenceTensor x)
    {
        if (x.Whole.Owner == this) Outer!.Take(x.Whole);
        return x;
    }

    public ReferenceTensor Adopt(ReferenceTensor x)
    {
        if (x.Whole.Owner is { } owner && owner.IsWithin(this)) Take(x.Whole);
        return x;
    }

    private bool IsWithin(ReferenceFrame frame) => Outer is { } outer && (outer == frame || outer.IsWithin(frame));

    private void Take(ReferenceTensor whole)
    {
        whole.Owner!.Remove(whole);
        Add(whole);
    }

    public void Dispose()
    {
        ops.Leave(this);
        foreach (ReferenceTensor x in _owned)
        {
            x.Owner = null;
            ops.End(x);
        }
        _owned.Clear();
    }
}

/// <summary>What depends on the weights only, for all calls on one loaded model. Safe to share between threads.</summary>
public sealed class ReferenceDerived
{
    private readonly Dictionary<Derived<ReferenceTensor>, ReferenceTensor> _made = [];   // by identity
    private readonly Lock _lock = new();   // held while making: the second caller waits instead of making it again

    public int Count => _made.Count;

    internal ReferenceTensor Get(Derived<ReferenceTensor> derived, ReferenceOps ops)
    {
        lock (_lock) return _made.TryGetValue(derived, out ReferenceTensor? x) ? x : _made[derived] = ops.MakeLasting(derived);
    }
}
