using System.Buffers;
using Cloze.Kernels;
using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>The rows of a weight where they are stored. Pinned, or of a mapped file, until disposal.</summary>
internal sealed unsafe class StoredRows : IDisposable
{
    private readonly int _columns;
    private readonly Run[] _runs;
    private readonly MemoryHandle[] _pins;   // two a run: values and scales

    public StoredRows(Weight weight)
    {
        _columns = weight.Size.Columns;
        _runs = new Run[weight.Parts.Count];   // plain loops: what a start waits for shall not wait for the compiler
        _pins = new MemoryHandle[2 * _runs.Length];
        for (int i = 0; i < _runs.Length; i++) _runs[i] = Resolve(weight.Parts[i], i);
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
        for (int i = 0; i < _pins.Length; i++) _pins[i].Dispose();
        GC.SuppressFinalize(this);
    }

    private Run Resolve(WeightPart part, int i)
    {
        IStoredValues values = part.Tensor.Values;
        Run run = new() { First = part.At / _columns, Count = part.Length / _columns, From = part.From, Values = values };
        if (values.Int8 is { } quantized)
        {
            _pins[2 * i] = quantized.Values.Pin();
            _pins[2 * i + 1] = quantized.Scales.Pin();
            run.Int8 = (sbyte*)_pins[2 * i].Pointer + part.From;
            run.Scales = (float*)_pins[2 * i + 1].Pointer + part.From / _columns;
        }
        else if (!values.Floats.IsEmpty)
        {
            _pins[2 * i] = values.Floats.Pin();
            run.Floats = (float*)_pins[2 * i].Pointer + part.From;
        }
        return run;
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
