using Cloze.Kernels;
using Cloze.Ops;
namespace Cloze.Cpu;

/// <summary>
/// A weight in the forms in which operations read it. Each form is made once, when it is asked for first, whoever asks; safe for concurrent use.
/// </summary>
/// <remarks>
/// A table lies as it is stored: float32 where the file is mapped, int8 widened row by row when it is looked up. A matrix lies in panels only. A table that
/// serves as a matrix (tied decoder), or a quantized one that serves as an activation, gets that form too.
/// </remarks>
internal sealed unsafe class CpuWeight : IDisposable
{
    private readonly Weight _weight;
    private readonly CpuRuntime _runtime;
    private readonly Lock _lock = new();
    private readonly List<Panels> _packed = [];   // the whole first, if it was asked for first: one entry, nearly always
    private readonly List<Block> _blocks = [];
    private StoredRows? _stored;   // null: what was asked for so far needs it no more
    private nint _floats;
    private bool _disposed;

    public CpuWeight(Weight weight, CpuRuntime runtime)
    {
        (_weight, _runtime) = (weight, runtime);
        if (weight.Role is WeightRole.Matrix)
        {
            Pack(0, weight.Size.Rows);
            _stored!.Dispose();
            _stored = null;
        }
        else if (weight.Role is not WeightRole.Table) _ = Floats;
        runtime.Own(this);
    }

    /// <summary>Whether its life ends with that runtime's.</summary>
    public bool BelongsTo(CpuRuntime runtime) => _runtime.Whole == runtime.Whole;

    /// <summary>All elements, row-major without gaps.</summary>
    public float* Floats
    {
        get
        {
            if (Volatile.Read(ref _floats) is not 0 and nint made) return (float*)made;
            lock (_lock) return (float*)(_floats != 0 ? _floats : _floats = (nint)MakeFloats());
        }
    }

    /// <summary>All rows as int8 with a scale each, where a table is stored so.</summary>
    public bool TryInt8(out sbyte* values, out float* scales)
    {
        if (_weight.Role == WeightRole.Table) return Stored.TryInt8(_weight.Size.Rows, out values, out scales);
        values = null;
        scales = null;
        return false;
    }

    /// <summary>Some rows as a packed matrix: a part of the whole one's panels if they begin with one, else panels of their own.</summary>
    public PackedMatrix Pack(int first, int count)
    {
        int panelColumns = _runtime.Kernels.PanelColumns, inputs = _weight.Size.Columns;
        lock (_lock)
        {
            bool fromWhole = first % panelColumns == 0;
            Panels panels = Find(fromWhole ? 0 : first, fromWhole ? _weight.Size.Rows : count);
            return new(panels.Packed.Panels + (nint)(first - panels.First) * inputs, count, inputs);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _stored?.Dispose();
            foreach (Block block in _blocks) block.Dispose();
            _blocks.Clear();
            _packed.Clear();
            _floats = 0;
        }
    }

    private StoredRows Stored
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _stored ??= new(_weight);
        }
    }

    private float* MakeFloats()
    {
        (int rows, int columns) = _weight.Size;
        if (_weight.Role == WeightRole.Table && Stored.InPlace(0, rows) is var inPlace && inPlace is not null) return inPlace;
        ObjectDisposedException.ThrowIf(_disposed, this);
        Block block = Make(_weight.Size.Elements);
        if (rows == 1) _weight.Read().CopyTo(new Span<float>(block.Data, columns));   // biases have holes and parts of rows
        else for (int row = 0; row < rows; row++) Stored.Read(row, block.Data + (nint)row * columns);
        return block.Data;
    }

    private Panels Find(int first, int count)
    {
        foreach (Panels made in _packed) if (made.First == first && made.Packed.Outputs == count) return made;
        PackedMatrix packed = new(Make(PackingWork.PanelFloats(_runtime.Kernels, count, _weight.Size.Columns)).Data, count, _weight.Size.Columns);
        PackingWork.Run(_runtime, packed, first, Stored);
        Panels panels = new(first, packed);
        _packed.Add(panels);
        return panels;
    }

    private Block Make(long floats)
    {
        Block block = new(floats);
        _blocks.Add(block);
        return block;
    }

    private sealed class Panels(int first, PackedMatrix packed)
    {
        public int First => first;
        public PackedMatrix Packed => packed;
    }
}
