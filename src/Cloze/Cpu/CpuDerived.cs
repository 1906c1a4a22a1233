using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>What depends on the weights only, for all calls on one loaded model. Safe to share between threads.</summary>
public sealed class CpuDerived : IDisposable
{
    private readonly Dictionary<Derived<CpuTensor>, CpuTensor> _made = [];   // by identity
    private readonly List<Block> _blocks = [];
    private readonly Lock _lock = new();   // held while making: the second caller waits instead of making it again

    public int Count => _made.Count;

    internal CpuTensor Get(Derived<CpuTensor> derived, CpuOps ops)
    {
        lock (_lock)
        {
            if (_made.TryGetValue(derived, out CpuTensor? x)) return x;
            (x, Block? block) = ops.MakeLasting(derived);
            if (block is not null) _blocks.Add(block);
            return _made[derived] = x;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Block block in _blocks) block.Dispose();
            _blocks.Clear();
            _made.Clear();
        }
    }
}
