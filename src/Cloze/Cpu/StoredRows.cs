using System.Buffers;
using Cloze.Kernels;
using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>The rows of a weight where they are stored. Pinned, or of a mapped file, until disposal.</summary>
internal sealed unsafe class StoredRows : IDisposable
{
    private readonly int _columns;
    private readonly Run[] _runs;   // by place
    private readonly List<MemoryHandle> _pins = [];

    public StoredRows(Weight weight)
    {
        _columns = weight.Size.Columns;
        _runs = [.. weight.Parts.OrderBy(part => part.At).Select(Resolve)];
    }

    ~StoredRows() => Dispose();

    /// <summary>Some rows as float32, if they lie so and one after the other; else null.</summary>
    public float* InPlace(int row, int count)
    {
        foreach (Run run in _runs)
            if (run.Floats is not null && row >= run.First && row + count <= run.First + run.Count) return run.Floats + (nint)(row - run.First) * _columns;
        return null;
    }

    /// <summary>All rows as int8 with their scales, if they lie so; else false.</summary>
    public bool TryInt8(int rows, out sbyte* values, out float* scales)
    {
        bool found = _runs is [{ Int8: not null, First: 0 } run] && run.Count == rows;
        values = found ? _runs[0].Int8 : null;
        scales = found ? _runs[0].Scales : null;
        return found;
    }

    /// <summary>One row, widened to float32; zeros where nothing is stored.</summary>
    public void Read(int row, float* to)
    {
        foreach (Run run in _runs)
        {
            int at = row - run.First;
            if (at < 0 || at >= run.Count) continue;
            if (run.Int8 is not null) Int8Widening.Run(run.Int8 + (nint)at * _columns, run.Scales[at], null, to, _columns);
            else if (run.Floats is not null) new Span<float>(run.Floats + (nint)at * _columns, _columns).CopyTo(new(to, _columns));
            else run.Values.Read(run.From + (long)at * _columns, new(to, _columns));
            return;
        }
        new Span<float>(to, _columns).Clear();
    }

    public void Dispose()
    {
        foreach (MemoryHandle pin in _pins) pin.Dispose();
        _pins.Clear();
        GC.SuppressFinalize(this);
    }

    private Run Resolve(WeightPart part)
    {
        IStoredValues values = part.Tensor.Values;
        Run run = new() { First = part.At / _columns, Count = part.Length / _columns, From = part.From, Values = values };
        if (values.Int8 is { } quantized)
        {
            run.Int8 = (sbyte*)Pin(quantized.Values) + part.From;
            run.Scales = (float*)Pin(quantized.Scales) + part.From / _columns;
        }
        else if (!values.Floats.IsEmpty) run.Floats = (float*)Pin(values.Floats) + part.From;
        return run;
    }

    private void* Pin<E>(ReadOnlyMemory<E> memory)
    {
        MemoryHandle pin = memory.Pin();
        _pins.Add(pin);
        return pin.Pointer;
    }

    private struct Run
    {
        public int First, Count;
        public long From;
        public float* Floats, Scales;
        public sbyte* Int8;
        public IStoredValues Values;
    }
}
